package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/upstream"
)

// gate is every provider's API as far as tests of credentials meet it.
func gate(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	h := r.Header
	status, body := 404, `{"error":{"message":"not here"}}`
	switch r.Method + " " + r.URL.Path {
	case "GET /v1/models":
		status, body = 401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`
		if h.Get("X-Api-Key") == canary && h.Get("Anthropic-Version") != "" {
			status, body = 200, `{"data":[{"type":"model","id":"claude-sonnet-4-5"}],"has_more":false}`
		}
	case "GET /v1beta/models":
		status, body = 400, `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`
		if h.Get("X-Goog-Api-Key") == canary {
			status, body = 200, `{"models":[{"name":"models/gemini-2.5-flash"},{"name":"models/gemini-2.5-pro"}]}`
		}
	case "POST /token":
		status, body = 400, `{"error":"invalid_grant"}`
		if strings.Contains(string(raw), "assertion=") && !strings.HasPrefix(h.Get("Authorization"), "Bearer") {
			status, body = 200, `{"access_token":"ya29.short","expires_in":3600}`
		}
	case "POST /v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:countTokens":
		status, body = 401, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`
		if h.Get("Authorization") == "Bearer ya29.short" && strings.Contains(string(raw), `"contents"`) {
			status, body = 200, `{"totalTokens":1}`
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func keyFile(t *testing.T, tokenURI string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	raw, err := json.MarshalIndent(map[string]string{
		"type": "service_account", "client_email": "svc@p.example", "private_key_id": "1", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}, "", "  ")
	require.NoError(t, err)
	return string(raw)
}

// TestCredentialsOfEveryDialectAreTried as the dialect itself would use them: its
// base path, its headers, and for Vertex AI the token that a key file is
// exchanged for.
func TestCredentialsOfEveryDialectAreTried(t *testing.T) {
	t.Parallel()
	address := listen(t, http.HandlerFunc(gate))
	allow, err := upstream.ParseAllow("127.0.0.0/8")
	require.NoError(t, err)
	s := newStand(t, upstream.New(upstream.Options{Allow: allow}))
	project := address + "/v1/projects/p/locations/l"
	for name, try := range map[string]struct {
		dialect, base, secret, code string
		models                      int
	}{
		"anthropic":               {"anthropic", address, canary, "", 1},
		"anthropic, path":         {"anthropic", address + "/v1/", canary, "", 1},
		"anthropic, wrong key":    {"anthropic", address, "sk-wrong", "refused", 0},
		"google":                  {"google", address, canary, "", 2},
		"google, wrong key":       {"google", address, "sk-wrong", "refused", 0},
		"google, wrong path":      {"google", address + "/v3", canary, "unexpected_answer", 0},
		"vertex, key file":        {"vertex", project, keyFile(t, address+"/token"), "", 0},
		"vertex, token":           {"vertex", project, "ya29.short", "", 0},
		"vertex, wrong token":     {"vertex", project, "ya29.wrong", "refused", 0},
		"vertex, no project":      {"vertex", address + "/v1", "ya29.short", "provider_misconfigured", 0},
		"vertex, no such token":   {"vertex", project, keyFile(t, address+"/elsewhere"), "refused", 0},
		"vertex, file of another": {"vertex", project, `{"type":"authorized_user"}`, "provider_misconfigured", 0},
	} {
		s.door.Ask(s.admin, "PUT", "/v1/providers/p", map[string]any{"dialect": try.dialect, "baseUrl": try.base, "secret": try.secret}).Into(200, nil)
		var out struct {
			OK     bool
			Code   string
			Models int
		}
		a := s.door.Ask(s.admin, "POST", "/v1/providers/p/test", nil)
		a.Into(200, &out)
		assert.Equal(t, try.code, out.Code, "%s: %s", name, a.Body)
		assert.Equal(t, try.code == "", out.OK, name)
		assert.Equal(t, try.models, out.Models, name)
		assert.NotContains(t, a.Body, "PRIVATE KEY")
		assert.NotContains(t, a.Body, "ya29")
	}
	_, field := s.door.Ask(s.admin, "PUT", "/v1/providers/p", map[string]any{"dialect": "vertex", "baseUrl": project, "secret": "{ not JSON"}).Refused(400)
	assert.Equal(t, "secret", field)
	_, field = s.door.Ask(s.admin, "PUT", "/v1/providers/p", map[string]any{"dialect": "openai", "baseUrl": address, "secret": "{} "}).Refused(400)
	assert.Equal(t, "secret", field)
}
