package function_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

type completion struct {
	Model string `json:"model"`
}

func TestOpenAPIHoldsEveryRouteWithItsPermission(t *testing.T) {
	nothing := func(http.ResponseWriter, *http.Request) error { return nil }
	chat := function.New("chat",
		function.Handle("POST /v1/chat/completions", nothing, function.Allow(dcoder.ModelsUse), function.Errors(function.EnvelopeOpenAI),
			function.Doc(function.Schema{Summary: "Complete a chat", Request: completion{}, Response: completion{}, Streams: completion{}})),
		function.Handle("GET /v1/models/{id...}", nothing, function.Allow(dcoder.ModelsUse)),
	)
	raw, err := function.OpenAPI(chat, providers())
	require.NoError(t, err)
	again, err := function.OpenAPI(chat, providers())
	require.NoError(t, err)
	require.Equal(t, string(raw), string(again), "the same bytes for the same functions")

	doc := decode[map[string]any](t, raw)
	require.Equal(t, "3.1.0", doc["openapi"])
	paths := doc["paths"].(map[string]any)
	require.Len(t, paths, 5)
	schemas := member(doc, "components", "schemas")
	require.Equal(t, true, member(schemas, "Function_testCompletion")["additionalProperties"], "a Handle forwards what it does not know")
	require.Equal(t, false, member(schemas, "Function_testProvider")["additionalProperties"])
	post := member(paths, "/v1/chat/completions", "post")
	require.Equal(t, "models.use", post["x-dcoder-permission"])
	require.Equal(t, "Complete a chat", post["summary"])
	content := member(member(post, "responses", "200"), "content")
	require.Contains(t, content, "text/event-stream")
	require.Contains(t, mustJSON(t, member(post, "responses", "default")), "OpenAIErrorAnswer")
	put := member(paths, "/v1/providers/{id}", "put")
	require.Equal(t, "keys.write", put["x-dcoder-permission"])
	require.Equal(t, "Set a provider's credential", put["summary"])
	require.Contains(t, mustJSON(t, member(put, "responses", "default")), `"#/components/schemas/ErrorAnswer"`)
	require.Contains(t, mustJSON(t, paths["/v1/models/{id}"]), `"in":"path"`)
	require.NotContains(t, string(raw), "ErrorModel")
	require.NotContains(t, string(raw), "problem+json")
	require.NotContains(t, string(raw), "$schema")

	served := ask(host(t, function.Wiring{}, chat, providers()), "GET", "/openapi.json", "")
	require.Equal(t, 200, served.Code)
	require.Equal(t, string(raw), served.Body.String())
}

func TestTwoFunctionsMayNameTheirTypesAlike(t *testing.T) {
	type thing struct{ A int }
	_, err := function.OpenAPI(
		function.New("a", function.Call("GET /a", func(context.Context, *struct{}) (*struct{ Body provider }, error) { return nil, nil }, function.Public())),
		function.New("b", function.Call("GET /b", func(context.Context, *struct{}) (*struct{ Body thing }, error) { return nil, nil }, function.Public())),
	)
	require.NoError(t, err)
	raw, err := function.OpenAPI(
		function.New("a", function.Call("GET /a", func(context.Context, *struct{}) (*struct{ Body function.Page[dcoder.Limit] }, error) { return nil, nil }, function.Public())),
		function.New("b", function.Call("GET /b", func(context.Context, *struct{}) (*struct{ Body function.Page[thing] }, error) { return nil, nil }, function.Public())),
		function.New("c", function.Call("GET /c", func(context.Context, *struct{}) (*struct {
			Body function.Page[map[string]*provider]
		}, error,
		) {
			return nil, nil
		}, function.Public())),
	)
	require.NoError(t, err)
	schemas := member(decode[map[string]any](t, raw), "components", "schemas")
	require.NotNil(t, schemas["PageLimit"])
	require.NotNil(t, schemas["PageFunction_testThing"])
}

func member(m map[string]any, path ...string) map[string]any {
	for _, p := range path {
		m, _ = m[p].(map[string]any)
	}
	return m
}

func mustJSON(t *testing.T, v any) string {
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}
