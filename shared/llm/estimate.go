package llm

import (
	"bytes"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// numbersPerItem is how many token numbers of an input weigh as much as one
// framed item of an estimate.
const numbersPerItem = 4

// tokenNumbers counts inputs that are given as token numbers, by their commas.
func tokenNumbers(d *jsonscan.Doc, v jsonscan.Value) int {
	if v.Kind != jsonscan.Array {
		return 0
	}
	b := d.Bytes(v)
	if i := bytes.IndexAny(b[:min(len(b), 64)], "0123456789\""); i < 0 || b[i] == '"' {
		return 0
	}
	return bytes.Count(b, []byte{','})/numbersPerItem + 1
}

// estimateInput says how many tokens the input most likely is; strict is what it
// will not pass.
func (r *Request) estimateInput(strict bool) int64 {
	if strict {
		return token.Ceiling(r.Text)
	}
	return token.Estimate(r.Text)
}
