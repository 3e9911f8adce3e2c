package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word of a unit: its stem as a number, and how it was written.
type word struct {
	term  int32
	shape shape
}

// shape says what a word looks like, which is all that is known about what it means.
type shape uint8

const (
	capital shape = 1 << iota // begins with a capital letter
	digits                    // holds a digit
	opening                   // first of its sentence, where a capital says nothing
	small                     // a word of grammar
)

// lexicon numbers stems. The lookup by bytes does not allocate.
type lexicon struct {
	terms map[string]int32
	small []bool // by term
	code  bool   // identifiers are cut into their words
	buf   []byte
}

func newLexicon(hint int) *lexicon {
	return &lexicon{terms: make(map[string]int32, hint)}
}

// read appends text's words to to.
func (l *lexicon) read(to []word, text string) []word {
	first := true
	for at := 0; at < len(text); {
		start := at
		end := wordEnd(text, at)
		if l.code && end > at {
			if text[start] == '_' {
				at++
				continue
			}
			end = subword(text, start, end)
		}
		if end == at {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
			continue
		}
		w := l.word(text[start:end])
		if first {
			w.shape |= opening
			first = false
		}
		to = append(to, w)
		at = end
	}
	return to
}

// wordEnd returns where the word at a place ends; words are letters, digits and
// underscores.
func wordEnd(text string, at int) int {
	for at < len(text) {
		c := text[at]
		if c < utf8.RuneSelf {
			if !isWordByte(c) {
				break
			}
			at++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
			break
		}
		at += size
	}
	return at
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

func (l *lexicon) word(written string) word {
	var w word
	l.buf = l.buf[:0]
	for i := 0; i < len(written); i++ {
		c := written[i]
		switch {
		case 'A' <= c && c <= 'Z':
			if i == 0 {
				w.shape |= capital
			}
			c |= 0x20
		case '0' <= c && c <= '9':
			w.shape |= digits
		case c >= utf8.RuneSelf:
			return l.wide(written)
		}
		l.buf = append(l.buf, c)
	}
	w.term = l.number(stem(l.buf))
	return l.seal(w)
}

// wide is word for what is not all ASCII.
func (l *lexicon) wide(written string) word {
	var w word
	r, _ := utf8.DecodeRuneInString(written)
	if unicode.IsUpper(r) {
		w.shape |= capital
	}
	if strings.ContainsAny(written, "0123456789") {
		w.shape |= digits
	}
	l.buf = append(l.buf[:0], strings.ToLower(written)...)
	w.term = l.number(stem(l.buf))
	return l.seal(w)
}

func (l *lexicon) seal(w word) word {
	if l.small[w.term] {
		w.shape |= small
	}
	return w
}

func (l *lexicon) number(stem []byte) int32 {
	if n, ok := l.terms[string(stem)]; ok {
		return n
	}
	n := int32(len(l.terms))
	l.terms[string(stem)] = n
	l.small = append(l.small, grammar[string(stem)])
	return n
}

// longestStem makes one of impeached and impeachment.
const longestStem = 6 // bytes

// stem cuts the commonest endings of English, and what is beyond the beginning of
// a long word in any language.
func stem(w []byte) []byte {
	n := len(w)
	switch {
	case n > 4 && has(w, "ies"):
		return append(w[:n-3], 'y')
	case n > 4 && has(w, "sses"):
		return w[:n-2]
	case n > 3 && w[n-1] == 's' && w[n-2] != 's' && w[n-2] != 'u' && w[n-2] != 'i':
		w = w[:n-1]
	}
	n = len(w)
	switch {
	case n > 5 && has(w, "ing"):
		w = undouble(w[:n-3])
	case n > 4 && has(w, "ed") && w[n-3] != 'e':
		w = undouble(w[:n-2])
	case n > 5 && has(w, "ly"):
		w = w[:n-2]
	}
	if n = len(w); n > 4 && w[n-1] == 'e' {
		w = w[:n-1]
	}
	return w[:min(len(w), longestStem)]
}

func has(w []byte, ending string) bool {
	return string(w[len(w)-len(ending):]) == ending
}

func undouble(w []byte) []byte {
	n := len(w)
	if n > 3 && w[n-1] == w[n-2] && w[n-1] != 'l' && w[n-1] != 's' && w[n-1] != 'z' {
		return w[:n-1]
	}
	return w
}
