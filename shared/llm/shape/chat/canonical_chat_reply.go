package chat

import (
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// writeReply writes an answer to r.
func writeReply(a *canonical.Reply, r *canonical.Request) []byte {
	w := &reply{object: begin(make([]byte, 0, 1024)), native: a.Origin == canonical.Chat, legacy: isLegacy(r)}
	w.text("id", replyID(a.ID))
	w.text("object", "chat.completion")
	w.int("created", created(a.Created))
	w.text("model", a.Model)
	w.key("choices")
	w.b = append(w.b, '[')
	for i := range a.Choices {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = nested(w.b, func(o *object) { w.choice(o, &a.Choices[i]) })
	}
	w.b = append(w.b, ']')
	w.in("usage", func(o *object) { writeUsage(o, &a.Usage) })
	if w.native {
		if a.Usage.ServiceTier != "" {
			w.text("service_tier", a.Usage.ServiceTier)
		}
		w.extra(a.Extra)
	}
	return w.end()
}

// reply is an answer that is being written.
type reply struct {
	*object
	native bool
	legacy bool // the client speaks of functions
}

// replyID gives ids of other protocols the form of this one.
func replyID(id string) string {
	if id == "" || strings.HasPrefix(id, "chatcmpl-") {
		return id
	}
	return "chatcmpl-" + id
}

func created(at int64) int64 {
	if at == 0 {
		return time.Now().Unix()
	}
	return at
}

func (w *reply) choice(o *object, c *canonical.Answer) {
	m := gather(c.Blocks)
	o.int("index", int64(c.Index))
	o.in("message", func(o *object) { w.message(o, m) })
	if c.LogProbs != nil {
		o.raw("logprobs", c.LogProbs)
	} else if c.Extra["logprobs"] == nil {
		o.raw("logprobs", null)
	}
	o.text("finish_reason", finishOf(c.Stop, len(m.calls) > 0, w.legacy || c.Native == finishFunction))
	if w.native {
		o.extra(c.Extra)
	}
}

// gathered is an answer's blocks as a message has them.
type gathered struct {
	text, refusal strings.Builder
	some, refused bool // text or refusal were there, maybe empty
	thinking      strings.Builder
	thoughts      []callid.Thought // that have a signature
	signature     string           // of the text
	calls         []*canonical.Block
	before        [][]callid.Thought // the signed thoughts before each call
	pictures      []*canonical.Block
	other         canonical.Extra
	pending       int // thoughts that no call has yet
}

// gather sorts blocks: texts are joined, calls stay in order, each with the
// signed thoughts since the call before.
func gather(blocks []canonical.Block) *gathered {
	g := &gathered{}
	for i := range blocks {
		switch b := &blocks[i]; b.Kind {
		case canonical.Text:
			g.some = true
			g.text.WriteString(b.Text)
			if b.Signature != "" {
				g.signature = b.Signature
			}
		case canonical.Refusal:
			g.refused = true
			g.refusal.WriteString(b.Text)
		case canonical.Thinking, canonical.Redacted:
			g.think(b)
		case canonical.ToolUse:
			g.calls = append(g.calls, b)
			g.before = append(g.before, g.thoughts[g.pending:])
			g.pending = len(g.thoughts)
		case canonical.Image:
			g.pictures = append(g.pictures, b)
		case canonical.Opaque:
			g.other = b.Extra
		}
	}
	return g
}

func (g *gathered) think(b *canonical.Block) {
	if b.Kind == canonical.Thinking {
		g.thinking.WriteString(b.Text)
	}
	if b.Signature != "" {
		g.thoughts = append(g.thoughts, thoughtOf(b))
	}
}

func thoughtOf(b *canonical.Block) callid.Thought {
	return callid.Thought{Text: b.Text, Signature: b.Signature, Redacted: b.Kind == canonical.Redacted}
}

// message writes what an assistant said. Content is a string, be it empty, but
// where there is nothing but calls.
func (w *reply) message(o *object, m *gathered) {
	o.text("role", "assistant")
	if m.some || len(m.calls) == 0 && !(w.native && m.refused) {
		o.text("content", m.text.String())
	} else {
		o.raw("content", null)
	}
	if m.refused {
		o.text("refusal", m.refusal.String())
	} else {
		o.raw("refusal", null)
	}
	if w.native {
		w.nativeRest(o, m)
		return
	}
	if m.thinking.Len() > 0 {
		o.text("reasoning_content", m.thinking.String())
	}
	writeThoughts(o, m.thoughts)
	writePictures(o, m.pictures)
	if m.signature != "" {
		googleExtra(o, m.signature)
	}
	w.calls(o, m)
}

// nativeRest writes what the same protocol said: reasoning comes back by the
// names that it had, and under the usual one too.
func (w *reply) nativeRest(o *object, m *gathered) {
	if m.thinking.Len() > 0 && m.other["reasoning_content"] == nil {
		o.text("reasoning_content", m.thinking.String())
		o.extra(m.other, "reasoning")
	} else {
		o.extra(m.other)
	}
	w.calls(o, m)
}

func (w *reply) calls(o *object, m *gathered) {
	if len(m.calls) == 0 {
		return
	}
	if w.legacy {
		o.in("function_call", func(o *object) { functionOf(o, m.calls[0].Call) })
		return
	}
	o.key("tool_calls")
	o.b = append(o.b, '[')
	for i, b := range m.calls {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = nested(o.b, func(o *object) {
			o.text("id", w.id(b, m.before[i]))
			callOf(o, b)
		})
	}
	o.b = append(o.b, ']')
}

// id is a call's id with what has to ride in it. Answers of this protocol have
// nothing that their own provider would want back.
func (w *reply) id(b *canonical.Block, before []callid.Thought) string {
	if w.native {
		return b.Call.ID
	}
	return callid.Load(b.Call.ID, callid.Cargo{Signature: b.Signature, Thoughts: before})
}

func callOf(o *object, b *canonical.Block) {
	if b.Call.Custom {
		o.text("type", "custom")
		o.in("custom", func(o *object) {
			o.text("name", b.Call.Name)
			o.raw("input", b.Call.Arguments)
		})
	} else {
		o.text("type", "function")
		o.in("function", func(o *object) { functionOf(o, b.Call) })
	}
	if b.Signature != "" {
		googleExtra(o, b.Signature)
	}
}

func functionOf(o *object, c *canonical.Call) {
	o.text("name", c.Name)
	o.text("arguments", argumentsText(c.Arguments))
}

// googleExtra writes a signature where Google's own OpenAI-shaped API has it.
func googleExtra(o *object, signature string) {
	o.in("extra_content", func(o *object) {
		o.in("google", func(o *object) { o.text("thought_signature", signature) })
	})
}

// writeThoughts writes signed reasoning where clients that echo what they do not
// know find it.
func writeThoughts(o *object, thoughts []callid.Thought) {
	if len(thoughts) == 0 {
		return
	}
	o.key("thinking_blocks")
	o.b = append(o.b, '[')
	for i, t := range thoughts {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = nested(o.b, func(o *object) { writeThought(o, t) })
	}
	o.b = append(o.b, ']')
}

func writeThought(o *object, t callid.Thought) {
	if t.Redacted {
		o.text("type", "redacted_thinking")
		o.text("data", t.Signature)
		return
	}
	o.text("type", "thinking")
	o.text("thinking", t.Text)
	o.text("signature", t.Signature)
}

// writePictures writes pictures that the model drew, as other gateways do:
// OpenAI's protocol has no place for them.
func writePictures(o *object, pictures []*canonical.Block) {
	if len(pictures) == 0 {
		return
	}
	o.key("images")
	o.b = append(o.b, '[')
	for i, b := range pictures {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = nested(o.b, func(o *object) { writeImage(o, b, nil) })
	}
	o.b = append(o.b, ']')
}
