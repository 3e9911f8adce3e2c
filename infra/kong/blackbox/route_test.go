package blackbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// TestEveryRouteOfEveryFunctionReachesIt, and no other function.
func TestEveryRouteOfEveryFunctionReachesIt(t *testing.T) {
	s := start(t, func(c *declarative.Config) {
		for i := range c.Services {
			c.Services[i].Plugins = append(c.Services[i].Plugins, declarative.Set("request-termination", map[string]any{
				"status_code": 299, "content_type": "text/plain", "body": "service " + c.Services[i].Name,
			}))
		}
	})
	for _, f := range catalog.All() {
		for _, r := range f.Routes {
			path := r.Path
			for _, w := range []struct{ wildcard, with string }{{"...}", "/x"}, {"}", ""}} {
				for strings.Contains(path, w.wildcard) {
					open := strings.LastIndex(path[:strings.Index(path, w.wildcard)], "{")
					path = path[:open] + "x" + w.with + path[strings.Index(path, w.wildcard)+len(w.wildcard):]
				}
			}
			_, said := s.ask(r.Method, path, nil)
			require.Equal(t, "service "+f.Name, said, "%s %s", r.Method, path)
		}
	}
}

// TestTheInsideIsNotRouted: neither health nor metrics nor the event door, nor
// what looks like a route and is none.
func TestTheInsideIsNotRouted(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ method, path string }{
		{"POST", "/"},
		{"GET", "/"},
		{"GET", "/health"},
		{"GET", "/health/live"},
		{"GET", "/metrics"},
		{"GET", "/v1"},
		{"GET", "/v1/models/.."},
		{"GET", "/v1/modelsx"},
		{"GET", "/v1/keys/a/b/c"},
		{"POST", "/x" + completions},
		{"POST", completions + "/x"},
		{"GET", "/V1/MODELS"},
		{"GET", "/v1/models/../../metrics"},
		{"GET", "/v1/models%2f..%2f..%2fmetricsx/%2e%2e/%2e%2e/metrics"},
		{"GET", "/openapi.json.bak"},
	} {
		answer, said := s.ask(c.method, c.path, nil)
		require.Equal(t, http.StatusNotFound, answer.StatusCode, "%s %s", c.method, c.path)
		var body struct{ Error struct{ Code string } }
		require.NoError(t, json.Unmarshal([]byte(said), &body), said)
		require.Equal(t, "unknown_route", body.Error.Code)
	}
	require.Zero(t, s.calls())
	answer, _ := s.ask("GET", "/openapi.json", nil)
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// TestASiloTenantsHostLeadsToItsOwnFunctions, by its exact name.
func TestASiloTenantsHostLeadsToItsOwnFunctions(t *testing.T) {
	s := start(t, func(c *declarative.Config) {
		own := c.Services[0]
		own.Name, own.Routes = "chat.own", nil
		for _, r := range c.Services[0].Routes {
			r.Name, r.Hosts = r.Name+".own", []string{"own.example.com"}
			r.Plugins = append(append([]declarative.Plugin{}, r.Plugins...), declarative.Set("request-termination", map[string]any{
				"status_code": 299, "message": "its own",
			}))
			own.Routes = append(own.Routes, r)
		}
		c.Services = append(c.Services, own)
	})
	for host, own := range map[string]bool{
		"own.example.com": true, "OWN.EXAMPLE.COM": true, "own.example.com:443": true,
		"api.example.com": false, "not-own.example.com": false, "own.example.com.evil.example": false,
	} {
		_, said := s.ask("GET", "/v1/models", nil, "Host", host)
		require.Equal(t, own, strings.Contains(said, "its own"), host)
	}
}
