package semcache

import (
	"strings"
	"sync/atomic"
)

// MostWords bounds what Read looks at. A longer question is refused by the tier:
// two long texts are hardly ever asking the same.
const MostWords = 400

// word is a token that was understood.
type word struct {
	form, stem string
	id         uint32 // of the stem, see ident
	kind       kind
	opposite   int32
	governor   string // the preposition that governs it
	stop       bool   // a clause ends before it
}

// Text is a question as Compare sees it. It is immutable.
type Text struct {
	plain     string
	words     []word
	content   []int // indices of words that mean something, in the order of an active clause
	joined    bool  // content was put in order: the text was in the passive voice
	negations int
	fewer     int // "less", "least"
	degrees   int // "more", "less"
	tenses    kind
	modality  uint8
	asks      uint16
	genders   string // of third-person pronouns, in order
	joins     [2]int // how many "and", "or"
	long      bool
	listed    atomic.Pointer[[]term] // see terms
}

// Read understands a text as far as Compare needs it. It takes some
// microseconds and accepts anything.
func Read(s string) *Text {
	tokens := replacePhrases(scan(s))
	t := &Text{plain: s}
	if len(tokens) > MostWords {
		tokens, t.long = tokens[:MostWords], true
	}
	title := manyCapitals(tokens)
	t.words = make([]word, 0, len(tokens)+2)
	for _, k := range tokens {
		t.take(k, title)
	}
	t.govern()
	t.note()
	t.order()
	return t
}

// String returns the text as it was read.
func (t *Text) String() string { return t.plain }

// Words says how many words of meaning the text has.
func (t *Text) Words() int { return len(t.content) }

// manyCapitals says that capitals mean nothing here: a headline, or shouting.
func manyCapitals(tokens []token) bool {
	capitals := 0
	for _, k := range tokens {
		if k.capital {
			capitals++
		}
	}
	return len(tokens) > 5 && capitals*10 > len(tokens)*7
}

func (t *Text) take(k token, title bool) {
	if k.digit {
		t.takeNumber(k)
		return
	}
	l, known := lexicon()[k.form]
	w := word{form: k.form, kind: l.kind, stem: l.base, opposite: l.opposite, stop: k.stop}
	if w.stem == "" && l.kind&function == 0 {
		w.stem = stem(k.form)
		if s, ok := lexicon()[w.stem]; ok && w.stem != k.form {
			w.kind |= s.kind &^ (function | filler | negator | preposition | participle)
			if s.base != "" {
				w.stem = s.base
			}
			if w.opposite == 0 {
				w.opposite = s.opposite
			}
		}
	}
	if w.stem == "" {
		w.stem = k.form
	}
	if n, ok := numerals[k.form]; ok {
		w.stem, w.kind = n, number
	}
	if (k.shape || k.capital && !title) && w.kind&(function|filler) == 0 {
		w.kind |= entity
	}
	if k.shape && known && k.form != "it" && len(k.form) > 1 && w.kind&function != 0 && k.capital {
		w.kind = w.kind&^function | entity // "US", "IT" in capitals
	}
	w.id = ident(w.stem)
	t.words = append(t.words, w)
}

// ident is FNV-1a: stems become cheap to compare, and what is learnt of a word
// holds in every process.
func ident(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// govern notes the preposition in front of each noun phrase.
func (t *Text) govern() {
	governor, inside := "", false
	for i := range t.words {
		w := &t.words[i]
		switch {
		case w.kind&preposition != 0:
			governor, inside = canonicalGovernor(w.form), false
		case w.stop:
			governor, inside = "", false
		}
		if w.kind&function != 0 {
			if inside && w.kind&preposition == 0 {
				governor, inside = "", false
			}
			continue
		}
		w.governor = governor
		inside = governor != ""
	}
}

func canonicalGovernor(form string) string {
	switch form {
	case "into", "onto":
		return "to"
	case "against":
		return "than" // both compare
	}
	return form
}

// note counts what the small words say.
func (t *Text) note() {
	l := len(t.words)
	for i := range t.words {
		w := &t.words[i]
		k := w.kind
		if k&negator != 0 {
			t.negations++
		}
		if k&less != 0 {
			t.fewer++
		}
		if k&(more|less) != 0 {
			t.degrees++
		}
		t.tenses |= k & (past | present | future)
		switch w.form {
		case "and":
			t.joins[0]++
		case "or":
			t.joins[1]++
		}
		if k&(male|female) != 0 {
			t.genders += gender(k)
		}
		t.modality |= modalities[w.form]
		if k&question != 0 {
			t.asks |= asked(w.form, i+1 < l && i < 3, t.words[min(i+1, l-1)].form)
		}
	}
	if l > 0 && t.asks == 0 && t.words[0].kind&(past|present|future|modal|be|perfect) != 0 {
		t.asks = asksYes
	}
}

func gender(k kind) string {
	if k&male != 0 {
		return "m"
	}
	return "f"
}

var modalities = map[string]uint8{"should": 1, "ought": 1, "must": 1, "can": 2, "could": 2, "may": 4, "might": 4}

// What a question asks for.
const (
	asksYes uint16 = 1 << iota
	asksWho
	asksWhat
	asksWhen
	asksWhere
	asksWhy
	asksHow
	asksAmount
)

func asked(form string, follows bool, next string) uint16 {
	switch form {
	case "who", "whom", "whose":
		return asksWho
	case "what", "which":
		return asksWhat
	case "when":
		return asksWhen
	case "where":
		return asksWhere
	case "why":
		return asksWhy
	}
	if follows && strings.Contains(" much many long often far old big tall fast ", " "+next+" ") {
		return asksAmount
	}
	return asksHow
}
