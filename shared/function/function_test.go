package function_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// bearer identifies "Bearer <tenant>" with the permissions that it is made of.
type bearer []dcoder.Permission

func (b bearer) Identify(ctx context.Context, r *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	tenant, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ctx, nil, dcoder.Unauthorized("invalid_key", "no valid key was given")
	}
	return ctx, &dcoder.Principal{Tenant: tenant, Key: "key-of-" + tenant, Permissions: b}, nil
}

func host(t testing.TB, w function.Wiring, funcs ...function.Func) *function.Host {
	t.Helper()
	if w.Identifier == nil {
		w.Identifier = bearer{dcoder.KeysRead, dcoder.KeysWrite, dcoder.ModelsUse}
	}
	h, err := function.NewHost(w, funcs...)
	require.NoError(t, err)
	return h
}

// ask sends one request as the tenant acme.
func ask(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequest(method, target, http.NoBody)
	}
	r.Header.Set("Authorization", "Bearer acme")
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

type provider struct {
	Name   string `json:"name" minLength:"2"`
	Secret string `json:"secret"`
	Weight int    `json:"weight,omitempty" minimum:"0"`
	Nested struct {
		At time.Time `json:"at,omitzero"`
	} `json:"nested,omitempty" required:"false"`
}

type putIn struct {
	ID   string `path:"id"`
	Body provider
}

type putOut struct {
	Status   int
	Location string `header:"Location"`
	Body     provider
}

type listIn struct{ function.PageInput }

type listOut struct{ Body function.Page[provider] }

func providers() function.Func {
	return function.New("providers",
		function.Call("PUT /v1/providers/{id}", func(_ context.Context, in *putIn) (*putOut, error) {
			return &putOut{Status: 201, Location: "/v1/providers/" + in.ID, Body: in.Body}, nil
		}, function.Allow(dcoder.KeysWrite), function.MaxBody(2048), function.Summary("Set a provider's credential")),
		function.Call("GET /v1/providers", func(_ context.Context, in *listIn) (*listOut, error) {
			if _, err := function.DecodeCursor[int](in.Cursor); err != nil {
				return nil, err
			}
			return &listOut{function.NewPage[provider](nil, function.EncodeCursor(in.Limit))}, nil
		}, function.Allow(dcoder.KeysRead)),
		function.Call("GET /v1/quotas", func(context.Context, *struct{}) (*struct{}, error) {
			return nil, nil
		}, function.Allow(dcoder.QuotasRead)),
	)
}

func TestCall(t *testing.T) {
	h := host(t, function.Wiring{}, providers())
	w := ask(h, "PUT", "/v1/providers/openai", `{"name":"openai","secret":"s"}`, "X-Request-Id", "r-1")
	require.Equal(t, 201, w.Code, w.Body)
	require.JSONEq(t, `{"name":"openai","secret":"s","nested":{}}`, w.Body.String())
	require.Equal(t, "/v1/providers/openai", w.Header().Get("Location"))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "r-1", w.Header().Get("X-Request-Id"))
	require.Len(t, w.Header().Get("X-Trace-Id"), 32)

	w = ask(h, "GET", "/v1/providers", "")
	require.Equal(t, 200, w.Code, w.Body)
	require.Contains(t, w.Body.String(), `{"items":[],"nextCursor":"`)
	require.NotContains(t, w.Body.String(), "$schema")
	require.Equal(t, 204, ask(host(t, function.Wiring{Identifier: bearer{dcoder.QuotasRead}}, providers()), "GET", "/v1/quotas", "").Code)
}

// TestBadInput: each is a 4xx that names the field, and no value is echoed.
func TestBadInput(t *testing.T) {
	h := host(t, function.Wiring{}, providers())
	const secret = "sk-live-0123456789"
	deep := `{"name":"openai","secret":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`
	for name, c := range map[string]struct {
		method, target, body string
		headers              []string
		status               int
		code, field          string
	}{
		"unknown field":           {"PUT", "/v1/providers/x", `{"name":"openai","secret":"` + secret + `","extra":1}`, nil, 400, "invalid_request", "extra"},
		"wrong type":              {"PUT", "/v1/providers/x", `{"name":"openai","secret":"` + secret + `","weight":"` + secret + `"}`, nil, 400, "invalid_request", "weight"},
		"secret of a wrong type":  {"PUT", "/v1/providers/x", `{"name":"openai","secret":["` + secret + `"]}`, nil, 400, "invalid_request", "secret"},
		"wrong time":              {"PUT", "/v1/providers/x", `{"name":"openai","secret":"` + secret + `","nested":{"at":"` + secret + `"}}`, nil, 400, "invalid_request", "nested.at"},
		"huge number":             {"PUT", "/v1/providers/x", `{"name":"openai","secret":"` + secret + `","weight":99999999999999999999}`, nil, 400, "invalid_request", "weight"},
		"too short":               {"PUT", "/v1/providers/x", `{"name":"o","secret":"` + secret + `"}`, nil, 400, "invalid_request", "name"},
		"missing field":           {"PUT", "/v1/providers/x", `{"secret":"` + secret + `"}`, nil, 400, "invalid_request", "name"},
		"not an object":           {"PUT", "/v1/providers/x", `"` + secret + `"`, nil, 400, "invalid_request", "body"},
		"not JSON":                {"PUT", "/v1/providers/x", `{"secret":"` + secret, nil, 400, "invalid_request", "body"},
		"more after the JSON":     {"PUT", "/v1/providers/x", `{"name":"openai","secret":"` + secret + `"} {}`, nil, 400, "invalid_request", "body"},
		"no body":                 {"PUT", "/v1/providers/x", ``, nil, 400, "invalid_request", "body"},
		"deep":                    {"PUT", "/v1/providers/x", deep, nil, 400, "invalid_request", "body"},
		"too large":               {"PUT", "/v1/providers/x", `{"name":"` + strings.Repeat("n", 2048) + `"}`, nil, 413, "request_too_large", "body"},
		"other content type":      {"PUT", "/v1/providers/x", secret, []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "content-type"},
		"limit no number":         {"GET", "/v1/providers?limit=" + secret, "", nil, 400, "invalid_request", "limit"},
		"limit too high":          {"GET", "/v1/providers?limit=100000", "", nil, 400, "invalid_request", "limit"},
		"unknown query parameter": {"GET", "/v1/providers?key=" + secret, "", nil, 400, "invalid_request", "key"},
		"cursor of nobody":        {"GET", "/v1/providers?cursor=" + secret, "", nil, 400, "invalid_request", "cursor"},
		"no credential":           {"GET", "/v1/providers", "", []string{"Authorization", ""}, 401, "invalid_key", ""},
		"no permission":           {"GET", "/v1/quotas", "", nil, 403, "permission_denied", ""},
		"no route":                {"GET", "/v1/nothing", "", nil, 404, "unknown_route", ""},
		"path trick":              {"GET", "/v1/providers/../keys", "", nil, 404, "unknown_route", ""},
		"double slash":            {"POST", "/v1//providers", "", nil, 404, "unknown_route", ""},
		"other method":            {"DELETE", "/v1/providers", "", nil, 405, "method_not_allowed", ""},
		"event door of no events": {"POST", "/", "{}", nil, 404, "unknown_route", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(h, c.method, c.target, c.body, c.headers...)
			require.Equal(t, c.status, w.Code, w.Body)
			require.NotContains(t, w.Body.String(), "0123456789")
			got := decode[function.ErrorAnswer](t, w.Body.Bytes()).Error
			require.Equal(t, c.code, got.Code)
			require.NotEmpty(t, got.Message)
			if c.field != "" {
				require.Equal(t, c.field, got.Details["field"])
			}
			require.NotEmpty(t, w.Header().Get("X-Request-Id"))
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		})
	}
	require.Equal(t, "GET", ask(h, "DELETE", "/v1/providers", "").Header().Get("Allow"))
}

// TestUndeclaredLength: a chunked body meets the same cap.
func TestUndeclaredLength(t *testing.T) {
	h := host(t, function.Wiring{}, providers())
	r := httptest.NewRequest("PUT", "/v1/providers/x", io.MultiReader(strings.NewReader(strings.Repeat("a", 3000))))
	require.EqualValues(t, -1, r.ContentLength)
	r.Header.Set("Authorization", "Bearer acme")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, 413, w.Code, w.Body)

	exact := `{"name":"openai","secret":"` + strings.Repeat("s", 2048-29) + `"}`
	require.Len(t, exact, 2048)
	require.Equal(t, 201, ask(h, "PUT", "/v1/providers/x", exact).Code)
}

func TestRequestIDs(t *testing.T) {
	var seen string
	h := host(t, function.Wiring{}, function.New("f", function.Handle("GET /x", func(w http.ResponseWriter, r *http.Request) error {
		seen = dcoder.RequestIDOf(r.Context())
		return nil
	}, function.Public())))
	for name, c := range map[string]struct {
		id   string
		kept bool
	}{
		"the client's": {"abc-123_{}", true}, "none": {"", false}, "too long": {strings.Repeat("a", 129), false},
		"longest": {strings.Repeat("a", 128), true}, "with a space": {"a b", false}, "not ASCII": {"ä", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "GET", "/x", "", "X-Request-Id", c.id)
			require.Equal(t, seen, w.Header().Get("X-Request-Id"))
			if c.kept {
				require.Equal(t, c.id, seen)
			} else {
				require.Len(t, seen, 36)
			}
		})
	}
}

func TestTraceContinues(t *testing.T) {
	var seen dcoder.Trace
	h := host(t, function.Wiring{}, function.New("f", function.Handle("GET /x", func(w http.ResponseWriter, r *http.Request) error {
		seen = dcoder.RequestOf(r.Context()).Trace
		return nil
	}, function.Public())))
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	w := ask(h, "GET", "/x", "", "Traceparent", "00-"+id+"-00f067aa0ba902b7-01", "X-Trace-Id", strings.Repeat("a", 32))
	require.Equal(t, id, w.Header().Get("X-Trace-Id"))
	require.Equal(t, id, seen.TraceID())
	require.NotContains(t, seen.String(), "00f067aa0ba902b7", "the span is our own")
	require.Equal(t, id, ask(h, "GET", "/x", "", "X-Trace-Id", id).Header().Get("X-Trace-Id"))
	require.NotEqual(t, "rubbish", ask(h, "GET", "/x", "", "X-Trace-Id", "rubbish").Header().Get("X-Trace-Id"))
}

func TestForeignHeadersAreDropped(t *testing.T) {
	h := host(t, function.Wiring{}, function.New("f", function.Handle("GET /x", func(w http.ResponseWriter, r *http.Request) error {
		for name := range r.Header {
			w.Header().Add("Seen", name)
		}
		return nil
	}, function.Public())))
	w := ask(h, "GET", "/x", "", "ce-tenantid", "evil", "K-Proxy-Request", "activator", "x-consumer-username", "root", "Kept", "yes")
	require.ElementsMatch(t, []string{"Authorization", "Kept"}, w.Header().Values("Seen"))
}

func TestPanicIsA500WithoutItsText(t *testing.T) {
	h := host(t, function.Wiring{}, function.New("f",
		function.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { panic("the secret") }, function.Public()),
		function.Call("GET /y", func(context.Context, *struct{}) (*struct{}, error) { panic("the secret") }, function.Public()),
	))
	for _, path := range []string{"/x", "/y"} {
		w := ask(h, "GET", path, "")
		require.Equal(t, 500, w.Code)
		require.NotContains(t, w.Body.String(), "secret")
		require.Equal(t, "internal_error", decode[function.ErrorAnswer](t, w.Body.Bytes()).Error.Code)
	}
}

func TestAnErrorAfterTheFirstByteBreaksTheConnection(t *testing.T) {
	h := host(t, function.Wiring{}, function.New("f", function.Handle("GET /x", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("then it failed")
	}, function.Public())))
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { ask(h, "GET", "/x", "") })
}

func TestTimeout(t *testing.T) {
	h := host(t, function.Wiring{}, function.New("f", function.Handle("GET /x", func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	}, function.Public(), function.Timeout(time.Millisecond))))
	w := ask(h, "GET", "/x", "")
	require.Equal(t, 504, w.Code)
	require.Equal(t, "timeout", decode[function.ErrorAnswer](t, w.Body.Bytes()).Error.Code)
}

func TestTwoFunctionsMayNotClaimOnePattern(t *testing.T) {
	nothing := func(http.ResponseWriter, *http.Request) error { return nil }
	one := func(name, pattern string) function.Func {
		return function.New(name, function.Handle(pattern, nothing, function.Public()))
	}
	_, err := function.NewHost(function.Wiring{}, one("usage", "GET /v1/x"), one("quota", "GET /v1/x"))
	require.ErrorContains(t, err, `functions usage and quota both claim "GET /v1/x"`)
	_, err = function.NewHost(function.Wiring{}, one("usage", "GET /v1/{a}/x"), one("quota", "GET /v1/x/{b}"))
	require.ErrorContains(t, err, "function quota")
	_, err = function.NewHost(function.Wiring{}, function.New("f", function.Handle("GET /x", nothing, function.Allow(dcoder.KeysRead))))
	require.ErrorContains(t, err, "needs an Identifier")
	require.Panics(t, func() { function.New("f", function.Handle("GET /x", nothing)) }, "a route without an access rule")
}

func TestHealth(t *testing.T) {
	ready := true
	h := host(t, function.Wiring{Status: func() function.Status { return function.Status{Ready: ready, Version: "v1", InFlight: 3} }}, providers())
	require.Equal(t, 200, ask(h, "GET", "/health/live", "").Code)
	require.Equal(t, 200, ask(h, "GET", "/health/ready", "").Code)
	require.Contains(t, ask(h, "GET", "/health", "").Body.String(), `"functions":["providers"],"inFlight":3`)
	ready = false
	require.Equal(t, 200, ask(h, "GET", "/health/live", "").Code)
	require.Equal(t, 503, ask(h, "GET", "/health/ready", "").Code)
}
