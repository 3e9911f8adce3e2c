package gateway_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/render/gateway"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

func environments(t *testing.T) []kubernetes.Environment {
	t.Helper()
	all, err := kubernetes.ReadEnvironments("../../..")
	require.NoError(t, err)
	return all
}

func TestPatterns(t *testing.T) {
	for path, c := range map[string]struct {
		want    string
		matches []string
		not     []string
	}{
		"/v1/models":                   {`~/v1/models$`, []string{"/v1/models"}, []string{"/v1/modelsx", "/v1/models/", "/x/v1/models"}},
		"/v1/keys/{id}/block":          {`~/v1/keys/[^/]+/block$`, []string{"/v1/keys/a/block"}, []string{"/v1/keys//block", "/v1/keys/a/b/block"}},
		"/v1/models/{id...}":           {`~/v1/models/.+$`, []string{"/v1/models/a/b"}, []string{"/v1/models/"}},
		"/.well-known/oauth.x":         {`~/\.well-known/oauth\.x$`, []string{"/.well-known/oauth.x"}, []string{"/.well-known/oauth-x"}},
		"/v1/prices/{provider}/{m...}": {`~/v1/prices/[^/]+/.+$`, []string{"/v1/prices/a/b/c"}, []string{"/v1/prices/a"}},
	} {
		got := gateway.Pattern(path)
		require.Equal(t, c.want, got)
		expression, err := declarative.Regexp(strings.TrimPrefix(got, "~"))
		require.NoError(t, err)
		for _, m := range c.matches {
			require.True(t, expression.MatchString(m), "%s: %s", path, m)
		}
		for _, m := range c.not {
			require.False(t, expression.MatchString(m), "%s: %s", path, m)
		}
	}
}

// TestWhatEveryServiceHas in every environment.
func TestWhatEveryServiceHas(t *testing.T) {
	for _, e := range environments(t) {
		c := gateway.Config(catalog.All(), &e, nil)
		require.NoError(t, c.Check())
		require.Len(t, c.Services, len(catalog.All()))
		for i, f := range catalog.All() {
			s := c.Services[i]
			require.Equal(t, "http://"+f.Name+".dcoder.svc.cluster.local:80", s.URL)
			rendered := int(min(f.Scale.Timeout.Milliseconds(), 590_000)) // as its Knative Service has it
			require.Greater(t, *s.ReadTimeout, rendered, "%s: timeouts grow outwards", f.Name)
			require.Equal(t, f.Name == "chat" || f.Name == "embed", *s.Retries == 0, "%s: a call is never sent twice", f.Name)
			require.Equal(t, "rate-limiting", s.Plugins[0].Name)
			for _, r := range s.Routes {
				require.Equal(t, "request-size-limiting", r.Plugins[0].Name, r.Name)
				require.False(t, *r.StripPath || *r.PreserveHost, r.Name)
				require.Equal(t, f.Name == "chat", r.ResponseBuffering != nil && !*r.ResponseBuffering, r.Name)
				require.Equal(t, e.Gateway.TLS, len(r.Protocols) == 1 && r.Protocols[0] == "https", r.Name)
				require.Equal(t, e.Gateway.Host != "", len(r.Hosts) == 1, r.Name)
			}
		}
	}
}

// TestNoSecretStandsInAFile: a password is a reference to Kong's environment.
func TestNoSecretStandsInAFile(t *testing.T) {
	password := regexp.MustCompile(`"password":"([^"]*)"`)
	for _, e := range environments(t) {
		raw, err := json.Marshal(gateway.Config(catalog.All(), &e, nil))
		require.NoError(t, err)
		found := password.FindAllStringSubmatch(string(raw), -1)
		require.Equal(t, e.Gateway.Redis.Auth, len(found) > 0, e.Name)
		for _, m := range found {
			require.Equal(t, "{vault://env/coarse-limit-redis-password}", m[1])
		}
	}
}

// TestASilosHostLeadsToItsNamespace in its own environment alone.
func TestASilosHostLeadsToItsNamespace(t *testing.T) {
	s := kubernetes.Silo{Tenant: "abcdefghijkl", Environment: "prod", Host: "own.example.com"}
	for _, e := range environments(t) {
		c := gateway.Config(catalog.All(), &e, []kubernetes.Silo{s})
		require.NoError(t, c.Check())
		if e.Name != "prod" {
			require.Len(t, c.Services, len(catalog.All()))
			continue
		}
		require.Len(t, c.Services, 2*len(catalog.All()))
		for i, f := range catalog.All() {
			own, shared := c.Services[len(catalog.All())+i], c.Services[i]
			namespace := ".dcoder-abcdefghijkl."
			if f.Name == "tenants" {
				namespace = ".dcoder."
			}
			require.Contains(t, own.URL, "http://"+f.Name+namespace)
			require.Len(t, own.Routes, len(shared.Routes))
			for _, r := range own.Routes {
				require.Equal(t, []string{"own.example.com"}, r.Hosts)
			}
		}
	}
}
