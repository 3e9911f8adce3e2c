package deadletters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/deadletters"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// bearer takes the permission from the credential as it stands.
type bearer struct{}

func (bearer) Identify(ctx context.Context, r *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	permission := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ctx, &dcoder.Principal{Tenant: dcoder.PlatformTenant, Permissions: []dcoder.Permission{dcoder.Permission(permission)}}, nil
}

type site struct {
	t      *testing.T
	broker *nats.Broker
	url    string
}

// newSite has n dead letters of function usage, of two tenants in turn.
func newSite(t *testing.T, n int) *site {
	url, prefix := stacktest.Env(t).NATSURL, stacktest.NATSPrefix(t)
	b := nats.New(nats.Config{URL: url, Prefix: prefix, Memory: true, EventBytes: 1 << 20, OtherBytes: 1 << 20})
	t.Cleanup(func() {
		conn, err := natsgo.Connect(url)
		require.NoError(t, err)
		defer conn.Close()
		js, err := jetstream.New(conn)
		require.NoError(t, err)
		for _, kind := range []string{"EVENTS", "RETRY", "DEAD"} {
			_ = js.DeleteStream(context.Background(), strings.ToUpper(prefix)+"_"+kind)
		}
		b.Close()
	})
	q, err := b.Fresh(context.Background(), dispatch.Target{Function: "usage", Types: map[string]int{"usage.recorded": 1}})
	require.NoError(t, err)
	t.Cleanup(q.Close)
	for i := range n {
		require.NoError(t, b.Publish(context.Background(), dcoder.Envelope{
			ID: fmt.Sprint("e", i), Source: "/chat", Type: "usage.recorded", Tenant: fmt.Sprint("tenant", i%2),
			Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Data: []byte(`{"contents":"never shown"}`),
		}))
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		d, err := q.Next(ctx)
		cancel()
		require.NoError(t, err)
		require.NoError(t, d.Bury(context.Background(), dispatch.Reason{Status: 422, Code: "poison_record", Failures: 1}))
	}
	host, err := function.NewHost(function.Wiring{Identifier: bearer{}}, deadletters.New(deadletters.Deps{Letters: b}))
	require.NoError(t, err)
	server := httptest.NewServer(host)
	t.Cleanup(server.Close)
	return &site{t, b, server.URL}
}

func (s *site) do(method, path string, as dcoder.Permission) (int, string, map[string]any) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, nil)
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+string(as))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // some answers have no body
	return resp.StatusCode, string(raw), out
}

func TestLettersAreListedByPagesWithoutTheirContents(t *testing.T) {
	s := newSite(t, 7)
	var ids []any
	for cursor := ""; ; {
		status, raw, page := s.do("GET", "/v1/dead-letters?function=usage&limit=3&cursor="+cursor, dcoder.EventsReplay)
		require.Equal(t, 200, status, raw)
		assert.NotContains(t, raw, "never shown")
		for _, item := range page["items"].([]any) {
			l := item.(map[string]any)
			ids = append(ids, l["eventId"])
			assert.Equal(t, "poison_record", l["code"])
			assert.EqualValues(t, 422, l["status"])
			assert.Equal(t, "usage", l["function"])
		}
		if cursor = page["nextCursor"].(string); cursor == "" {
			break
		}
	}
	assert.Equal(t, []any{"e0", "e1", "e2", "e3", "e4", "e5", "e6"}, ids)
	_, _, page := s.do("GET", "/v1/dead-letters?tenant=tenant1", dcoder.EventsReplay)
	assert.Len(t, page["items"], 3)
	_, raw, _ := s.do("GET", "/v1/dead-letters?function=audit", dcoder.EventsReplay)
	assert.JSONEq(t, `{"items":[],"nextCursor":""}`, raw)
}

func TestAReplayedLetterIsGoneAndDue(t *testing.T) {
	s := newSite(t, 1)
	_, _, page := s.do("GET", "/v1/dead-letters", dcoder.EventsReplay)
	id := page["items"].([]any)[0].(map[string]any)["id"].(string)
	status, _, _ := s.do("POST", "/v1/dead-letters/"+id+"/replay", dcoder.EventsReplay)
	assert.Equal(t, 202, status)
	_, raw, _ := s.do("GET", "/v1/dead-letters", dcoder.EventsReplay)
	assert.JSONEq(t, `{"items":[],"nextCursor":""}`, raw)
	q, err := s.broker.Parked(context.Background(), dispatch.Target{Function: "usage"})
	require.NoError(t, err)
	defer q.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	d, err := q.Next(ctx)
	require.NoError(t, err)
	event, err := d.Event()
	require.NoError(t, err)
	assert.Equal(t, "e0", event.ID)
	status, _, _ = s.do("POST", "/v1/dead-letters/"+id+"/replay", dcoder.EventsReplay)
	assert.Equal(t, 404, status)
}

func TestOnlyWhoMayReplaySeesLettersAndBadInputIsNamed(t *testing.T) {
	s := newSite(t, 0)
	for _, route := range [][2]string{{"GET", "/v1/dead-letters"}, {"POST", "/v1/dead-letters/1/replay"}} {
		status, _, _ := s.do(route[0], route[1], dcoder.UsageRead)
		assert.Equal(t, 403, status)
	}
	for path, field := range map[string]string{
		"?tenant=a.b": "tenant", "?tenant=%3E": "tenant", "?function=*": "function", "?limit=-1": "limit", "?cursor=x": "cursor", "?what=x": "what",
	} {
		status, raw, _ := s.do("GET", "/v1/dead-letters"+path, dcoder.EventsReplay)
		assert.Equal(t, 400, status, path)
		assert.Contains(t, raw, field)
	}
	for _, id := range []string{"0", "-1", "abc", "99999999999999999999"} {
		status, raw, _ := s.do("POST", "/v1/dead-letters/"+id+"/replay", dcoder.EventsReplay)
		assert.Equal(t, 404, status, "%s: %s", id, raw)
	}
}
