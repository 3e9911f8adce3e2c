package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

func execute(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var o, e strings.Builder
	code = run(t.Context(), args, &o, &e)
	return code, strings.TrimSpace(o.String()), e.String()
}

// onSite gives the commands a platform of the test's own.
func onSite(t *testing.T) {
	t.Helper()
	s := postgrestest.New(t)
	kek, err := secret.NewKeyset()
	require.NoError(t, err)
	peppers, err := auth.NewPeppers()
	require.NoError(t, err)
	for name, value := range map[string]string{
		"DCODER_CONTROL_DSN": s.ControlDSN, "DCODER_CREATOR_DSN": s.CreatorDSN, "DCODER_KEK": kek, "DCODER_PEPPERS": peppers,
		"DCODER_REDIS_URL": "redis://127.0.0.1:1/0", "DCODER_NATS_URL": "nats://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
}

func TestBootstrapPrintsOneKey(t *testing.T) {
	onSite(t)
	code, key, said := execute(t, "bootstrap")
	require.Zero(t, code, said)
	_, err := virtualkey.Parse(key)
	require.NoError(t, err)
	assert.NotContains(t, said, key)
	code, again, said := execute(t, "bootstrap")
	assert.Zero(t, code)
	assert.Empty(t, again)
	assert.Contains(t, said, "already")
	_, another, _ := execute(t, "bootstrap", "-force-new")
	assert.NotEqual(t, key, another)
	code, _, said = execute(t, "migrate")
	assert.Zero(t, code, said)
}

func TestRotationsPrintTheNextValue(t *testing.T) {
	onSite(t)
	for range 3 {
		code, next, said := execute(t, "keys", "rotate-kek")
		require.Zero(t, code, said)
		_, err := secret.ParseKeyset(next)
		require.NoError(t, err)
		t.Setenv("DCODER_KEK", next)
		code, next, said = execute(t, "keys", "rotate-pepper")
		require.Zero(t, code, said)
		_, err = auth.ParsePeppers(next)
		require.NoError(t, err)
		t.Setenv("DCODER_PEPPERS", next)
	}
}

func TestWhatIsNotUnderstoodIsSaid(t *testing.T) {
	for _, args := range [][]string{{}, {"dance"}, {"keys"}, {"bootstrap", "-what"}, {"keys", "new-kek", "more"}} {
		code, out, said := execute(t, args...)
		assert.Equal(t, 2, code, args)
		assert.Empty(t, out)
		assert.NotEmpty(t, said)
	}
	t.Setenv("DCODER_CONTROL_DSN", "")
	code, _, said := execute(t, "bootstrap")
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "DCODER_CONTROL_DSN")
	_, kek, _ := execute(t, "keys", "new-kek")
	_, err := secret.ParseKeyset(kek)
	assert.NoError(t, err)
	_, peppers, _ := execute(t, "keys", "new-peppers")
	_, err = auth.ParsePeppers(peppers)
	assert.NoError(t, err)
}
