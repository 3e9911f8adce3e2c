// Package label checks the names that people give to tenants and keys: any
// language, and nothing that could pass for something else on a screen, in a
// path or in a statement. It is not for ids, which have an alphabet of their own.
package label

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Most is how many characters a label has at most.
const Most = 100

const mostMarks = 3 // combining marks on one letter

// Clean returns the label in normalization form C (Unicode Standard Annex 15).
// The error says, for the public, what is wrong with it.
func Clean(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("is not UTF-8")
	}
	if utf8.RuneCountInString(s) > 2*Most {
		return "", errTooLong
	}
	s = norm.NFC.String(s)
	switch {
	case s == "":
		return "", errors.New("is empty")
	case utf8.RuneCountInString(s) > Most:
		return "", errTooLong
	case strings.Contains(s, "--"), strings.Contains(s, ".."), strings.Contains(s, "  "), strings.HasSuffix(s, " "):
		return "", errors.New("repeats a dash, a dot or a space, or ends in a space")
	}
	if err := checkRunes(s); err != nil {
		return "", err
	}
	for word := range strings.FieldsSeq(s) {
		if mixesScripts(word) {
			return "", errors.New("mixes alphabets whose letters look alike within a word")
		}
	}
	return s, nil
}

var errTooLong = errors.New("has more than 100 characters")

func checkRunes(s string) error {
	before, marks := rune(0), 0
	for i, r := range s {
		switch {
		case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return errors.New("holds characters that are not seen")
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			marks = 0
		case unicode.IsMark(r):
			if marks++; i == 0 || marks > mostMarks {
				return errors.New("stacks marks on a letter")
			}
		case i == 0:
			return errors.New("must begin with a letter or a digit")
		case r == '\'' || r == '’':
			if next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):]); !unicode.IsLetter(before) || !unicode.IsLetter(next) {
				return errors.New("has an apostrophe that is not within a word")
			}
		case !strings.ContainsRune(" &.,()-_+@#!:", r):
			return errors.New("may hold letters, digits, spaces and & . , ( ) - _ + @ # ! : ' only")
		}
		before = r
	}
	return nil
}

// lookalikes are alphabets that share the shapes of many letters (Unicode
// Technical Standard 39, mixed-script confusables).
var lookalikes = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee}

func mixesScripts(word string) bool {
	seen := 0
	for _, script := range lookalikes {
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) }) {
			seen++
		}
	}
	return seen > 1
}
