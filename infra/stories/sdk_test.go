package stories

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/local/nodepkg"
)

func (c *caller) sdk(options ...option.RequestOption) *openai.Client {
	client := openai.NewClient(append([]option.RequestOption{
		option.WithBaseURL(c.base + "/v1"), option.WithAPIKey(c.key), option.WithMaxRetries(0),
	}, options...)...)
	return &client
}

func question(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

func bounded(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// TestADeveloper follows a newcomer: a completion, a stream, tools, embeddings,
// and what it cost, with the Go SDK and with the npm one.
func TestADeveloper(t *testing.T) {
	p := start(t)
	t.Run("asks with the Go SDK", func(t *testing.T) { asksWithGo(t, p) })
	t.Run("asks with the npm SDK", func(t *testing.T) { asksWithNode(t, p) })
	t.Run("meets errors as the SDK's own", func(t *testing.T) { meetsErrors(t, p) })
	t.Run("sees what it cost", func(t *testing.T) { seesCost(t, p) })
	t.Run("cannot see another tenant", func(t *testing.T) { seesNoOther(t, p) })
	t.Run("reaches a budget", func(t *testing.T) { reachesBudget(t, p) })
	t.Run("loses a key", func(t *testing.T) { losesKey(t, p) })
	t.Run("sends nonsense", func(t *testing.T) { sendsNonsense(t, p) })
	t.Run("repeats a POST", func(t *testing.T) { repeats(t, p) })
}

func asksWithGo(t *testing.T, p *platform) {
	client, ctx := p.admin.sdk(), bounded(t, patience)
	models, err := client.Models.List(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, models.Data)

	answer, err := client.Chat.Completions.New(ctx, question("Say hello."))
	require.NoError(t, err)
	require.NotEmpty(t, answer.Choices[0].Message.Content)
	require.Positive(t, answer.Usage.CompletionTokens)

	ask := question("Say hello.")
	ask.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := client.Chat.Completions.NewStreaming(ctx, ask)
	sum := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		require.True(t, sum.AddChunk(stream.Current()))
	}
	require.NoError(t, stream.Err())
	require.NotEmpty(t, sum.Choices[0].Message.Content)
	require.Positive(t, sum.Usage.TotalTokens)

	ask = question("What is the weather in Oslo?")
	ask.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
		Name: "get_weather",
		Parameters: shared.FunctionParameters{
			"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"},
		},
	})}
	ask.ToolChoice = openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: param.NewOpt("required")}
	answer, err = client.Chat.Completions.New(ctx, ask)
	require.NoError(t, err)
	require.Equal(t, "get_weather", answer.Choices[0].Message.ToolCalls[0].Function.Name)
	require.True(t, json.Valid([]byte(answer.Choices[0].Message.ToolCalls[0].Function.Arguments)))

	vectors, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: embedder, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a red apple", "a green apple"}},
	})
	require.NoError(t, err)
	require.Len(t, vectors.Data, 2)
	require.NotEmpty(t, vectors.Data[0].Embedding)
}

func asksWithNode(t *testing.T, p *platform) {
	ctx := bounded(t, 4*time.Minute)
	require.NoError(t, nodepkg.Ensure(ctx, "node"))
	stories := exec.CommandContext(ctx, "node", "stories.mjs")
	stories.Dir = "node"
	stories.Env = append(os.Environ(), "DCODER_BASE_URL="+p.base, "DCODER_API_KEY="+p.admin.key)
	out, err := stories.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}

func meetsErrors(t *testing.T, p *platform) {
	admin, _, credential := p.newTenant("Errors")
	var narrow struct {
		Secret string `json:"secret"`
	}
	require.Equal(t, 201, admin.call("POST", "/v1/keys", map[string]any{"name": "narrow", "models": []string{"gpt-4o"}}, &narrow))
	client, ctx := admin.sdk(), bounded(t, patience)
	ask := func(c *openai.Client, q openai.ChatCompletionNewParams) *openai.Error {
		t.Helper()
		_, err := c.Chat.Completions.New(ctx, q)
		var e *openai.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Message)
		require.NotContains(t, e.RawJSON(), credential)
		return e
	}
	unknown, absurd := question("?"), question("?")
	unknown.Model, absurd.MaxTokens = "no-such-model", openai.Int(-1)

	require.Equal(t, 401, ask((&caller{t, p.base, "dck_nobody"}).sdk(), question("?")).StatusCode)
	require.Equal(t, 403, ask((&caller{t, p.base, narrow.Secret}).sdk(), question("?")).StatusCode)
	require.Equal(t, 404, ask(client, unknown).StatusCode)
	bad := ask(client, absurd)
	require.Equal(t, 400, bad.StatusCode)
	require.Equal(t, "max_tokens", bad.Param)
	for given, answered := range map[int]int{400: 400, 401: 502, 413: 413, 429: 429, 500: 502, 503: 503, 529: 503} {
		p.simulate("faults", map[string]any{"key": credential, "kind": "status", "status": given, "count": 1})
		p.simulate("faults", map[string]any{"key": credential, "kind": "status", "status": given, "count": 8})
		require.Equal(t, answered, ask(client, question("?")).StatusCode, "the provider answered %d", given)
		p.simulate("reset", map[string]any{})
	}
}

func seesCost(t *testing.T, p *platform) {
	admin, _, _ := p.newTenant("Cost")
	answer, err := admin.sdk().Chat.Completions.New(bounded(t, patience), question("What does it cost?"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(admin.rows()) == 1 }, patience, 20*time.Millisecond)
	got := admin.rows()[0]
	require.Equal(t, answer.Usage.PromptTokens, got.Tokens.Input)
	require.Equal(t, answer.Usage.CompletionTokens, got.Tokens.Output)
	require.Positive(t, got.Cost)
	require.Equal(t, "final", got.State)
	require.False(t, got.Estimated)
}

func seesNoOther(t *testing.T, p *platform) {
	one, tenant, _ := p.newTenant("One")
	two, _, _ := p.newTenant("Two")
	var key struct {
		ID string `json:"id"`
	}
	require.Equal(t, 201, one.call("POST", "/v1/keys", map[string]any{"name": "mine"}, &key))
	_, err := one.sdk().Chat.Completions.New(bounded(t, patience), question("Mine?"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(one.rows()) == 1 }, patience, 20*time.Millisecond)

	require.Empty(t, two.rows())
	for _, route := range [][2]string{
		{"GET", "/v1/keys/" + key.ID},
		{"POST", "/v1/keys/" + key.ID + "/block"},
		{"DELETE", "/v1/keys/" + key.ID},
		{"GET", "/v1/tenants/" + tenant},
		{"GET", "/v1/tenants/" + tenant + "/usage"},
	} {
		require.Equal(t, 404, two.call(route[0], route[1], nil, nil), route)
	}
	require.Equal(t, 403, two.call("GET", "/v1/usage", nil, nil, "X-Tenant-Id", tenant))
	require.Equal(t, 403, two.call("POST", "/v1/tenants", map[string]any{"name": "Three"}, nil))
	require.Equal(t, 200, one.call("GET", "/v1/keys/"+key.ID, nil, nil))
}

func reachesBudget(t *testing.T, p *platform) {
	events := p.listen(t, "*", "budget.reached")
	admin, tenant, _ := p.newTenant("Budget")
	budget := func(action string, most int64) {
		t.Helper()
		require.Equal(t, 200, admin.call("PUT", "/v1/quotas", map[string]any{"limits": []any{map[string]any{
			"scope": "tenant", "metric": "money", "window": "month", "max": most, "action": action, "alerts": []int{50, 100},
		}}}, nil))
	}
	budget("alert", 1)
	_, err := admin.sdk().Chat.Completions.New(bounded(t, patience), question("Over the budget, and answered."))
	require.NoError(t, err, "a budget alerts by default")
	heard := events.next(t)
	require.Equal(t, tenant, heard.Header.Get("ce-tenantid"))

	budget("deny", 1)
	_, err = admin.sdk().Chat.Completions.New(bounded(t, patience), question("Over the budget, and refused."))
	var e *openai.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, http.StatusTooManyRequests, e.StatusCode)
	require.Equal(t, "false", e.Response.Header.Get("X-Should-Retry"))
	require.Contains(t, e.Message, "month")
}

func losesKey(t *testing.T, p *platform) {
	admin, _, _ := p.newTenant("Keys")
	var key struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	require.Equal(t, 201, admin.call("POST", "/v1/keys", map[string]any{"name": "laptop"}, &key))
	client := (&caller{t, p.base, key.Secret}).sdk()
	_, err := client.Chat.Completions.New(bounded(t, patience), question("Still here?"))
	require.NoError(t, err)
	require.Equal(t, 200, admin.call("POST", "/v1/keys/"+key.ID+"/block", nil, nil))
	_, err = client.Chat.Completions.New(bounded(t, patience), question("And now?"))
	var e *openai.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 401, e.StatusCode, "the next request after the block")
}
