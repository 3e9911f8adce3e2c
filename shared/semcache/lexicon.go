package semcache

import (
	"strings"
	"sync"
)

// kind is what a word can do to the meaning of a question. A word without one is
// a content word.
type kind uint32

const (
	function    kind = 1 << iota // carries no meaning by itself
	filler                       // may be left out: "really", "please"
	negator                      // turns the meaning round
	question                     // asks: base says for what
	preposition                  // governs the next noun
	direction                    // a preposition whose sides cannot be exchanged
	modal                        // should, must, can
	past                         // an auxiliary of the past
	present                      // an auxiliary of the present
	future                       // will
	perfect                      // have done
	be                           // a form of to be
	male                         // he, him, his
	female                       // she, her, hers
	conjunction                  // and, or
	number                       // a quantity: base is its value
	entity                       // a name, an acronym, an identifier
	symmetric                    // both sides of the relation are alike
	more                         // a degree: more, most
	less                         // the opposite degree
	participle                   // may be a past participle without -ed
	graded                       // an adjective whose opposite is its negation
	opinion                      // think, according to
	article                      // a, an, the
	iam                          // first person: I, my, we
	nationality                  // stands as adjective and as noun
)

// lemma is what the lexicon knows of a form.
type lemma struct {
	kind     kind
	base     string // the stem that all forms and synonyms share
	opposite int32  // words of one axis have the same number, the other side the negative
}

// lexicon maps lower-cased forms. It is made on first use: functions that never
// compare do not pay for it.
var lexicon = sync.OnceValue(func() map[string]lemma {
	m := make(map[string]lemma, 2048)
	for k, words := range closed {
		for w := range strings.FieldsSeq(words) {
			l := m[w]
			l.kind |= k
			m[w] = l
		}
	}
	for line := range strings.Lines(forms) {
		addForms(m, line)
	}
	for line := range strings.Lines(synonyms) {
		addSynonyms(m, line)
	}
	addOpposites(m, opposites, 1, 0)
	addOpposites(m, grades, 10_000, graded)
	return m
})

// addForms reads "base: form form"; a form that ends in ! is a past participle.
func addForms(m map[string]lemma, line string) {
	base, rest, _ := strings.Cut(line, ":")
	for w := range strings.FieldsSeq(rest) {
		w, part := strings.CutSuffix(w, "!")
		l := m[w]
		l.base = stem(base)
		if part {
			l.kind |= participle
		}
		m[w] = l
	}
}

// addSynonyms gives all words of a line the first one's base.
func addSynonyms(m map[string]lemma, line string) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return
	}
	base := baseOf(m, words[0])
	for _, w := range words {
		l := m[w]
		l.base = base
		m[w] = l
		if s := stem(w); s != w && m[s].base == "" {
			l := m[s]
			l.base = base
			m[s] = l
		}
	}
}

// addOpposites reads lines "word word / word word": two sides of an axis.
func addOpposites(m map[string]lemma, lines string, axis int32, k kind) {
	for line := range strings.Lines(lines) {
		left, right, ok := strings.Cut(line, "/")
		if !ok {
			continue
		}
		axis++
		addSide(m, left, axis, k)
		addSide(m, right, -axis, k)
	}
}

func addSide(m map[string]lemma, words string, side int32, k kind) {
	for w := range strings.FieldsSeq(words) {
		for _, form := range [...]string{w, stem(w)} {
			if l := m[form]; l.opposite == 0 {
				l.opposite, l.kind = side, l.kind|k
				m[form] = l
			}
		}
	}
}

func baseOf(m map[string]lemma, w string) string {
	if b := m[w].base; b != "" {
		return b
	}
	s := stem(w)
	if b := m[s].base; b != "" {
		return b
	}
	return s
}
