package generate

import (
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// madeMark marks, in a block's Extra, an id that pair made up: it is not written
// back.
const madeMark = "madeId"

// pair gives calls without ids one, and their results the same: Vertex AI pairs
// them by name and order, and everybody else by id.
func pair(r *canonical.Request) {
	var open []*canonical.Call
	for i := range r.Messages {
		for j := range r.Messages[i].Blocks {
			b := &r.Messages[i].Blocks[j]
			switch {
			case b.Call != nil && b.Call.ID == "":
				b.Call.ID = fmt.Sprintf("%s%d_%d", madeID, i, j)
				mark(b)
				open = append(open, b.Call)
			case b.Result != nil && b.Result.ID == "":
				for k, c := range open {
					if c.Name == b.Result.Name {
						b.Result.ID, open = c.ID, append(open[:k:k], open[k+1:]...)
						mark(b)
						break
					}
				}
			}
		}
	}
}

func mark(b *canonical.Block) {
	b.Extra = orEmpty(b.Extra)
	b.Extra[madeMark] = []byte("true")
}

// isMade reports whether pair made up the id of a block.
func isMade(b *canonical.Block) bool { return b.Extra[madeMark] != nil }
