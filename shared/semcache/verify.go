package semcache

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// VerifierMiss is how often Verify calls two answers the same that are not, as
// `make eval-cache` measures it (upper end of the 95 % interval, rounded up). The
// bounds of a policy are widened by it. The other error, calling equal answers
// different, only closes the tier earlier.
const VerifierMiss = 0.05

// Limits of Verify.
const (
	shortAnswer   = 8    // words; below, answers must be equal
	agreedF1      = 0.7  // of the tokens of longer ones
	mostAnswer    = 4000 // words
	mostJSONBytes = 256 << 10
)

// Verify says whether a fresh answer and a cached one say the same, so that the
// cached one would have done. JSON must be equal as values, short answers equal
// but for case and punctuation; longer ones must share most of their words and
// every number, name and negation. It is stricter than a reader would be.
func Verify(fresh, cached string) bool {
	if equal, isJSON := equalJSON(fresh, cached); isJSON {
		return equal
	}
	a, b := fold(fresh), fold(cached)
	if len(a.words) == 0 || len(b.words) == 0 {
		return false
	}
	if len(a.words) < shortAnswer || len(b.words) < shortAnswer {
		return slices.Equal(a.words, b.words)
	}
	return len(a.words) <= mostAnswer && len(b.words) <= mostAnswer && slices.Equal(a.numbers, b.numbers) &&
		f1(a.words, b.words) >= agreedF1 && sameFacts(fresh, cached)
}

// equalJSON compares two JSON objects or arrays as values; isJSON is false when
// either is none.
func equalJSON(a, b string) (equal, isJSON bool) {
	if len(a) > mostJSONBytes || len(b) > mostJSONBytes || !looksJSON(a) || !looksJSON(b) {
		return false, false
	}
	x, okX := canonicalJSON(a)
	y, okY := canonicalJSON(b)
	return bytes.Equal(x, y), okX && okY
}

func looksJSON(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && (s[0] == '{' || s[0] == '[')
}

func canonicalJSON(s string) ([]byte, bool) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return nil, false
	}
	out, err := json.Marshal(v) // keys in order
	return out, err == nil
}

// folded is an answer as words, without articles, lower-cased, and its numbers in
// order of size.
type folded struct{ words, numbers []string }

func fold(s string) (f folded) {
	for _, t := range scan(s) {
		if t.form == "a" || t.form == "an" || t.form == "the" {
			continue
		}
		if t.digit {
			f.numbers = append(f.numbers, t.form)
		}
		if f.words = append(f.words, t.form); len(f.words) > mostAnswer {
			break
		}
	}
	slices.Sort(f.numbers)
	return f
}

// f1 is the harmonic mean of precision and recall over tokens, as SQuAD scores
// answers (Rajpurkar and others, 2016).
func f1(a, b []string) float64 {
	counts := make(map[string]int, len(a))
	for _, w := range a {
		counts[w]++
	}
	common := 0
	for _, w := range b {
		if counts[w] > 0 {
			counts[w]--
			common++
		}
	}
	return 2 * float64(common) / math.Max(1, float64(len(a)+len(b)))
}

// sameFacts compares what turns an answer into another one though few words
// change: quantities, names, negations, opposites.
func sameFacts(a, b string) bool {
	const facts = Number | Name | Opposite | Negation | Role | Gender
	x, y := Read(a), Read(b)
	x.long, y.long = false, false // beyond what Read takes, words and numbers were compared already
	return Compare(x, y).Found&facts == 0
}
