package semcache

import "strings"

// denials are prefixes that turn a word into what it is not.
var denials = [...]string{"un", "in", "im", "ir", "il", "dis", "non", "a", "mis"}

// negated says whether x is y with a prefix of denial.
func negated(x, y string) bool {
	if len(y) < 3 {
		return false
	}
	for _, prefix := range denials {
		if rest, ok := strings.CutPrefix(x, prefix); ok && strings.TrimPrefix(rest, "-") == y && (prefix != "a" || len(y) > 5) {
			return true
		}
	}
	return lacking(x, y)
}

// lacking says whether the words are "hopeful" and "hopeless".
func lacking(x, y string) bool {
	a, full := strings.CutSuffix(x, "ful")
	b, without := strings.CutSuffix(y, "less")
	return full && without && a == b && len(a) > 2
}

// contraries are prefixes that exclude each other.
var contraries = [...][2]string{{"hypo", "hyper"}, {"pre", "post"}, {"over", "under"}, {"intra", "inter"}, {"anti", "pro"}, {"macro", "micro"}, {"in", "ex"}, {"im", "ex"}, {"im", "em"}, {"up", "down"}}

func contrary(x, y string) bool {
	for _, c := range contraries {
		for _, pair := range [...][2]string{c, {c[1], c[0]}} {
			a, okA := strings.CutPrefix(x, pair[0])
			b, okB := strings.CutPrefix(y, pair[1])
			if okA && okB && a == b && len(a) >= 3 {
				return true
			}
		}
	}
	return false
}

// realWords are pairs that one exchange of neighbours turns into each other
// though both are words.
var realWords = map[string]bool{
	"from": true, "form": true, "trial": true, "trail": true, "angel": true, "angle": true, "diary": true, "dairy": true,
	"casual": true, "causal": true, "united": true, "untied": true, "sacred": true, "scared": true, "calm": true, "clam": true,
	"quite": true, "quiet": true, "bale": true, "able": true, "salve": true, "slave": true, "martial": true, "marital": true,
	"unite": true, "untie": true, "lots": true, "lost": true, "cats": true, "cast": true, "acts": true, "eats": true, "east": true,
	"two": true, "tow": true, "who": true, "how": true, "on": true, "no": true, "sue": true, "use": true, "lion": true, "loin": true,
	"silver": true, "sliver": true, "tired": true, "tried": true, "begin": true, "being": true, "bread": true, "board": true, "broad": true,
	"was": true, "saw": true, "are": true, "ear": true, "god": true, "dog": true, "nap": true, "pan": true, "tap": true, "pat": true,
	"left": true, "felt": true, "file": true, "flie": true, "life": true, "goal": true, "gaol": true, "parts": true, "prats": true,
	"split": true, "spilt": true, "bets": true, "best": true, "ends": true, "dens": true, "tens": true, "nets": true, "vary": true, "vray": true,
}

// misspelt says whether two words are one with a slip: two neighbours exchanged,
// a letter doubled or not, in words of some length.
func misspelt(x, y *word) bool {
	if x.kind&number != 0 || y.kind&number != 0 {
		return false
	}
	a, b := x.form, y.form
	if len(a) < 4 || len(b) < 4 || a[0] != b[0] && len(a) < 5 {
		return false
	}
	return exchanged(a, b) && !realWords[a] && !realWords[b] || doubled(a, b) || doubled(b, a)
}

// exchanged says whether a is b with two neighbouring bytes exchanged.
func exchanged(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:] && !digit(a[i]) && !digit(a[i+1])
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// doubled says whether a is b with one letter doubled.
func doubled(a, b string) bool {
	if len(a) != len(b)+1 || len(b) < 5 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	return i > 0 && a[i] == a[i-1] && a[i+1:] == b[i:]
}

// transposed says whether two texts are equal but for one exchange of
// neighbours, across a space perhaps, that makes no other word.
func transposed(a, b string) bool {
	if !exchanged(a, b) {
		return false
	}
	i := 0
	for a[i] == b[i] {
		i++
	}
	x, y := around(a, i), around(b, i)
	_, knownX := lexicon()[x]
	_, knownY := lexicon()[y]
	return (!realWords[x] || !realWords[y]) && (len(x) > 2 || knownX != knownY)
}

// around is the lower-cased word that stands at i.
func around(s string, i int) string {
	from, to := i, i+2
	for from > 0 && s[from-1] != ' ' {
		from--
	}
	for to < len(s) && s[to] != ' ' {
		to++
	}
	return strings.ToLower(strings.Trim(s[from:to], " .,?!"))
}
