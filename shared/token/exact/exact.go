// Package exact counts tokens as OpenAI's models cut them, offline: o200k_base
// and cl100k_base, each read on its first use. It is for evaluations, operators
// and tests. It embeds the vocabularies (7 MB), so nothing on the way of a
// request links it; there package token estimates.
package exact

import (
	"strings"
	"sync"
)

// Encoding is a vocabulary and the rule that cuts text into pieces before it is
// looked up. It may be used by many goroutines.
type Encoding struct {
	name  string
	ranks map[string]int32
	next  func(text string) int // length of the first piece
}

// Name is the encoding's name, as OpenAI gives it.
func (e *Encoding) Name() string { return e.name }

// O200k is the encoding of GPT-4o, GPT-4.1, GPT-5, gpt-oss and the o series.
// Its first call takes about 100 ms and 30 MB.
var O200k = sync.OnceValue(func() *Encoding { return load("o200k_base", nextO200k) })

// Cl100k is the encoding of GPT-4, GPT-3.5 and the embedding models. Its first
// call takes about 50 ms and 15 MB.
var Cl100k = sync.OnceValue(func() *Encoding { return load("cl100k_base", nextCl100k) })

// The beginnings of names whose encoding is not o200k, the longer first.
var models = []struct {
	prefix   string
	encoding func() *Encoding
}{
	{"gpt-4o", O200k},
	{"gpt-4.1", O200k},
	{"gpt-4.5", O200k},
	{"chatgpt-4o", O200k},
	{"gpt-5", O200k},
	{"gpt-oss", O200k},
	{"o1", O200k},
	{"o3", O200k},
	{"o4", O200k},
	{"gpt-4", Cl100k},
	{"gpt-3.5", Cl100k},
	{"text-embedding-", Cl100k},
}

// For returns the encoding of a model of OpenAI's by its name, dated or
// fine-tuned ones included; ok is false for a model that it does not know.
func For(model string) (e *Encoding, ok bool) {
	model = strings.TrimPrefix(model, "ft:")
	for _, m := range models {
		if strings.HasPrefix(model, m.prefix) {
			return m.encoding(), true
		}
	}
	return nil, false
}

// Count returns how many tokens text is. Special tokens in it count as the text
// that they are.
func (e *Encoding) Count(text string) int {
	n := 0
	e.pieces(text, func(piece string) { n += e.countPiece(piece) })
	return n
}

// Encode returns the ranks of text's tokens.
func (e *Encoding) Encode(text string) []int {
	var all []int
	e.pieces(text, func(piece string) {
		if rank, ok := e.ranks[piece]; ok {
			all = append(all, int(rank))
			return
		}
		ends := e.merge(piece)
		for at, end := range ends {
			start := 0
			if at > 0 {
				start = ends[at-1]
			}
			all = append(all, int(e.ranks[piece[start:end]]))
		}
	})
	return all
}

func (e *Encoding) pieces(text string, visit func(piece string)) {
	for len(text) > 0 {
		n := e.next(text)
		visit(text[:n])
		text = text[n:]
	}
}

func (e *Encoding) countPiece(piece string) int {
	if _, ok := e.ranks[piece]; ok {
		return 1
	}
	return len(e.merge(piece))
}
