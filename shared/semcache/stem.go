package semcache

import "strings"

// stem strips inflection, and only that: plural, -ed, -ing, a final e or y. It
// is steps 1a to 1c of Porter's stemmer ("An algorithm for suffix stripping",
// 1980) with the final e dropped always; derivation ("care", "careless") is
// meaning and stays. British and American spellings meet.
func stem(w string) string {
	if len(w) < 4 {
		return strings.TrimSuffix(w, "'")
	}
	w = plural(w)
	for _, end := range [...]string{"ing", "ed"} {
		if s, ok := strings.CutSuffix(w, end); ok && len(s) >= 2 && hasVowel(s) && !strings.HasSuffix(w, "eed") {
			w = single(s)
			break
		}
	}
	if len(w) > 3 && w[len(w)-1] == 'e' {
		w = w[:len(w)-1]
	}
	if n := len(w); n > 3 && w[n-1] == 'y' && !vowel(w[n-2]) {
		w = w[:n-1] + "i"
	}
	return american(w)
}

func plural(w string) string {
	n := len(w)
	switch {
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "xes"):
		return w[:n-2]
	case strings.HasSuffix(w, "ies") && n > 4:
		return w[:n-3] + "y"
	case w[n-1] == 's' && w[n-2] != 's' && w[n-2] != 'u' && w[n-2] != 'i':
		return w[:n-1]
	}
	return w
}

// single undoes the doubled consonant of "stopped" but keeps "call", "miss".
func single(s string) string {
	n := len(s)
	if n > 2 && s[n-1] == s[n-2] && !vowel(s[n-1]) && s[n-1] != 'l' && s[n-1] != 's' && s[n-1] != 'z' {
		return s[:n-1]
	}
	return s
}

// american turns a British stem into the American one.
func american(w string) string {
	n := len(w)
	switch {
	case n > 5 && strings.HasSuffix(w, "is") && w[n-3] != 's':
		return w[:n-2] + "iz" // organise; both sides of "analysis" change alike
	case n > 5 && strings.HasSuffix(w, "our"):
		return w[:n-2] + "r"
	case n > 6 && strings.HasSuffix(w, "ell"), n > 6 && strings.HasSuffix(w, "ogu"):
		return w[:n-1]
	}
	return w
}

func vowel(c byte) bool { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' }

func hasVowel(s string) bool { return strings.ContainsAny(s, "aeiouy") }
