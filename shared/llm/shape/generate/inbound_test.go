package generate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate/generatetest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
)

// TestRecordedStreamsAreValidForBothKindsOfClients: text, calls and usage are
// those of the recording.
func TestRecordedStreamsAreValidForBothKindsOfClients(t *testing.T) {
	yes := true
	for _, r := range recordings(t) {
		if !strings.HasPrefix(r.Response.Body, "data:") {
			continue
		}
		t.Run(r.File, func(t *testing.T) {
			raw := []byte(r.Response.Body)
			want := generatetest.ValidStream(t, raw, generatetest.Expect{Usage: true})
			events := readStream(t, raw)
			asked := &canonical.Request{Origin: canonical.Chat, Stream: true, UsageInStream: &yes}
			w := chat.Protocol.NewWriter(asked)
			var out []byte
			for i := range events {
				out = w.Write(out, &events[i])
			}
			s := chattest.ValidStream(t, out, chattest.Expect{Usage: true})
			a := s.Answers[0]
			require.Equal(t, want.Text, a.Content)
			require.Equal(t, want.Thoughts, a.Reasoning)
			require.Len(t, a.Calls, len(want.Calls))
			require.Equal(t, want.Prompt, s.Usage.Prompt)
			if len(want.Calls) > 0 {
				require.Equal(t, "tool_calls", a.Finish)
			}

			mw := messages.Protocol.NewWriter(&canonical.Request{Origin: canonical.Messages, Stream: true})
			out = out[:0]
			for i := range events {
				out = mw.Write(out, &events[i])
			}
			messagestest.ValidStream(t, out, messagestest.Expect{})
		})
	}
}

func TestRecordedAnswersAreAnswersForBothKindsOfClients(t *testing.T) {
	for _, r := range recordings(t) {
		if strings.HasPrefix(r.Response.Body, "data:") {
			continue
		}
		t.Run(r.File, func(t *testing.T) {
			a, err := generate.Protocol.ReadReply([]byte(r.Response.Body))
			require.NoError(t, err)
			for _, p := range []canonical.Protocol{chat.Protocol, messages.Protocol} {
				raw, err := p.WriteReply(a, &canonical.Request{Origin: p.Shape()})
				require.NoError(t, err)
				back, err := p.ReadReply(raw)
				require.NoError(t, err)
				require.Equal(t, textAndCalls(a), textAndCalls(back), "%s", raw)
				require.Equal(t, a.Usage.Input, back.Usage.Input)
				require.Equal(t, a.Usage.Output, back.Usage.Output)
				require.Equal(t, a.Choices[0].Stop, back.Choices[0].Stop)
			}
		})
	}
}

// textAndCalls is what a client makes of an answer.
func textAndCalls(a *canonical.Reply) string {
	var text strings.Builder
	var calls []string
	for _, b := range a.Choices[0].Blocks {
		switch b.Kind {
		case canonical.Text:
			text.WriteString(b.Text)
		case canonical.ToolUse:
			var args map[string]any
			_ = json.Unmarshal(b.Call.Arguments, &args) // none is none
			raw, _ := json.Marshal(args)
			calls = append(calls, b.Call.Name+string(raw))
		}
	}
	return text.String() + strings.Join(calls, "")
}
