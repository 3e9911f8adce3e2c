package double

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// TestEveryRenderedFileIsUnderstood, whole: what the double does not implement it
// refuses.
func TestEveryRenderedFileIsUnderstood(t *testing.T) {
	files, err := filepath.Glob("../kong*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, New(Options{Getenv: func(string) string { return "secret" }}).Load(raw), path)
	}
}

func TestWhatIsNotImplementedIsRefused(t *testing.T) {
	const redis = `"redis": {"host": "r"}`
	for text, plugin := range map[string]string{
		"key-auth: it is not implemented":   `{"name": "key-auth"}`,
		`unknown field "sync_rate"`:         `{"name": "rate-limiting", "config": {"minute": 1, "policy": "redis", "sync_rate": 1, ` + redis + `}}`,
		`"local" is not implemented`:        `{"name": "rate-limiting", "config": {"minute": 1}}`,
		`"credential" is not implemented`:   `{"name": "rate-limiting", "config": {"minute": 1, "policy": "redis", "limit_by": "credential", ` + redis + `}}`,
		"no period":                         `{"name": "rate-limiting", "config": {"policy": "redis", ` + redis + `}}`,
		"redis.host":                        `{"name": "rate-limiting", "config": {"minute": 1, "policy": "redis"}}`,
		"ssl_verify":                        `{"name": "rate-limiting", "config": {"minute": 1, "policy": "redis", "redis": {"host": "r", "ssl": true}}}`,
		`"uuid#counter" is not implemented`: `{"name": "correlation-id", "config": {"header_name": "X"}}`,
		`unknown field "add"`:               `{"name": "request-transformer", "config": {"add": {"headers": ["a:b"]}}}`,
		`"bits" is none`:                    `{"name": "request-size-limiting", "config": {"size_unit": "bits"}}`,
		"only w3c":                          `{"name": "opentelemetry", "config": {"traces_endpoint": "http://c/v1/traces"}}`,
		"exclude each other":                `{"name": "request-termination", "config": {"body": "a", "message": "b"}}`,
		`unknown field "per_consumer"`:      `{"name": "prometheus", "config": {"per_consumer": true}}`,
		"syntax error":                      `{"name": "pre-function", "config": {"access": ["if then"]}}`,
		"nothing to run":                    `{"name": "pre-function"}`,
		`unknown field "rewrite"`:           `{"name": "pre-function", "config": {"rewrite": ["return"]}}`,
	} {
		err := New(Options{}).Load([]byte(`{"_format_version": "3.0", "plugins": [` + plugin + `]}`))
		require.ErrorContains(t, err, text)
	}
}

func TestPluginsRunInKongsOrder(t *testing.T) {
	require.Equal(t, []string{
		"pre-function", "correlation-id", "request-size-limiting", "rate-limiting", "request-transformer", "opentelemetry", "prometheus",
		"request-termination",
	}, order)
}

// TestPrecedence: the order in which routes are tried, whatever the file's is.
func TestPrecedence(t *testing.T) {
	routes := []declarative.Route{
		{Name: "prefix", Paths: []string{"/v1"}},
		{Name: "longer prefix", Paths: []string{"/v1/models"}},
		{Name: "expression", Paths: []string{"~/v1/[a-z]+$"}},
		{Name: "expression first", Paths: []string{"~/v1/m.*$"}, RegexPriority: 5},
		{Name: "host", Hosts: []string{"*.example.com"}, Paths: []string{"/v1"}},
		{Name: "plain host", Hosts: []string{"a.example.com"}, Paths: []string{"/"}},
		{Name: "two headers", Paths: []string{"/h"}, Headers: map[string][]string{"a": {"1"}, "b": {"~*^2"}}},
		{Name: "one header", Paths: []string{"/h"}, Headers: map[string][]string{"a": {"1"}}},
		{Name: "method", Paths: []string{"/m"}, Methods: []string{"PUT"}},
	}
	for i := range routes {
		routes[i].Plugins = []declarative.Plugin{declarative.Set("request-termination", map[string]any{"status_code": 200, "message": routes[i].Name})}
	}
	g := New(Options{})
	require.NoError(t, g.Apply(&declarative.Config{FormatVersion: "3.0", Routes: routes}))
	for _, c := range []struct {
		method, target, want string
		header               http.Header
	}{
		{"GET", "/v1/models", "expression first", nil},
		{"GET", "/v1/keys", "expression", nil},
		{"GET", "/v1/models/a", "expression first", nil},
		{"GET", "/v1/keys/a", "prefix", nil},
		{"GET", "http://b.example.com/v1/models", "host", nil},
		{"GET", "http://a.example.com/v1/models", "plain host", nil},
		{"GET", "http://example.com/v1/keys", "expression", nil},
		{"GET", "/h", "two headers", http.Header{"A": {"1"}, "B": {"x", "2y"}}},
		{"GET", "/h", "one header", http.Header{"A": {"1"}, "B": {"x"}}},
		{"GET", "/h", "no Route matched", http.Header{"A": {"2"}}},
		{"PUT", "/m", "method", nil},
		{"GET", "/m", "no Route matched", nil},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		for k, v := range c.header {
			r.Header[k] = v
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		require.Contains(t, w.Body.String(), `"message":"`+c.want, "%s %s %v", c.method, c.target, c.header)
	}
}

// TestTheMostParticularPluginWins, and only that one.
func TestTheMostParticularPluginWins(t *testing.T) {
	end := func(name string) []declarative.Plugin {
		return []declarative.Plugin{declarative.Set("request-termination", map[string]any{"message": name})}
	}
	c := &declarative.Config{
		FormatVersion: "3.0", Consumers: []declarative.Consumer{{Username: "abcdefghijkl", Plugins: end("consumer")}},
		Plugins: append(end("global"), declarative.Set("pre-function", map[string]any{"access": []string{`
local c = kong.client.load_consumer(kong.request.get_header("who") or "", true)
if c then kong.client.authenticate(c, nil) end`}})),
		Services: []declarative.Service{{
			Name: "s", URL: "http://s", Plugins: end("service"),
			Routes: []declarative.Route{{Name: "a", Paths: []string{"/a"}}, {Name: "b", Paths: []string{"/b"}, Plugins: end("route")}},
		}},
		Routes: []declarative.Route{{Name: "c", Paths: []string{"/c"}}},
	}
	g := New(Options{})
	require.NoError(t, g.Apply(c))
	for target, want := range map[string]string{"/a": "service", "/b": "route", "/c": "global", "/a?who": "consumer", "/b?who": "consumer"} {
		r := httptest.NewRequest("GET", target, nil)
		if r.URL.RawQuery != "" {
			r.Header.Set("Who", "abcdefghijkl")
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		require.Contains(t, w.Body.String(), want, target)
	}
}

// TestPlainHTTPIsRefusedWhereTLSIsDemanded, before anything is sent on.
func TestPlainHTTPIsRefusedWhereTLSIsDemanded(t *testing.T) {
	g := New(Options{})
	require.NoError(t, g.Apply(&declarative.Config{
		FormatVersion: "3.0", Services: []declarative.Service{{
			Name: "s", URL: "http://127.0.0.1:1", Routes: []declarative.Route{{Name: "a", Paths: []string{"/"}, Protocols: []string{"https"}}},
		}},
	}))
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	require.Equal(t, http.StatusUpgradeRequired, w.Code)
	w = httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("GET", "https://a/", nil))
	require.Equal(t, http.StatusBadGateway, w.Code)
}

// TestLuaIsKeptIn: what Kong's sandbox does not give is not there either, and a
// chunk that does not end is ended.
func TestLuaIsKeptIn(t *testing.T) {
	for _, chunk := range []string{
		`os.exit(1)`, `io.open("/etc/passwd")`, `require("os")`, `dofile("x")`, `kong.response.exit(200)`, `error("x")`, `while true do end`,
	} {
		g := New(Options{})
		require.NoError(t, g.Apply(&declarative.Config{
			FormatVersion: "3.0", Routes: []declarative.Route{{Name: "a", Paths: []string{"/"}}},
			Plugins: []declarative.Plugin{declarative.Set("pre-function", map[string]any{"access": []string{chunk}})},
		}))
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		require.Equal(t, 500, w.Code, chunk)
	}
}

func TestVaultReferences(t *testing.T) {
	g := New(Options{Getenv: func(name string) string { return "<" + name + ">" }})
	require.Equal(t, "<COARSE_LIMIT_REDIS_PASSWORD>", g.vault("{vault://env/coarse-limit-redis-password}"))
	require.Equal(t, "plain", g.vault("plain"))
}

func TestMetricsAreKongs(t *testing.T) {
	g := New(Options{})
	require.NoError(t, g.Apply(&declarative.Config{
		FormatVersion: "3.0",
		Routes: []declarative.Route{{Name: "a", Paths: []string{"/"}, Plugins: []declarative.Plugin{
			declarative.Set("request-termination", map[string]any{"status_code": 418, "message": "x"}),
		}}},
		Plugins: []declarative.Plugin{declarative.Set("prometheus", map[string]any{"status_code_metrics": true, "latency_metrics": true})},
	}))
	g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	w := httptest.NewRecorder()
	g.Admin().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	require.Contains(t, w.Body.String(), `kong_http_requests_total{service="",route="a",code="418"} 1`)
	require.Contains(t, w.Body.String(), `kong_request_latency_ms_count{service="",route="a"} 1`)
}

// FuzzNormalize: a path is the same when it is normalized again, begins with a
// slash, and has neither dot segments nor double slashes to trick a router with.
func FuzzNormalize(f *testing.F) {
	for _, p := range []string{"/v1/../x", "/%2e%2E/a", "//a//", "/a%2fb", "", "/%zz", "/a/.", "/%25%32%65"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		got := normalize(p)
		require.True(t, strings.HasPrefix(got, "/"))
		require.NotContains(t, got, "//")
		for part := range strings.SplitSeq(got, "/") {
			require.NotContains(t, []string{".", ".."}, part)
		}
		if _, err := url.PathUnescape(p); err == nil { // no other reaches a server of net/http
			require.Equal(t, got, normalize(got))
		}
	})
}
