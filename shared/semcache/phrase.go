package semcache

import (
	"slices"
	"strings"
	"sync"
)

// phrase is a set expression and what it comes down to.
type phrase struct{ from, to []string }

// phraseTable maps a phrase's first word to the phrases, longest first.
var phraseTable = sync.OnceValue(func() map[string][]phrase {
	m := map[string][]phrase{}
	for line := range strings.Lines(phrases) {
		from, to, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		p := phrase{strings.Fields(from), strings.Fields(to)}
		m[p.from[0]] = append(m[p.from[0]], p)
	}
	for _, ps := range m {
		slices.SortStableFunc(ps, func(a, b phrase) int { return len(b.from) - len(a.from) })
	}
	return m
})

// replacePhrases puts plain words in the place of set expressions.
func replacePhrases(in []token) []token {
	table := phraseTable()
	out := in[:0:len(in)] // grows into its own array only where a phrase gets longer, which none does
	for i := 0; i < len(in); {
		p, ok := phraseAt(table, in[i:])
		if !ok {
			out = append(out, in[i])
			i++
			continue
		}
		for _, w := range p.to {
			out = append(out, token{form: w, stop: in[i].stop, capital: in[i+len(p.from)-1].capital})
		}
		i += len(p.from)
	}
	return out
}

func phraseAt(table map[string][]phrase, in []token) (phrase, bool) {
	for _, p := range table[in[0].form] {
		if matches(p.from, in) {
			return p, true
		}
	}
	return phrase{}, false
}

func matches(words []string, in []token) bool {
	if len(words) > len(in) {
		return false
	}
	for i, w := range words {
		if in[i].form != w || i > 0 && in[i].stop {
			return false
		}
	}
	return true
}
