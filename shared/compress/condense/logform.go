package condense

import (
	"strings"
	"unicode/utf8"
)

// formsOf gives lines of one form one number.
func formsOf(all []string) []int {
	numbers := map[string]int{}
	forms := make([]int, len(all))
	var templates [][]string
	for i, line := range all {
		words := mask(line)
		key := strings.Join(words, "\x00")
		n, ok := numbers[key]
		if !ok {
			n = len(templates)
			numbers[key] = n
			templates = append(templates, words)
		}
		forms[i] = n
	}
	joined := join(templates)
	for i, f := range forms {
		forms[i] = joined[f]
	}
	return forms
}

const value = "*"

// mask cuts a line into words and signs; words that hold a digit become values,
// and values that stand together one value.
func mask(line string) []string {
	var words []string
	for at := 0; at < len(line); {
		end := at
		digit := false
		for end < len(line) && inWord(line[end]) {
			digit = digit || '0' <= line[end] && line[end] <= '9'
			end++
		}
		word := line[at:end]
		if end == at {
			end++
			word = line[at:end]
			if word == " " {
				at = end
				continue
			}
		}
		if digit {
			word = value
		}
		if n := len(words); word != value || n == 0 || words[n-1] != value {
			words = append(words, word)
		}
		at = end
	}
	return words
}

// inWord holds what values are made of, times, paths and addresses included.
func inWord(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= utf8.RuneSelf:
		return true
	}
	return strings.IndexByte("_-./:@+%#$~", c) >= 0
}

// fewest different words in one place that make the place a value.
const fewestValues = 3

// join gives templates that differ in one place one number, where enough do.
func join(templates [][]string) []int {
	places := map[string][]int{}
	for n, words := range templates {
		own := without(words, -1)
		places[own] = append(places[own], n) // a value where others have a word
		for i := range words {
			if mayVary(words, i) {
				key := without(words, i)
				places[key] = append(places[key], n)
			}
		}
	}
	joined := make([]int, len(templates))
	for n := range joined {
		joined[n] = n
	}
	for n, words := range templates {
		best := 0
		for i := -1; i < len(words); i++ {
			if i >= 0 && !mayVary(words, i) {
				continue
			}
			if same := places[without(words, i)]; len(same) >= fewestValues && len(same) > best {
				best, joined[n] = len(same), same[0]
			}
		}
	}
	return root(joined)
}

// mostWords bounds what long lines cost, which grows with the square of their words.
const mostWords = 80

// mayVary reports whether a word of a template may be a value: it is a word, and
// the rest says enough.
func mayVary(words []string, i int) bool {
	return len(words) >= 4 && len(words) <= mostWords && words[i] != value && inWord(words[i][0])
}

// without is a template's key with a value in one place.
func without(words []string, i int) string {
	var b strings.Builder
	for j, w := range words {
		if j == i {
			w = value
		}
		b.WriteString(w)
		b.WriteByte(0)
	}
	return b.String()
}

// root follows joins to their first template.
func root(joined []int) []int {
	for n := range joined {
		r := n
		for joined[r] < r {
			r = joined[r]
		}
		joined[n] = r
	}
	return joined
}
