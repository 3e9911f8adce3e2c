package access_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// pointing is a stand with one provider.
func pointing(t *testing.T) *stand {
	t.Helper()
	s := newStand(t, nil)
	s.door.Ask(s.admin, "PUT", "/v1/providers/openai", `{"dialect":"openai","baseUrl":"https://api.openai.com/v1","secret":"s"}`).Into(200, nil)
	return s
}

func (s *stand) point(alias, targets string) (status int, field string) {
	a := s.door.Ask(s.admin, "PUT", "/v1/aliases/"+alias, `{"targets":[`+targets+`]}`)
	if a.Status != 200 {
		_, field = a.Refused(a.Status)
	}
	return a.Status, field
}

const mini = `{"provider":"openai","model":"gpt-4o-mini"}`

func (s *stand) events(kind string) (n int) {
	require.NoError(s.door.T(), s.ReadTenant(s.door.T().Context(), s.tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(s.door.T().Context(), `SELECT count(*) FROM outbox WHERE envelope->>'Type' = $1 OR envelope->>'type' = $1`, kind).Scan(&n)
	}))
	return n
}

func TestAnAliasSaysHowItChooses(t *testing.T) {
	t.Parallel()
	s := pointing(t)
	body := `{"strategy":"ordered","timeouts":{"firstTokenMs":500},"targets":[` + mini + `,{"provider":"openai","model":"gpt-4o","weight":3}]}`
	var set dcoder.Alias
	s.door.Ask(s.admin, "PUT", "/v1/aliases/best", body).Into(200, &set)
	want := dcoder.Route{Strategy: dcoder.StrategyOrdered, Timeouts: dcoder.Timeouts{FirstTokenMS: 500}}
	assert.Equal(t, want, set.Route)
	s.point("plain", mini)
	snap, err := s.Build(t.Context(), s.tenant, s.keyID())
	require.NoError(t, err)
	assert.Equal(t, map[string]dcoder.Route{"best": want}, snap.Routes, "and nothing for the plain one")
	assert.Len(t, snap.Aliases["best"], 2)
	assert.Zero(t, s.events("alias.repointed"), "new names point nowhere else before")
	s.point("best", mini)
	assert.Equal(t, 1, s.events("alias.repointed"))
	assert.Equal(t, []string{"alias.set", "alias.set"}, s.Audited(s.tenant, "alias", "best"))

	for field, body := range map[string]string{
		"strategy":              `{"strategy":"dearest","targets":[` + mini + `]}`,
		"timeouts.firstTokenMs": `{"timeouts":{"firstTokenMs":-1},"targets":[` + mini + `]}`,
		"targets[0].alias":      `{"targets":[{"alias":"best","provider":"openai","model":"gpt-4o"}]}`,
		"targets[1].alias":      `{"targets":[` + mini + `,{"alias":"../x"}]}`,
		"targets[0].provider":   `{"targets":[{"weight":1}]}`,
		"targets[0].model":      `{"targets":[{"provider":"openai","model":"gpt*"}]}`,
	} {
		_, named := s.door.Ask(s.admin, "PUT", "/v1/aliases/bad", body).Refused(400)
		assert.Equal(t, field, named, body)
	}
}

func TestAliasesOfAliasesEnd(t *testing.T) {
	t.Parallel()
	s := pointing(t)
	status, field := s.point("a", `{"alias":"nobody"}`)
	assert.Equal(t, 400, status)
	assert.Equal(t, "targets[0].alias", field)
	status, _ = s.point("a", `{"alias":"a"}`)
	assert.Equal(t, 400, status, "itself")
	require.Equal(t, 200, first(s.point("a", mini)))
	require.Equal(t, 200, first(s.point("b", `{"alias":"a"}`)))
	require.Equal(t, 200, first(s.point("c", mini+`,{"alias":"b"}`)))
	require.Equal(t, 200, first(s.point("d", `{"alias":"c"}`)))
	status, field = s.point("e", mini+`,{"alias":"d"}`)
	assert.Equal(t, 400, status, "five in a row")
	assert.Equal(t, "targets[1].alias", field)
	status, _ = s.point("a", `{"alias":"c"}`)
	assert.Equal(t, 400, status, "a circle")
	require.Equal(t, 200, first(s.point("z", mini)))
	status, _ = s.point("a", `{"alias":"z"}`)
	assert.Equal(t, 400, status, "the row grows at its other end")
	code, _ := s.door.Ask(s.admin, "DELETE", "/v1/aliases/a", nil).Refused(409)
	assert.Equal(t, "alias_in_use", code)
	require.Equal(t, 200, first(s.point("b", mini)))
	s.door.Ask(s.admin, "DELETE", "/v1/aliases/a", nil).Into(204, nil)
}

func first(status int, _ string) int { return status }

// TestTwoChangesMakeNoLoopTogether: each alone is good.
func TestTwoChangesMakeNoLoopTogether(t *testing.T) {
	t.Parallel()
	s := pointing(t)
	for round := range 5 {
		x, y := "x"+strconv.Itoa(round), "y"+strconv.Itoa(round)
		require.Equal(t, 200, first(s.point(x, mini)))
		require.Equal(t, 200, first(s.point(y, mini)))
		var both sync.WaitGroup
		var got [2]int
		both.Go(func() { got[0], _ = s.point(x, fmt.Sprintf(`{"alias":%q}`, y)) })
		both.Go(func() { got[1], _ = s.point(y, fmt.Sprintf(`{"alias":%q}`, x)) })
		both.Wait()
		assert.ElementsMatch(t, []int{200, 400}, got[:])
	}
}
