package blackbox

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
	"github.com/d-coder-ai/dcoder/infra/render/gateway"
)

const completions = "/v1/chat/completions"

func TestHeadersOfTheInsideAreTakenFromClients(t *testing.T) {
	s := start(t)
	var headers []string
	for _, name := range gateway.Stripped {
		headers = append(headers, strings.ToUpper(name), "forged", name, "forged again")
	}
	s.ask("POST", completions, strings.NewReader("{}"), append(headers,
		"X-Tenant-Id", "t", "X-Platform-Id", "p", "X-User-Id", "u", "Authorization", "Bearer k", "Anthropic-Version", "v")...)
	got, _ := s.last()
	for _, name := range gateway.Stripped {
		require.Empty(t, got.Header.Values(name), name)
	}
	for name, want := range map[string]string{
		"X-Tenant-Id": "t", "X-Platform-Id": "p", "X-User-Id": "u", "Authorization": "Bearer k", "Anthropic-Version": "v",
	} {
		require.Equal(t, []string{want}, got.Header.Values(name), "the function proves it")
	}
}

func TestWhatAClientSaysOfItselfIsNotBelieved(t *testing.T) {
	s := start(t)
	s.ask("GET", "/v1/models", nil, "Host", "api.example.com", "X-Forwarded-For", "1.2.3.4", "X-Real-Ip", "1.2.3.4",
		"X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example.com", "X-Forwarded-Port", "1")
	got, _ := s.last()
	require.True(t, strings.HasPrefix(got.Header.Get("X-Forwarded-For"), "1.2.3.4, "), "the chain grows")
	require.NotEqual(t, "1.2.3.4", got.Header.Get("X-Real-Ip"))
	require.Equal(t, "http", got.Header.Get("X-Forwarded-Proto"))
	require.Equal(t, "api.example.com", got.Header.Get("X-Forwarded-Host"))
	require.NotEqual(t, "1", got.Header.Get("X-Forwarded-Port"))
	require.NotEqual(t, "api.example.com", got.Host, "Knative routes by the service's own host")
}

func TestRequestIDs(t *testing.T) {
	s := start(t)
	answer, _ := s.ask("GET", "/v1/models", nil, "X-Request-Id", "mine-1")
	got, _ := s.last()
	require.Equal(t, "mine-1", got.Header.Get("X-Request-Id"))
	require.Equal(t, []string{"mine-1"}, answer.Header.Values("X-Request-Id"))
	answer, _ = s.ask("GET", "/v1/models", nil)
	got, _ = s.last()
	require.Len(t, answer.Header.Get("X-Request-Id"), 36)
	require.Equal(t, answer.Header.Get("X-Request-Id"), got.Header.Get("X-Request-Id"))
	s.answers(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Request-Id", "of the service") })
	answer, _ = s.ask("GET", "/v1/models", nil, "X-Request-Id", "mine-2")
	require.Equal(t, []string{"mine-2"}, answer.Header.Values("X-Request-Id"), "one, not two")
	answer, _ = s.ask("GET", "/no/such/route", nil, "X-Request-Id", "mine-3")
	require.Equal(t, "mine-3", answer.Header.Get("X-Request-Id"), "on the gateway's own answers too")
}

func TestTracesContinue(t *testing.T) {
	s := start(t)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	s.ask("GET", "/v1/models", nil, "traceparent", "00-"+trace+"-00f067aa0ba902b7-00")
	got, _ := s.last()
	require.Regexp(t, "^00-"+trace+"-[0-9a-f]{16}-0[01]$", got.Header.Get("Traceparent"))
	require.NotContains(t, got.Header.Get("Traceparent"), "00f067aa0ba902b7", "a span of the gateway's own")
	s.ask("GET", "/v1/models", nil)
	got, _ = s.last()
	require.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", got.Header.Get("Traceparent"))
}

func TestHopByHopHeadersEndHere(t *testing.T) {
	s := start(t)
	s.ask("POST", completions, strings.NewReader("{}"), "Connection", "X-Hop", "X-Hop", "1", "Te", "gzip", "X-End", "2")
	got, _ := s.last()
	require.Empty(t, got.Header.Get("X-Hop"))
	require.Equal(t, "2", got.Header.Get("X-End"))
}

func TestPathsAndQueriesArriveAsTheyAre(t *testing.T) {
	s := start(t)
	for target, want := range map[string]string{
		"/v1/models/meta/llama%203?b=2&a=1&a=%20;c": "/v1/models/meta/llama%203?b=2&a=1&a=%20;c",
		"/v1/models/a%2Fb":                          "/v1/models/a%2Fb",
		"/v1/models/%6Dine?":                        "/v1/models/mine",
		"/v1//models":                               "/v1/models",
		"/v1/keys/../models":                        "/v1/models",
		"/v1/keys/%2e%2e/models":                    "/v1/models",
	} {
		answer, _ := s.ask("GET", target, nil)
		require.Equal(t, http.StatusOK, answer.StatusCode, target)
		got, _ := s.last()
		require.Equal(t, want, strings.TrimSuffix(got.RequestURI, "?"), target)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := start(t)
	const mebibyte = 1 << 20
	for name, c := range map[string]struct {
		path     string
		size     int
		chunked  bool
		expect   bool
		status   int
		upstream int
	}{
		"exactly":                 {"/v1/keys", mebibyte, false, false, 200, 1},
		"one more":                {"/v1/keys", mebibyte + 1, false, false, 413, 0},
		"without a length":        {"/v1/keys", mebibyte, true, false, 200, 1},
		"one more, no length":     {"/v1/keys", mebibyte + 1, true, false, 413, 0},
		"asks before it sends":    {"/v1/keys", mebibyte + 1, false, true, 417, 0},
		"calls take pictures":     {completions, 8 * mebibyte, false, false, 200, 1},
		"calls too have an end":   {completions, 32*mebibyte + 1, false, false, 413, 0},
		"waits for the go-ahead":  {"/v1/keys", mebibyte, false, true, 200, 1},
		"embeddings like calls":   {"/v1/embeddings", 2 * mebibyte, true, false, 200, 1},
		"imports of prices":       {"/v1/prices/import", 16 * mebibyte, false, false, 200, 1},
		"imports of prices, more": {"/v1/prices/import", 16*mebibyte + 1, false, false, 413, 0},
	} {
		before := s.calls()
		var body io.Reader = bytes.NewReader(bytes.Repeat([]byte("x"), c.size))
		if c.chunked {
			body = io.MultiReader(body)
		}
		var headers []string
		if c.expect {
			headers = []string{"Expect", "100-continue"}
		}
		answer, said := s.ask("POST", c.path, body, headers...)
		require.Equal(t, c.status, answer.StatusCode, "%s: %s", name, said)
		require.Equal(t, c.upstream, s.calls()-before, name)
		if c.upstream == 1 {
			_, got := s.last()
			require.Len(t, got, c.size, name)
		}
	}
}

func TestMCPIsRoutedByHeaderWithoutABody(t *testing.T) {
	var tools string
	s := start(t, func(c *declarative.Config) {
		mcp := *mcpService(t)
		mcp.URL = c.Services[0].URL
		for i := range mcp.Routes {
			mcp.Routes[i].Plugins = append(mcp.Routes[i].Plugins, declarative.Set("request-termination", map[string]any{
				"status_code": 299, "message": mcp.Routes[i].Name,
			}))
			tools = mcp.Routes[len(mcp.Routes)-1].Name
		}
		c.Services = append(c.Services, mcp)
		redisAt(t, "127.0.0.1:1")(c)
	})
	for method, want := range map[string]string{"tools/call": tools, "TOOLS/CALL": tools, "tools/list": "mcp.rest", "": "mcp.rest"} {
		_, said := s.ask("POST", "/mcp", strings.NewReader(`{"method":"tools/list"}`), "Mcp-Method", method)
		require.Contains(t, said, want, "Mcp-Method: %q", method)
	}
	require.Zero(t, s.calls())
}
