package guard

import (
	"math/bits"
	"sync"
)

// Bounds of what a decision may depend on, bytes before and behind a place. They
// hold for whole texts as well, so that pieces give the same.
const (
	lookBack  = 160
	lookAhead = 8 << 10
)

// Scanner reads one text in pieces. The zero value looks for nothing; Reset
// begins a text.
type Scanner struct {
	want  Category
	found []Finding
	weak  weakness
	odd   bool // the text hides letters from a plain reader
	looks int  // at sentences

	nested bool // the text was hidden in another one

	kept []byte // of the text, from offset base on
	base int
	next int // where the scan goes on
	view view
}

// view is what a checker may see of a text.
type view struct {
	b       []byte
	lo, hi  int
	final   bool
	touched bool // a checker wanted what has not come yet
	s       *Scanner
	base    int
}

// Reset begins a text in which want is looked for.
func (s *Scanner) Reset(want Category) {
	*s = Scanner{want: want, found: s.found[:0], kept: s.kept[:0]}
}

// Write takes the next piece of the text. What is found is known as soon as no
// later byte could change it.
func (s *Scanner) Write(p []byte) {
	s.kept = append(s.kept, p...)
	s.next = s.base + s.run(s.kept, s.base, s.next-s.base, false)
	if cut := s.next - s.base - lookBack; cut > 4*lookBack {
		s.kept = s.kept[:copy(s.kept, s.kept[cut:])]
		s.base += cut
	}
}

// Close says that the text has ended.
func (s *Scanner) Close() {
	s.next = s.base + s.run(s.kept, s.base, s.next-s.base, true)
}

// Found returns what was found so far, in the order in which it was decided;
// the slice is good until Reset.
func (s *Scanner) Found() []Finding { return s.found }

// Safe returns the offset before which the text is decided: nothing that comes
// can make a finding begin there.
func (s *Scanner) Safe() int { return s.base + startOfLast(s.kept, s.next-s.base) }

// Bounds of what may stand before a place and belong to the same finding.
const (
	longestHead  = 96
	longestGroup = 48
)

// startOfLast goes back from i over the word that i stands in, and over groups of
// digits before it.
func startOfLast(b []byte, i int) int {
	j := i
	for j > 0 && i-j < longestHead && b[j-1] > ' ' {
		j--
	}
	for floor := max(0, j-longestGroup); j > floor && (numeral[b[j-1]] || isUpper(b[j-1])); {
		j--
	}
	return j
}

var scanners = sync.Pool{New: func() any { return new(Scanner) }}

// Scan appends what is found in a whole text to dst.
func Scan(text []byte, want Category, dst []Finding) []Finding {
	s := scanners.Get().(*Scanner) //nolint:forcetypeassert // of our own pool
	s.Reset(want)
	s.run(text, 0, 0, true)
	if s.odd && want&Injection != 0 {
		s.unfold(text)
	}
	dst = append(dst, s.found...)
	s.view.b = nil
	scanners.Put(s)
	return dst
}

// run scans b from i on and returns where it came to: the end, or a place that
// needs more of the text.
func (s *Scanner) run(b []byte, base, i int, final bool) int {
	s.view = view{b: b, final: final, s: s, base: base}
	w := before(b, i)
	for i < len(b) {
		w = w<<5 | uint32(class[b[i]])
		if hot[w&three>>6]&(1<<(w&63)) == 0 {
			i++
			continue
		}
		next, more := s.check(i, actions[w&three])
		if more {
			return i
		}
		if next > i {
			i = next
			w = before(b, i)
			continue
		}
		i++
	}
	return i
}

// before is the class of the two bytes before i.
func before(b []byte, i int) (w uint32) {
	for j := max(0, i-2); j < i; j++ {
		w = w<<5 | uint32(class[b[j]])
	}
	return w
}

// check runs checkers at i until one finds something.
func (s *Scanner) check(i int, set uint32) (next int, more bool) {
	v := &s.view
	v.lo, v.hi, v.touched = max(0, i-lookBack), min(len(v.b), i+lookAhead), false
	found, weak, odd, looks := len(s.found), s.weak, s.odd, s.looks
	for ; set != 0; set &= set - 1 {
		next = checkers[bits.TrailingZeros32(set)](v, i)
		if v.touched {
			s.found, s.weak, s.odd, s.looks = s.found[:found], weak, odd, looks
			return i, true
		}
		if next > i {
			return next, false
		}
	}
	return 0, false
}

// at returns the byte at j, 0 outside of the text.
func (v *view) at(j int) byte {
	if j >= v.hi {
		v.touch()
		return 0
	}
	if j < v.lo {
		return 0
	}
	return v.b[j]
}

func (v *view) touch() {
	if !v.final && v.hi == len(v.b) {
		v.touched = true
	}
}

// span returns where the run of bytes of a set ends that begins at j.
func (v *view) span(j int, set *[256]bool) int {
	for j < v.hi && set[v.b[j]] {
		j++
	}
	if j >= v.hi {
		v.touch()
	}
	return j
}

// has reports whether s stands at j, in this very case.
func (v *view) has(j int, s string) bool {
	if j < v.lo {
		return false
	}
	for k := range len(s) {
		if v.at(j+k) != s[k] {
			return false
		}
	}
	return true
}

// report keeps a finding and returns its end, where the scan goes on.
func (v *view) report(c Category, rule string, from, to int, confidence uint8) int {
	if v.s.want&c != 0 && confidence >= Threshold {
		v.s.found = append(v.s.found, Finding{c, rule, v.base + from, v.base + to, confidence})
	}
	return to
}

func (v *view) wants(c Category) bool { return v.s.want&c != 0 }

func set(chars string) *[256]bool {
	var s [256]bool
	for _, c := range []byte(chars) {
		s[c] = true
	}
	return &s
}

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var (
	word    = set(digits + lower + upper)
	urlish  = set(digits + lower + upper + "-_")
	base64s = set(digits + lower + upper + "+/=")
	hexes   = set(digits + "abcdefABCDEF")
	numeral = set(digits + " -./()")
)

func isDigit(c byte) bool  { return c-'0' < 10 }
func isUpper(c byte) bool  { return c-'A' < 26 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }
