package chat

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// thoughts reads an assistant's reasoning from the best source that the client
// echoes: signed blocks (thinking_blocks of LiteLLM, reasoning_details of
// OpenRouter), else the bare text.
func (m *message) thoughts() (out []canonical.Block) {
	for _, e := range elements(m.raw["thinking_blocks"]) {
		out = appendThinkingBlock(out, e)
	}
	if len(out) > 0 {
		return out
	}
	for _, e := range elements(m.raw["reasoning_details"]) {
		out = appendDetail(out, e)
	}
	if len(out) > 0 {
		return out
	}
	for _, name := range []string{"reasoning_content", "reasoning"} {
		if s, ok := text(m.raw[name]); ok && s != "" {
			return []canonical.Block{{Kind: canonical.Thinking, Text: s}}
		}
	}
	return nil
}

// appendThinkingBlock reads {"type": "thinking", "thinking", "signature"} or
// {"type": "redacted_thinking", "data"}.
func appendThinkingBlock(out []canonical.Block, v json.RawMessage) []canonical.Block {
	switch way, _ := text(member(v, "type")); way {
	case "thinking":
		b := canonical.Block{Kind: canonical.Thinking}
		b.Text, _ = text(member(v, "thinking"))
		b.Signature, _ = text(member(v, "signature"))
		return append(out, b)
	case "redacted_thinking":
		data, _ := text(member(v, "data"))
		return append(out, canonical.Block{Kind: canonical.Redacted, Signature: data})
	}
	return out
}

// appendDetail reads {"type": "reasoning.text", "text", "signature"},
// {"type": "reasoning.summary", "summary"} or {"type": "reasoning.encrypted",
// "data"}.
func appendDetail(out []canonical.Block, v json.RawMessage) []canonical.Block {
	b := canonical.Block{Kind: canonical.Thinking}
	switch way, _ := text(member(v, "type")); way {
	case "reasoning.text":
		b.Text, _ = text(member(v, "text"))
		b.Signature, _ = text(member(v, "signature"))
	case "reasoning.summary":
		b.Text, _ = text(member(v, "summary"))
		b.Summary = true
	case "reasoning.encrypted":
		b.Kind = canonical.Redacted
		b.Signature, _ = text(member(v, "data"))
	default:
		return out
	}
	return append(out, b)
}

// signText puts the message's own thought signature on its last text.
func (m *message) signText() {
	s := googleSignature(joinedOne("extra_content", m.raw["extra_content"]))
	if s == "" {
		return
	}
	for i := len(m.Blocks) - 1; i >= 0; i-- {
		if m.Blocks[i].Kind == canonical.Text {
			m.Blocks[i].Signature = s
			return
		}
	}
}

func joinedOne(name string, v json.RawMessage) json.RawMessage {
	if v == nil {
		return nil
	}
	return joined(canonical.Extra{name: v})
}
