package extract

import "strings"

// wanted says what kind of thing would answer a question.
type wanted uint8

const (
	anything wanted = iota
	aName           // who, whose, where, which
	aNumber         // how many, how long
	aDate           // when, what year
)

func wantedBy(question string) wanted {
	q := " " + strings.ToLower(question) + " "
	switch {
	case hasAny(q, " when ", " what year ", " which year ", " what date ", " what day ", " what month "):
		return aDate
	case hasAny(q, " how many ", " how much ", " how long ", " how old ", " how tall ", " how far ", " how big ", " number of ", " population "):
		return aNumber
	case hasAny(q, " who ", " whose ", " whom ", " where ", " who's ", " which ", " name of "):
		return aName
	}
	return anything
}

func hasAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// offers reports how well a unit's words could hold what is wanted: 1 when
// something in it can, that the question does not say itself.
func (a *asked) offers(words []word) float64 {
	names, numbers := 0, 0
	for _, w := range words {
		if a.index[w.term] != 0 {
			continue
		}
		if w.shape&digits != 0 {
			numbers++
		} else if w.shape&capital != 0 && w.shape&opening == 0 {
			names++
		}
	}
	switch {
	case a.wants == aName && names > 0, (a.wants == aNumber || a.wants == aDate) && numbers > 0:
		return 1
	case a.wants == anything && names+numbers > 0:
		return .5
	}
	return 0
}
