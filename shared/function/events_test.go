package function_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

var at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func now() time.Time { return at }

func event(id, tenant string, data dcoder.EventData, body string) dcoder.Envelope {
	return dcoder.Envelope{
		ID: id, Source: "/test", Type: data.EventType(), Tenant: tenant, Time: at, Correlation: "r-of-" + id,
		TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Data: []byte(body),
	}
}

// knock delivers events as the dispatcher does; change spoils the delivery.
func knock(h http.Handler, change func(*http.Request), events ...dcoder.Envelope) *httptest.ResponseRecorder {
	header := http.Header{}
	body := cehttp.Write(header, events[0])
	if len(events) > 1 {
		header = http.Header{}
		body, _ = cehttp.WriteBatch(header, events)
	}
	cehttp.Sign(header, body, "s1", at)
	r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
	r.Header = header
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEventDoor(t *testing.T) {
	var heard dcoder.Event[dcoder.TenantCreated]
	var ctxSeen context.Context
	answer := error(nil)
	h := host(t, function.Wiring{EventSecrets: []string{"s2", "s1"}, Now: now}, function.New("quota",
		function.On(func(ctx context.Context, e dcoder.Event[dcoder.TenantCreated]) error {
			heard, ctxSeen = e, ctx
			return answer
		}),
		function.On(func(context.Context, dcoder.Event[dcoder.KeyRevoked]) error { panic("at the disco") }),
	))
	created := event("1", "acme00000000", dcoder.TenantCreated{}, `{"tenant":"acme00000000","name":"ACME"}`)
	require.Equal(t, 204, knock(h, nil, created).Code)
	require.Equal(t, "ACME", heard.Value.Name)
	require.Equal(t, "acme00000000", heard.Tenant)
	require.Equal(t, "r-of-1", dcoder.RequestIDOf(ctxSeen))
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", dcoder.RequestOf(ctxSeen).Trace.TraceID())
	_, bounded := ctxSeen.Deadline()
	require.True(t, bounded)

	for name, c := range map[string]struct {
		answer error
		change func(*http.Request)
		event  dcoder.Envelope
		status int
		code   string
		after  string
	}{
		"unsigned":              {nil, func(r *http.Request) { r.Header.Del(cehttp.HeaderSignature) }, created, 403, "event_not_signed", ""},
		"another tenant's name": {nil, func(r *http.Request) { r.Header.Set("ce-tenantid", "evil00000000") }, created, 403, "event_not_signed", ""},
		"a key instead": {nil, func(r *http.Request) {
			r.Header.Set(cehttp.HeaderSignature, "")
			r.Header.Set("Authorization", "Bearer acme")
		}, created, 403, "event_not_signed", ""},
		"unknown type":            {nil, nil, event("1", "acme00000000", dcoder.ConfigChanged{}, `{}`), 422, "unknown_event_type", ""},
		"data of another shape":   {nil, nil, event("1", "acme00000000", dcoder.TenantCreated{}, `{"tenant":7}`), 422, "undecodable_event", ""},
		"for a function not here": {nil, func(r *http.Request) { r.Header.Set(dcoder.HeaderFunction, "usage") }, created, 404, "function_not_here", ""},
		"for this function":       {nil, func(r *http.Request) { r.Header.Set(dcoder.HeaderFunction, "quota") }, created, 204, "", ""},
		"retry":                   {dcoder.Unavailable("store_down", "later", 3*time.Second, nil), nil, created, 503, "store_down", "3"},
		"plain error":             {context.DeadlineExceeded, nil, created, 500, "internal_error", ""},
		"give up":                 {dcoder.Invalid("name", "no"), nil, created, 400, "invalid_request", ""},
		"404 gives up too":        {dcoder.NotFound("tenant", "x"), nil, created, 422, "not_found", ""},
		"403 gives up too":        {dcoder.Forbidden("suspended", "x"), nil, created, 422, "suspended", ""},
		"panic":                   {nil, nil, event("1", "acme00000000", dcoder.KeyRevoked{}, `{}`), 500, "internal_error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer = c.answer
			w := knock(h, c.change, c.event)
			require.Equal(t, c.status, w.Code, w.Body)
			require.Equal(t, c.after, w.Header().Get("Retry-After"))
			if c.code != "" {
				require.Equal(t, c.code, decode[function.ErrorAnswer](t, w.Body.Bytes()).Error.Code)
			}
		})
	}
	shut := host(t, function.Wiring{Now: now}, function.New("quota", function.On(func(context.Context, dcoder.Event[dcoder.TenantCreated]) error { return nil })))
	require.Equal(t, 403, knock(shut, nil, created).Code, "no secret configured: the door is shut")
}

func TestEventBatch(t *testing.T) {
	type group struct {
		tenant string
		ids    []string
	}
	var groups []group
	h := host(t, function.Wiring{EventSecrets: []string{"s1"}, Now: now},
		function.New("usage", function.OnBatch(2, func(_ context.Context, tenant string, events []dcoder.Event[dcoder.TenantCreated]) []error {
			g, errs := group{tenant: tenant}, make([]error, len(events))
			for i, e := range events {
				g.ids = append(g.ids, e.ID)
				switch e.Value.Name {
				case "retry":
					errs[i] = dcoder.Unavailable("store_down", "later", 1500*time.Millisecond, nil)
				case "give up":
					errs[i] = dcoder.Invalid("name", "no")
				}
			}
			groups = append(groups, g)
			return errs
		}), function.OnBatch(9, func(context.Context, string, []dcoder.Event[dcoder.KeyRevoked]) []error { return make([]error, 1) }),
			function.OnBatch(9, func(context.Context, string, []dcoder.Event[dcoder.TenantSuspended]) []error { return nil })),
	)
	const a, b = "acme00000000", "evil00000000"
	created := dcoder.TenantCreated{}
	w := knock(h, nil,
		event("1", a, created, `{"name":"retry"}`), event("2", a, created, `{}`), event("3", a, created, `{"name":"give up"}`),
		event("4", b, created, `{}`), event("5", a, created, `{"tenant":1}`), event("6", b, dcoder.ConfigChanged{}, `{}`),
		event("7", a, dcoder.KeyRevoked{}, `{}`), event("8", a, dcoder.KeyRevoked{}, `{}`), event("9", a, dcoder.TenantSuspended{}, `{}`),
	)
	require.Equal(t, 200, w.Code, w.Body)
	require.JSONEq(t, `[
		{"status":503,"code":"store_down","retryAfterMs":1500}, {"status":204,"code":"","retryAfterMs":0}, {"status":400,"code":"invalid_request","retryAfterMs":0},
		{"status":204,"code":"","retryAfterMs":0}, {"status":422,"code":"undecodable_event","retryAfterMs":0}, {"status":422,"code":"unknown_event_type","retryAfterMs":0},
		{"status":500,"code":"internal_error","retryAfterMs":0}, {"status":500,"code":"internal_error","retryAfterMs":0}, {"status":204,"code":"","retryAfterMs":0}
	]`, w.Body.String())
	require.Equal(t, []group{{a, []string{"1", "2"}}, {a, []string{"3"}}, {b, []string{"4"}}}, groups, "one tenant's events together, at most two")
}

func TestTwoFunctionsThatHearOneType(t *testing.T) {
	var heard []string
	hears := func(name string) function.Func {
		return function.New(name, function.On(func(context.Context, dcoder.Event[dcoder.TenantCreated]) error {
			heard = append(heard, name)
			return nil
		}))
	}
	h := host(t, function.Wiring{EventSecrets: []string{"s1"}, Now: now}, hears("usage"), hears("quota"))
	e := event("1", "acme00000000", dcoder.TenantCreated{}, `{}`)
	require.Equal(t, 404, knock(h, nil, e).Code)
	require.Equal(t, 204, knock(h, func(r *http.Request) { r.Header.Set(dcoder.HeaderFunction, "quota") }, e).Code)
	require.Equal(t, []string{"quota"}, heard)
}
