package openai

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// ability says what a model can do, by the longest entry of the table that its
// name begins with; of a name that no entry has nothing is known, and everything
// is passed on. Fine-tuned models can do what their base can.
func ability(c *llm.Candidate) canonical.Ability {
	name := strings.TrimPrefix(c.Model, "ft:")
	best, a := -1, canonical.Ability{}
	for i := range abilities {
		if e := &abilities[i]; len(e.prefix) > best && strings.HasPrefix(name, e.prefix) {
			best, a = len(e.prefix), e.can
		}
	}
	return a
}
