package dispatch_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

var secrets = []string{"new-secret", "old-secret"}

func event(tenant, id string) dcoder.Envelope {
	return dcoder.Envelope{
		ID: id, Source: "/chat", Type: "usage.recorded", Tenant: tenant, Platform: "d.coder",
		Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Data: []byte(`{"records":[]}`),
	}
}

func door(t testing.TB, h http.HandlerFunc) *dispatch.HTTPDoor {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	address, err := dispatch.Addresses(srv.URL+"/{function}", "")
	require.NoError(t, err)
	d, err := dispatch.NewHTTPDoor(address, secrets)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func TestADeliveryIsSignedAndReadsAsItWasSent(t *testing.T) {
	sent := []dcoder.Envelope{event("t1", "e1"), event("t1", "e2")}
	for n := 1; n <= 2; n++ {
		d := door(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			assert.Equal(t, "/usage/", r.URL.Path)
			assert.Equal(t, "usage", r.Header.Get("X-Dcoder-Function"))
			assert.NoError(t, cehttp.Verify(r.Header, body, []string{"other", "new-secret"}, time.Now()))
			assert.Error(t, cehttp.Verify(r.Header, body, []string{"old-secret"}, time.Now()), "the first secret signs")
			got, err := cehttp.Read(r.Header, body)
			assert.NoError(t, err)
			assert.Equal(t, sent[:n], got)
			if n == 1 {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			_, _ = io.WriteString(w, `[{"status":204},{"status":503,"code":"busy","retryAfterMs":1500}]`)
		})
		got := d.Deliver(context.Background(), "usage", sent[:n])
		want := []dispatch.Outcome{{Status: 204}, {Status: 503, Code: "busy", RetryAfter: 1500 * time.Millisecond}}
		assert.Equal(t, want[:n], got)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	two := []dcoder.Envelope{event("t1", "e1"), event("t1", "e2")}
	for name, row := range map[string]struct {
		events []dcoder.Envelope
		answer http.HandlerFunc
		want   dispatch.Outcome
	}{
		"too few items":   {two, text(200, `[{"status":204}]`), dispatch.Outcome{}},
		"no JSON":         {two, text(200, `ok`), dispatch.Outcome{}},
		"a batch refused": {two, text(413, `{"error":{"code":"too_large"}}`), dispatch.Outcome{Status: 413, Code: "too_large"}},
		"a redirect":      {two[:1], redirect, dispatch.Outcome{Status: 302}},
		"asked to wait":   {two[:1], wait("7"), dispatch.Outcome{Status: 503, RetryAfter: 7 * time.Second}},
		"asked for a day": {two[:1], wait("86400"), dispatch.Outcome{Status: 503, RetryAfter: 10 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			got := door(t, row.answer).Deliver(context.Background(), "usage", row.events)
			require.Len(t, got, len(row.events))
			for _, o := range got {
				o.Cause = nil
				assert.Equal(t, row.want, o)
			}
		})
	}
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func wait(seconds string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", seconds)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
}

func TestAFunctionThatIsAwayIsNotReached(t *testing.T) {
	address, err := dispatch.Addresses("http://127.0.0.1:1", "")
	require.NoError(t, err)
	d, err := dispatch.NewHTTPDoor(address, secrets)
	require.NoError(t, err)
	got := d.Deliver(context.Background(), "usage", []dcoder.Envelope{event("t1", "e1")})
	assert.Equal(t, 0, got[0].Status)
	assert.Error(t, got[0].Cause)
}

func TestAddresses(t *testing.T) {
	at, err := dispatch.Addresses("http://{function}.dcoder.svc.cluster.local", "usage=http://127.0.0.1:8081/, audit=https://a.example")
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:8081", at("usage"))
	assert.Equal(t, "https://a.example", at("audit"))
	assert.Equal(t, "http://quota.dcoder.svc.cluster.local", at("quota"))
	for _, bad := range [][2]string{{"", ""}, {"ftp://x", ""}, {"http://x", "usage"}, {"http://x", "usage=nowhere"}, {"http://x", "=http://y"}} {
		_, err := dispatch.Addresses(bad[0], bad[1])
		assert.Error(t, err, bad)
	}
	_, err = dispatch.NewHTTPDoor(at, []string{"", "x"})
	assert.Error(t, err, "no secret to sign with")
}
