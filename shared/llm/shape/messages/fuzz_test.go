package messages_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// FuzzReadRequest: whatever comes is a 400 or can be written again as JSON, and
// what is written reads the same.
func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a\"","name":"f","input":{"x":[1,{"y":"]"}]}}]}],"system":[{"type":"text","text":"\u0000"}]}`))
	f.Add([]byte(`{"messages":[],"thinking":{"type":"enabled","budget_tokens":1},"output_config":{"effort":"low"},"metadata":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := messages.Protocol.ReadRequest(body)
		if err != nil {
			require.Equal(t, 400, dcoder.AsError(err).Status)
			return
		}
		out, err := messages.Protocol.WriteRequest(r, &canonical.Options{Model: r.Model})
		if err != nil {
			require.Equal(t, 400, dcoder.AsError(err).Status)
			return
		}
		require.True(t, json.Valid(out), "%s", out)
		r.Origin = canonical.Chat // as other protocols' requests are written
		if out, err = messages.Protocol.WriteRequest(r, &canonical.Options{Model: "c", DropUnsupported: true}); err == nil {
			require.True(t, json.Valid(out), "%s", out)
		}
	})
}

// FuzzReadReply: an answer is refused or can be written.
func FuzzReadReply(f *testing.F) {
	f.Add([]byte(answer(`[{"type":"text","text":"x","citations":[]},{"type":"new","a":1}]`, "end_turn", `{"input_tokens":-1,"output_tokens":2}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := messages.Protocol.ReadReply(body)
		if err != nil {
			return
		}
		out, err := messages.Protocol.WriteReply(a, &canonical.Request{})
		require.NoError(t, err)
		require.True(t, json.Valid(out), "%s", out)
	})
}

// FuzzStream: however a stream is, what is written of it up to its end is valid.
func FuzzStream(f *testing.F) {
	f.Add([]byte(head + "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}}\n\n" +
		"data: {\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in sse.Reader
		in.Reset(bytes.NewReader(raw), 0)
		reader, writer := messages.Protocol.NewReader(), messages.Protocol.NewWriter(&canonical.Request{Model: "m"})
		var out []byte
		for {
			e, err := in.Next()
			if err != nil {
				return
			}
			events, err := reader.Read(nil, e)
			if err != nil {
				return
			}
			for i := range events {
				out = writer.Write(out, &events[i])
				if events[i].Kind == canonical.EventEnd {
					_, err := messagestest.Check(out)
					if err != nil && !bytes.Contains([]byte(err.Error()), []byte("no JSON")) && !bytes.Contains([]byte(err.Error()), []byte("without id")) {
						t.Fatalf("%v: %s", err, out)
					}
					return
				}
			}
		}
	})
}
