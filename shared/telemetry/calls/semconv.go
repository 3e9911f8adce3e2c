package calls

import "github.com/d-coder-ai/dcoder/shared/llm"

// semconv is the one place that knows OpenTelemetry's conventions for generative
// AI, which are in development: when they change, this file does. Our own names
// (dcoder.*) are stable.
var semconv = struct {
	operation, provider, requestModel, responseModel  string
	inputTokens, outputTokens, cacheRead, cacheWrite  string
	reasoning, inputMessages, outputMessages, error   string
	status, route, tokenType, duration, usage, stream string
}{
	operation: "gen_ai.operation.name", provider: "gen_ai.provider.name",
	requestModel: "gen_ai.request.model", responseModel: "gen_ai.response.model",
	inputTokens: "gen_ai.usage.input_tokens", outputTokens: "gen_ai.usage.output_tokens",
	cacheRead: "gen_ai.usage.cache_read.input_tokens", cacheWrite: "gen_ai.usage.cache_creation.input_tokens",
	reasoning:     "gen_ai.usage.reasoning.output_tokens",
	inputMessages: "gen_ai.input.messages", outputMessages: "gen_ai.output.messages",
	error: "error.type", status: "http.response.status_code", route: "http.route",
	tokenType: "gen_ai.token.type", duration: "gen_ai.client.operation.duration",
	usage: "gen_ai.client.token.usage", stream: "gen_ai.client.operation.time_to_first_chunk",
}

// providerNames are the conventions' names of our dialects.
var providerNames = map[string]string{
	"openai": "openai", "anthropic": "anthropic", "groq": "groq", "google": "gcp.gemini", "vertex": "gcp.vertex_ai",
}

func operation(k llm.Kind) string {
	switch k {
	case llm.Embedding:
		return "embeddings"
	case llm.Completion:
		return "text_completion"
	}
	return "chat"
}

// durationBounds are the conventions' buckets of durations, in microseconds:
// 0.01 s, doubled up to 81.92 s.
var durationBounds = doubled(10_000, 2, 14)

// tokenBounds are the conventions' buckets of tokens: 1, four times as much, up
// to 67,108,864.
var tokenBounds = doubled(1, 4, 14)

// ownBounds are ours, microseconds: from 50 us to 1.6 s.
var ownBounds = doubled(50, 2, 16)

func doubled(first, by int64, n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = first
		first *= by
	}
	return out
}

// alias tells a family under another name, with other names of its labels; what
// is not listed is left out of the alias, and points that become one are added.
type alias struct {
	from, to string
	labels   map[string]string
	scale    float64 // of values; 0: 1
	only     [2]string
	not      [2]string
	values   map[string]string // of "provider", in their place
}

// genAI are the conventions' metrics, made of our own.
var genAI = []alias{
	{from: nameDuration, to: semconv.duration, labels: map[string]string{"provider": semconv.provider, "operation": semconv.operation}, values: providerNames},
	{from: nameFirst, to: semconv.stream, labels: map[string]string{"provider": semconv.provider, "operation": semconv.operation}, values: providerNames},
	{from: nameSizes, to: semconv.usage, labels: map[string]string{"provider": semconv.provider, "type": semconv.tokenType, "operation": semconv.operation}, values: providerNames},
}
