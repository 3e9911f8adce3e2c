package llmsim

import (
	"unicode"
	"unicode/utf8"
)

const longestPiece = 8 // bytes of one token's letters

// Tokenize splits s into the simulator's tokens, whose concatenation is s: a
// word's piece of at most eight bytes with the space before it, a run of white
// space, or a single other character.
func Tokenize(s string) []string {
	out := make([]string, 0, len(s)/4+1)
	for len(s) > 0 {
		n := tokenLength(s)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// CountTokens returns len(Tokenize(s)) without building it.
func CountTokens(s string) int {
	n := 0
	for len(s) > 0 {
		s = s[tokenLength(s):]
		n++
	}
	return n
}

func tokenLength(s string) int {
	start := 0
	if s[0] == ' ' {
		start = 1
	}
	if n := wordLength(s[start:]); n > 0 {
		return start + n
	}
	if n := spaceLength(s); n > 0 {
		return n
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func wordLength(s string) int {
	n := 0
	for n < len(s) {
		r, w := utf8.DecodeRuneInString(s[n:])
		if !wordRune(r) || n > 0 && n+w > longestPiece {
			break
		}
		n += w
	}
	return n
}

func spaceLength(s string) int {
	n := 0
	for n < len(s) {
		r, w := utf8.DecodeRuneInString(s[n:])
		if !unicode.IsSpace(r) {
			break
		}
		n += w
	}
	return n
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}
