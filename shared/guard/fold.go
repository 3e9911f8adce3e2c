package guard

import "unicode/utf8"

// Letters that only look like Latin ones, invisible characters between letters,
// and words with their letters apart: a text that has any of them is read a
// second time with them undone.
var oddTriggers = []trigger{
	{disguised, []string{"&~ ", " ~&"}},
	{widened, []string{"*@ "}},
	{apart, []string{" & ", " &-"}},
}

// most of a disguised text that is read again, bytes.
const mostFolded = 64 << 10

// disguised notes a look-alike or an invisible character beside a letter.
func disguised(v *view, i int) int {
	if !v.wants(Injection) || v.s.odd {
		return 0
	}
	j := i - 1
	r, n := utf8.DecodeRune(v.b[j:min(v.hi, j+4)])
	if j+n >= v.hi {
		v.touch()
	}
	if isLetter(v.at(j-1)) && (invisible(r) || latin[r] != 0) && (isLetter(v.at(j+n)) || v.at(j+n) >= 0x80) {
		v.s.odd = true
	}
	return 0
}

// widened notes full-width and mathematical letters.
func widened(v *view, i int) int {
	if v.wants(Injection) && !v.s.odd && v.at(i-1) >= 0x80 {
		r, _ := utf8.DecodeRune(v.b[i-1 : min(v.hi, i+3)])
		if i+3 > v.hi {
			v.touch()
		}
		v.s.odd = plainOf(r) != 0
	}
	return 0
}

// apart notes five single letters in a row.
func apart(v *view, i int) int {
	if !v.wants(Injection) || v.s.odd {
		return 0
	}
	for k := range 5 {
		if !isLetter(v.at(i-1+2*k)) || isLetter(v.at(i+2*k)) {
			return 0
		}
	}
	v.s.odd = true
	return 0
}

func invisible(r rune) bool {
	return r >= 0x200B && r <= 0x200F || r >= 0x2060 && r <= 0x2064 || r == 0xFEFF || r == 0xAD || r == 0x180E
}

// latin are Cyrillic and Greek letters by what they look like.
var latin = lookalikes(
	"аaеeоoрpсcуyхxіiјjѕsһhԁdкkмmтtгrпnвbА"+"AВBЕEКKМMНHОOРPСCТTУYХXІIЅSЈJ",
	"αaοoρpνvιiκkτtυuεeηnγyΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX",
)

func lookalikes(pairs ...string) map[rune]byte {
	out := map[rune]byte{}
	for _, p := range pairs {
		all := []rune(p)
		for i := 0; i+1 < len(all); i += 2 {
			out[all[i]] = byte(all[i+1]) //nolint:gosec // ASCII
		}
	}
	return out
}

// plainOf undoes full-width and mathematical letters; 0 for any other.
func plainOf(r rune) byte {
	switch {
	case r >= 0xFF21 && r <= 0xFF3A:
		return byte(r - 0xFF21 + 'A') //nolint:gosec // a letter
	case r >= 0xFF41 && r <= 0xFF5A:
		return byte(r - 0xFF41 + 'a') //nolint:gosec // a letter
	case r >= 0x1D400 && r <= 0x1D6A3:
		if n := byte((r - 0x1D400) % 52); n < 26 { //nolint:gosec // below 52
			return 'A' + n
		} else {
			return 'a' + n - 26
		}
	}
	return 0
}

// folded is a text with its disguises undone, and where each byte stood.
type folded struct {
	text []byte
	from []int
}

// unfold reads a disguised text again; what it finds is told by its own places.
func (s *Scanner) unfold(text []byte) {
	var f folded
	f.fold(text[:min(len(text), mostFolded)])
	for _, t := range []folded{f, f.joined()} {
		hidden := inner(t.text)
		if len(hidden) == 0 {
			continue
		}
		first := hidden[0]
		at := Finding{Injection, "disguised_injection", t.from[first.Start], len(text), first.Confidence}
		if first.End < len(t.from) {
			at.End = t.from[first.End]
		}
		s.found = append(s.found, at)
		return
	}
}

// inner looks for attempts in what was hidden, and no deeper.
func inner(text []byte) []Finding {
	s := Scanner{want: Injection, nested: true}
	s.run(text, 0, 0, true)
	return s.found
}

func (f *folded) fold(text []byte) {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch c := plainOf(r); {
		case invisible(r):
		case c != 0:
			f.put(c, i)
		case latin[r] != 0:
			f.put(latin[r], i)
		case r == 0x3000:
			f.put(' ', i)
		case r < 0x80:
			f.put(byte(r), i) //nolint:gosec // ASCII
		default:
			f.put('.', i) // no letter, and no part of a disguise
		}
		i += n
	}
}

func (f *folded) put(c byte, at int) {
	f.text, f.from = append(f.text, c), append(f.from, at)
}

// joined puts single letters together: "i g n o r e  a l l" and "i-g-n-o-r-e a-l-l".
func (f *folded) joined() (out folded) {
	single := func(i int) bool {
		return i >= 0 && i < len(f.text) && isLetter(f.text[i]) && (i == 0 || !isLetter(f.text[i-1])) && (i+1 == len(f.text) || !isLetter(f.text[i+1]))
	}
	dashed := false
	for i, c := range f.text {
		if !isLetter(c) && single(i-1) && single(i+1) {
			if c != ' ' {
				dashed = true
				continue
			}
			if !dashed {
				continue
			}
		}
		if c == ' ' && i > 0 && f.text[i-1] == ' ' {
			dashed = false
		}
		out.put(c, f.from[i])
	}
	return out
}
