package responses

import (
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// Reasoning that another protocol signed travels as this protocol's
// encrypted_content, in the form of package callid, whose prefix tells it from
// what OpenAI encrypted.

// pack returns the encrypted_content of a block that another protocol signed, ""
// when nothing is signed.
func pack(b *canonical.Block) string {
	if b.Signature == "" {
		return ""
	}
	return callid.Load("", callid.Cargo{Thoughts: []callid.Thought{{Signature: b.Signature, Redacted: b.Kind == canonical.Redacted}}})
}

// unpack returns the blocks that pack was given; the text stood beside it.
func unpack(encrypted, text string) []canonical.Block {
	_, cargo := callid.Unload(encrypted)
	blocks := thoughts(cargo.Thoughts)
	if len(blocks) > 0 && blocks[0].Kind == canonical.Thinking {
		blocks[0].Text = text
	}
	return blocks
}

func thoughts(ts []callid.Thought) (blocks []canonical.Block) {
	for _, t := range ts {
		kind := canonical.Thinking
		if t.Redacted {
			kind = canonical.Redacted
		}
		blocks = append(blocks, canonical.Block{Kind: kind, Text: t.Text, Signature: t.Signature})
	}
	return blocks
}
