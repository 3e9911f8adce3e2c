// Package groq speaks Groq's API: OpenAI's, under another path, with the usage
// of a stream in x_groq of its last chunk whether it is asked for or not, with
// reasoning under a name of its own, and with parameters of OpenAI's that it
// refuses. A chat completion that it takes as it is passes through as bytes.
package groq

import (
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/openai"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
)

// New returns Groq's dialect.
func New(d llm.Doer) *openai.Dialect {
	return openai.NewFlavour(d, openai.Flavour{
		BasePath: "/openai/v1", Native: protocol{chat.Protocol}, Rewrite: rewrite, Reasoning: true, NoEmbeddings: true,
		Ability: func(c *llm.Candidate) canonical.Ability { return find(c.Model).can },
	})
}
