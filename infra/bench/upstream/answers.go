package upstream

import (
	"fmt"
	"strings"
)

// Events is how many pieces of content a stream has.
const Events = 16

// StreamEnd is what a whole stream ends in.
const StreamEnd = "data: [DONE]\n\n"

// ContentBytes is the length of the content of an answer, streamed or not.
const ContentBytes = 512

var (
	wholeAnswer  = renderWhole()
	streamPieces = renderStream()
)

const usage = `{"prompt_tokens":200,"completion_tokens":128,"total_tokens":328,` +
	`"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}`

// renderWhole renders a chat completion of about 1 KB.
func renderWhole() []byte {
	body := fmt.Sprintf(`{"id":"chatcmpl-bench","object":"chat.completion","created":1750000000,"model":"gpt-4o-mini",`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null},"logprobs":null,"finish_reason":"stop"}],`+
		`"usage":%s,"service_tier":"default","system_fingerprint":"fp_bench"}`, content(ContentBytes), usage)
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// renderStream renders the same content as server-sent events: the header, one
// chunk for each event, and the end.
func renderStream() [][]byte {
	header := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
	pieces := [][]byte{[]byte(header + chunk(event(`{"role":"assistant","content":""}`, "null", "null")))}
	for range Events {
		delta := fmt.Sprintf(`{"content":%q}`, content(ContentBytes/Events))
		pieces = append(pieces, []byte(chunk(event(delta, "null", "null"))))
	}
	end := chunk(event(`{}`, `"stop"`, "null")) + chunk(usageEvent()) + chunk(StreamEnd) + "0\r\n\r\n"
	return append(pieces, []byte(end))
}

const eventHead = `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1750000000,` +
	`"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_bench",`

func event(delta, finish, use string) string {
	return fmt.Sprintf(eventHead+`"choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}],"usage":%s}`+"\n\n",
		delta, finish, use)
}

func usageEvent() string { return eventHead + `"choices":[],"usage":` + usage + "}\n\n" }

func chunk(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }

func content(n int) string {
	const words = "the tenant asks and the gateway forwards what the model says "
	return strings.Repeat(words, n/len(words)+1)[:n]
}
