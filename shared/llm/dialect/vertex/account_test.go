package vertex_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// TestAServiceAccount: Gemini, Claude and embeddings with one key file, one
// exchange for all of them, and a new one when the token was refused.
func TestAServiceAccount(t *testing.T) {
	var made atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("assertion") != "" {
			made.Add(1)
		}
		_, _ = w.Write([]byte(`{"access_token":"ya29.exchanged","expires_in":3599}`))
	}))
	t.Cleanup(service.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	secret, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "a@p.iam.gserviceaccount.com", "token_uri": service.URL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	})
	require.NoError(t, err)
	b, p := serve(t, func(s *dcoder.Snapshot) {
		g := s.Providers["vertex"]
		g.Secret = string(secret)
		s.Providers["vertex"] = g
	})
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"model":"vertex/gemini-2.5-pro","messages":[{"role":"user","content":"x"}]}`,
		"/v1/messages":         `{"model":"vertex/claude-3-7-sonnet@20250219","max_tokens":9,"messages":[{"role":"user","content":"x"}]}`,
		"/v1/embeddings":       `{"model":"vertex/text-embedding-004","input":"x"}`,
	} {
		status, raw := send(t, b, path, body)
		require.Equal(t, http.StatusOK, status, "%s", raw)
		require.Equal(t, "Bearer ya29.exchanged", p.last(t).Header.Get("Authorization"))
		require.EqualValues(t, 1, made.Load())
	}
	p.sim.RefuseKeys("ya29.exchanged")
	const chat = `{"model":"vertex/gemini-2.5-pro","messages":[{"role":"user","content":"x"}]}`
	status, raw := send(t, b, "/v1/chat/completions", chat)
	require.Equal(t, http.StatusBadGateway, status)
	require.NotContains(t, string(raw), "PRIVATE")
	p.sim.Reset()
	status, _ = send(t, b, "/v1/chat/completions", chat)
	require.Equal(t, http.StatusOK, status)
	require.EqualValues(t, 2, made.Load())
}

func TestABaseURLWithoutAProject(t *testing.T) {
	b, p := serve(t, func(s *dcoder.Snapshot) {
		g := s.Providers["vertex"]
		g.BaseURL = g.BaseURL[:len(g.BaseURL)-len("/projects/p/locations/l")]
		s.Providers["vertex"] = g
	})
	status, raw := send(t, b, "/v1/chat/completions", `{"model":"vertex/gemini-2.5-pro","messages":[{"role":"user","content":"x"}]}`)
	require.Equal(t, http.StatusBadGateway, status)
	require.Contains(t, string(raw), "provider_misconfigured")
	require.Contains(t, string(raw), "locations/{location}")
	require.Zero(t, p.count())
}
