package guard

import (
	"encoding/base64"
	"strings"
)

// Words of attempts as they look in base64, at each of the three places that a
// word may have in it. What holds one is decoded and read.

type wrappedWord struct {
	text string
}

var wrappedWords = wrap("ignore", "Ignore", "instruction", "previous", "disregard", "Disregard", "system prompt")

// wrap returns the characters that do not depend on what stands around a word.
func wrap(words ...string) (out []wrappedWord) {
	for _, w := range words {
		for shift := range 3 {
			coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + w))
			coded = strings.TrimRight(coded, "=")
			from := []int{0, 2, 3}[shift]
			to := (shift + len(w)) * 8 / 6
			out = append(out, wrappedWord{coded[from:to]})
		}
	}
	return out
}

func wrappedTriggers() []trigger {
	t := trigger{check: wrapped}
	for _, w := range wrappedWords {
		t.at = append(t.at, w.text[:3])
	}
	return []trigger{t}
}

const mostWrapped = 2 << 10 // characters that are decoded

// wrapped decodes the word that i stands in.
func wrapped(v *view, i int) int {
	if !v.wants(Injection) || v.s.nested || !v.isWrapped(i-2) {
		return 0
	}
	from := i - 2
	for from > v.lo && base64s[v.b[from-1]] {
		from--
	}
	end := v.span(i, base64s)
	coded := v.b[from:min(end, from+mostWrapped)]
	for len(coded) > 0 && coded[len(coded)-1] == '=' {
		coded = coded[:len(coded)-1]
	}
	for shift := range min(4, len(coded)) { // the word may begin before what is seen
		piece := coded[shift:]
		piece = piece[:len(piece)/4*4]
		plain := make([]byte, base64.RawStdEncoding.DecodedLen(len(piece)))
		n, err := base64.RawStdEncoding.Decode(plain, piece)
		if err != nil {
			return end
		}
		if rest := coded[shift+len(piece):]; len(rest) > 1 {
			tail, _ := base64.RawStdEncoding.DecodeString(string(rest))
			plain = append(plain[:n], tail...)
		}
		if len(inner(plain)) > 0 {
			return v.report(Injection, "wrapped_injection", from, end, 80)
		}
	}
	return end // not again for every word of it
}

func (v *view) isWrapped(j int) bool {
	for k := range wrappedWords {
		if v.has(j, wrappedWords[k].text) {
			return true
		}
	}
	return false
}
