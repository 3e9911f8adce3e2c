package semcache

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word as it was written.
type token struct {
	form    string // lower-cased
	capital bool   // begins with a capital, and not because a sentence does
	shape   bool   // an identifier, an acronym: letters with digits, dots, inner capitals
	digit   bool   // a quantity
	stop    bool   // a clause ends before it
}

// contracted are short forms whose apostrophe people leave out.
var contracted = map[string]string{
	"dont": "do not", "cant": "can not", "wont": "will not", "didnt": "did not", "doesnt": "does not", "isnt": "is not",
	"arent": "are not", "wasnt": "was not", "werent": "were not", "hasnt": "has not", "havent": "have not", "hadnt": "had not",
	"couldnt": "could not", "wouldnt": "would not", "shouldnt": "should not", "im": "i am", "ive": "i have", "whats": "what is",
	"wheres": "where is", "hows": "how is", "whos": "who is", "thats": "that is", "cannot": "can not", "won't": "will not",
	"can't": "can not", "shan't": "shall not", "ain't": "is not", "let's": "let us", "gonna": "going to", "wanna": "want to", "pls": "please",
	"u": "you", "ur": "your",
}

// short are the ends that an apostrophe begins.
var short = map[string]string{"re": "are", "ve": "have", "ll": "will", "d": "would", "m": "am"}

// hosts are what 's means "is" behind, and not possession.
var hosts = map[string]bool{
	"what": true, "who": true, "where": true, "when": true, "why": true, "how": true, "it": true, "he": true, "she": true,
	"that": true, "there": true, "here": true, "this": true, "which": true,
}

// scan cuts a text into tokens.
func scan(s string) []token {
	out := make([]token, 0, len(s)/5+4)
	fresh, stop := true, false // at the beginning of a sentence; a clause ended
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			switch r {
			case '.', '?', '!', '\n', ':':
				fresh, stop = true, true
			case ',', ';', '(', ')', '"':
				stop = true
			}
			if unit, ok := signs[r]; ok {
				out = append(out, token{form: unit})
			}
			i += size
			continue
		}
		end := wordEnd(s, i)
		out = appendWord(out, s[i:end], fresh, stop)
		i, fresh, stop = end, false, false
	}
	return out
}

var signs = map[rune]string{'$': "dollar", '€': "euro", '£': "pound", '%': "percent", '¥': "yen", '₹': "rupee"}

// wordEnd is where the word that begins at i ends: dots, dashes and the like
// belong to it while letters or digits stand on both sides.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '_':
			i += size
		case strings.ContainsRune("'’.-/+#&@,", r):
			next, _ := utf8.DecodeRuneInString(s[i+size:])
			last := s[i-1]
			joins := unicode.IsLetter(next) || unicode.IsDigit(next)
			if (r == ',' || r == '-' || r == '/') && (last < '0' || last > '9' || next < '0' || next > '9') {
				joins = false // "1,000" and "2024-01-02", but "30-year" is two words
			}
			if (r == '+' || r == '#') && !joins && (last == '+' || unicode.IsLetter(rune(last))) {
				i += size // C++, C#
				continue
			}
			if !joins {
				return i
			}
			i += size
		default:
			return i
		}
	}
	return i
}

func appendWord(out []token, w string, fresh, stop bool) []token {
	w = strings.ReplaceAll(w, "’", "'")
	lower := strings.ToLower(w)
	if full, ok := contracted[lower]; ok {
		return appendAll(out, full, stop)
	}
	head, tail, apostrophe := strings.Cut(lower, "'")
	switch {
	case !apostrophe:
		return append(out, tokenOf(w, lower, fresh, stop))
	case tail == "t" && strings.HasSuffix(head, "n"):
		return appendAll(out, head[:len(head)-1]+" not", stop)
	case short[tail] != "":
		return append(append(out, tokenOf(w[:len(head)], head, fresh, stop)), token{form: short[tail]})
	case tail == "s" && hosts[head]:
		return append(append(out, tokenOf(w[:len(head)], head, fresh, stop)), token{form: "is"})
	case tail == "s" || tail == "":
		return append(out, tokenOf(w[:len(head)], head, fresh, stop))
	default:
		return append(out, tokenOf(w, lower, fresh, stop))
	}
}

func appendAll(out []token, words string, stop bool) []token {
	for w := range strings.FieldsSeq(words) {
		out = append(out, token{form: w, stop: stop})
		stop = false
	}
	return out
}

func tokenOf(w, lower string, fresh, stop bool) token {
	t := token{form: lower, stop: stop}
	var upper, letters, digits, marks int
	for i, r := range w {
		switch {
		case unicode.IsUpper(r):
			upper, letters = upper+1, letters+1
			t.capital = t.capital || i == 0 && !fresh
		case unicode.IsLetter(r):
			letters++
		case r >= '0' && r <= '9':
			digits++
		case r == '_' || r == '.' || r == '+' || r == '#' || r == '/' || r == '@':
			marks++
		}
	}
	first := rune(w[0])
	t.digit = digits > 0 && (letters == 0 || unicode.IsDigit(first))
	t.shape = !t.digit && (digits > 0 || marks > 0 || upper > 1 || upper == 1 && !unicode.IsUpper(first) && first < utf8.RuneSelf)
	return t
}
