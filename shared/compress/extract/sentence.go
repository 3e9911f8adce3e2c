package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentences cuts a part of text after sentences and at the ends of lines.
func sentences(text string, in span) []span {
	var all []span
	for start := in.start; start < in.end; {
		end := sentenceEnd(text[start:in.end]) + start
		end += space(text[end:in.end])
		all = append(all, span{start, end})
		start = end
	}
	return all
}

// sentenceEnd returns where the first sentence of s ends.
func sentenceEnd(s string) int {
	begun := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n':
			if begun {
				return i
			}
		case '.', '!', '?':
			if end := closing(s, i+1); ends(s, i, end) {
				return end
			}
		case ' ', '\t', '\r':
		default:
			begun = true
			if s[i] == 0xe3 && strings.HasPrefix(s[i:], "。") {
				return i + len("。")
			}
		}
	}
	return len(s)
}

// closing skips signs that belong to the sentence before.
func closing(s string, at int) int {
	for at < len(s) && strings.IndexByte(".!?\"')]", s[at]) >= 0 {
		at++
	}
	if strings.HasPrefix(s[at:], "”") {
		at += len("”")
	}
	return at
}

// ends reports whether the sign at dot ends a sentence that is closed at end.
func ends(s string, dot, end int) bool {
	if end == len(s) {
		return true
	}
	if s[end] != ' ' && s[end] != '\n' && s[end] != '\t' {
		return false
	}
	next := end + space(s[end:])
	r, _ := utf8.DecodeRuneInString(s[next:])
	if unicode.IsLower(r) {
		return false
	}
	return s[dot] != '.' || !abbreviated(s[:dot])
}

var abbreviations = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "st": true, "sr": true, "jr": true, "vs": true, "no": true,
	"vol": true, "fig": true, "inc": true, "ltd": true, "co": true, "corp": true, "gen": true, "col": true, "lt": true, "sgt": true,
	"capt": true, "rev": true, "hon": true, "gov": true, "sen": true, "rep": true, "e.g": true, "i.e": true, "cf": true, "al": true,
	"approx": true, "c": true, "ca": true, "jan": true, "feb": true, "aug": true, "sept": true, "oct": true, "nov": true, "dec": true,
}

// abbreviated reports whether the word before a full stop is one that it belongs
// to: an abbreviation or an initial.
func abbreviated(before string) bool {
	word := before[strings.LastIndexAny(before, " \n\t(\"")+1:]
	if utf8.RuneCountInString(word) == 1 {
		return unicode.IsUpper(lastRune(word))
	}
	if len(word) >= 3 && word[len(word)-2] == '.' && unicode.IsUpper(lastRune(word)) {
		return true // U.S, J.R.R
	}
	return len(word) <= 6 && abbreviations[strings.ToLower(word)]
}
