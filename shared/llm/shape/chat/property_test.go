package chat_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

// TestNoBase64LeaksIntoText writes requests of every protocol with pictures,
// documents and sounds in every place: no text may be longer than the texts that
// were put in.
func TestNoBase64LeaksIntoText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		q, said := mediaRequest(r)
		out := write(t, q, canonical.Options{Model: "m", DropUnsupported: true})
		var body struct {
			Messages []struct {
				Content   any
				Arguments any `json:"tool_calls"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(out), &body))
		told := 0
		for _, m := range body.Messages {
			told += textsIn(m.Content)
		}
		require.LessOrEqual(t, told, said, "text grew: %s", out)
	}
}

// textsIn adds up the texts of a content, in bytes.
func textsIn(content any) (n int) {
	switch c := content.(type) {
	case string:
		return len(c)
	case []any:
		for _, p := range c {
			s, _ := p.(map[string]any)["text"].(string)
			n += len(s)
		}
	}
	return n
}

func mediaRequest(r *rand.Rand) (q *canonical.Request, said int) {
	origins := []canonical.Shape{canonical.Chat, canonical.Messages, canonical.Responses, canonical.Generate}
	q = &canonical.Request{Origin: origins[r.IntN(len(origins))]}
	for i := range 1 + r.IntN(4) {
		m := canonical.Message{Role: canonical.User}
		for range 1 + r.IntN(4) {
			b, n := anyBlock(r, i)
			said += n
			m.Blocks = append(m.Blocks, b)
		}
		if q.Origin == canonical.Chat { // which has results in messages of their own
			m.Blocks = m.Blocks[:1]
			if m.Blocks[0].Result != nil {
				m.Role = canonical.ToolRole
			}
		}
		q.Messages = append(q.Messages, m)
	}
	return q, said
}

func anyBlock(r *rand.Rand, i int) (b canonical.Block, said int) {
	data := strings.Repeat("QUJD", 300)
	switch r.IntN(5) {
	case 0:
		return canonical.Block{Kind: canonical.Image, Media: &canonical.Media{Type: "image/png", Data: data}}, 0
	case 1:
		return canonical.Block{Kind: canonical.Document, Media: &canonical.Media{Type: "application/pdf", Data: data}}, 0
	case 2:
		return canonical.Block{Kind: canonical.Audio, Media: &canonical.Media{Type: "audio/wav", Format: "wav", Data: data}}, 0
	case 3:
		inner, n := anyBlock(r, i)
		if inner.Result != nil {
			return inner, n
		}
		return canonical.Block{Kind: canonical.ToolResult, Result: &canonical.Result{ID: fmt.Sprint("call_", i), Blocks: []canonical.Block{inner}}}, n
	}
	s := strings.Repeat("word ", r.IntN(20))
	return canonical.Block{Kind: canonical.Text, Text: s}, len(s)
}

// TestEveryStreamIsValid writes random answers, cut anywhere, and reads them
// again: they are valid, and say what was said.
func TestEveryStreamIsValid(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		blocks := anyAnswer(r)
		es := streamed(blocks)
		asked := r.IntN(2) == 0
		if r.IntN(2) == 0 {
			es = append(es[:len(es)-1], usage(5, 7), es[len(es)-1])
		} else {
			asked = false
		}
		raw := written(es, &canonical.Request{UsageInStream: &asked})
		a := chattest.ValidStream(t, raw, chattest.Expect{Usage: asked}).Answers[0]
		again := chattest.ValidStream(t, rewrite(t, raw, nil), chattest.Expect{}).Answers[0]
		turn := read(t, `{"model":"m","messages":[`+plainTurn(t, a.Content, a.Calls)+`]}`).Messages[0].Blocks
		require.Equal(t, signedCalls(blocks), signedCalls(turn))

		a.Thoughts, again.Thoughts = nil, nil
		for i := range a.Calls { // a packed id is packed again
			a.Calls[i].ID, again.Calls[i].ID = "", ""
		}
		require.Equal(t, a, again)
	}
}

// signedCalls is what must survive of an answer: its calls, and the signed
// thoughts that some call comes after.
func signedCalls(blocks []canonical.Block) (out []canonical.Block) {
	var before []canonical.Block
	for _, b := range blocks {
		switch {
		case b.Call != nil:
			c := *b.Call
			if len(c.Arguments) == 0 {
				c.Arguments = json.RawMessage("{}")
			}
			b.Call = &c
			out = append(append(out, before...), b)
			before = nil
		case b.Signature != "":
			before = append(before, b)
		}
	}
	return out
}

func anyAnswer(r *rand.Rand) (out []canonical.Block) {
	for i := range r.IntN(7) {
		word := strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(30))
		switch r.IntN(5) {
		case 0:
			out = append(out, canonical.Block{Kind: canonical.Thinking, Text: word, Signature: word})
		case 1:
			out = append(out, canonical.Block{Kind: canonical.Redacted, Signature: word})
		case 2:
			out = append(out, canonical.Block{Kind: canonical.Text, Text: word})
		case 3:
			out = append(out, canonical.Block{Kind: canonical.ToolUse, Signature: word, Call: &canonical.Call{ID: fmt.Sprintf("f.%d:%s", i, word), Name: "f"}})
		default:
			args := json.RawMessage(`{"a":{"b":["}","\""]}}`)
			out = append(out, canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: fmt.Sprint("call_", i), Name: "g", Arguments: args}})
		}
	}
	return out
}
