package semcache

import "strings"

// numerals are number words; "one" is more often a pronoun and stays out.
var numerals = map[string]string{
	"zero": "0", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
	"ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50",
	"sixty": "60", "ninety": "90", "hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1000000000",
}

// takeNumber reads a quantity with what is glued to it: "30", "1,000.0", "8am",
// "3rd", "10k". The unit becomes a word of its own.
func (t *Text) takeNumber(k token) {
	end := strings.LastIndexAny(k.form, "0123456789") + 1
	value, unit := k.form[:end], k.form[end:]
	if strings.Trim(value, "0123456789.,") != "" {
		value, unit = k.form, "" // a date, a range, a version with letters: the whole is the value
	}
	value = strings.ReplaceAll(value, ",", "")
	if whole, fraction, ok := strings.Cut(value, "."); ok && strings.Trim(fraction, "0") == "" {
		value = whole
	}
	switch unit {
	case "k":
		value, unit = value+"000", ""
	case "st", "nd", "rd", "th":
		unit = ""
	}
	w := word{form: k.form, stem: value, kind: number, stop: k.stop}
	w.id = ident(value)
	t.words = append(t.words, w)
	if unit != "" {
		t.take(token{form: unit}, false)
	}
}
