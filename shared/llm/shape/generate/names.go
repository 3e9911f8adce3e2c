package generate

import "github.com/d-coder-ai/dcoder/shared/llm/canonical"

// clientNames are the names of parameters as clients of each protocol write
// them, where they differ from OpenAI's chat completions.
var clientNames = map[canonical.Shape]map[string]string{
	canonical.Messages: {
		"reasoning_effort": "thinking", "response_format": "output_config.format", "stop": "stop_sequences",
	},
	canonical.Responses: {
		"reasoning_effort": "reasoning", "response_format": "text.format", "messages": "input", "max_tokens": "max_output_tokens",
	},
	canonical.Generate: {
		"reasoning_effort": "generationConfig.thinkingConfig", "response_format": "generationConfig.responseSchema",
		"messages": "contents", "stop": "generationConfig.stopSequences", "n": "generationConfig.candidateCount",
	},
}

// named returns a parameter's name as the client of r wrote it.
func named(r *canonical.Request, name string) string {
	if own, ok := clientNames[r.Origin][name]; ok {
		return own
	}
	return name
}
