package pacer

import "fmt"

// shape is how one protocol says the same.
type shape struct {
	whole string
	head  string              // before the first content
	piece func(string) string // one event of content
	end   string
}

const openAIEvent = `data: {"id":"chatcmpl-pace","object":"chat.completion.chunk","created":1750000000,"model":"gpt-4o-mini","choices":[%s]%s}` + "\n\n"

var chat = shape{
	whole: `{"id":"chatcmpl-pace","object":"chat.completion","created":1750000000,"model":"gpt-4o-mini","choices":[{"index":0,` +
		`"message":{"role":"assistant","content":"said","refusal":null},"logprobs":null,"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":200,"completion_tokens":128,"total_tokens":328}}`,
	head: fmt.Sprintf(openAIEvent, `{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`, ""),
	piece: func(text string) string {
		return fmt.Sprintf(openAIEvent, fmt.Sprintf(`{"index":0,"delta":{"content":%q},"finish_reason":null}`, text), "")
	},
	end: fmt.Sprintf(openAIEvent, `{"index":0,"delta":{},"finish_reason":"stop"}`, "") +
		fmt.Sprintf(openAIEvent, "", `,"usage":{"prompt_tokens":200,"completion_tokens":128,"total_tokens":328}`) + "data: [DONE]\n\n",
}

const anthropicMessage = `{"id":"msg_pace","type":"message","role":"assistant","model":"claude-3-5-haiku-latest","content":[%s],` +
	`"stop_reason":%s,"stop_sequence":null,"usage":{"input_tokens":200,"output_tokens":%d}}`

var messages = shape{
	whole: fmt.Sprintf(anthropicMessage, `{"type":"text","text":"said"}`, `"end_turn"`, 128),
	head: named("message_start", `{"type":"message_start","message":`+fmt.Sprintf(anthropicMessage, "", "null", 1)+`}`) +
		named("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`),
	piece: func(text string) string {
		return named("content_block_delta", fmt.Sprintf(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%q}}`, text))
	},
	end: named("content_block_stop", `{"type":"content_block_stop","index":0}`) +
		named("message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":128}}`) +
		named("message_stop", `{"type":"message_stop"}`),
}

func named(name, data string) string { return "event: " + name + "\ndata: " + data + "\n\n" }
