package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones      = 0x0101010101010101
	highs     = 0x8080808080808080
	quotes    = ones * '"'
	slashes   = ones * '\\'
	controls  = ones * 0x20
	mediaMin  = 1024 // shorter strings are text, whatever they look like
	mediaPeek = 256  // how much of a long string is looked at
)

// stops marks bytes of w that end a run of plain string bytes: quote, backslash,
// control. The lowest mark is exact; those above it may be false (the borrow of
// the subtraction), which does no harm since only the lowest is used. See
// Hacker's Delight, 6-1.
func stops(w uint64) uint64 {
	q, b := w^quotes, w^slashes
	return ((q-ones)&^q | (b-ones)&^b | (w-controls)&^w) & highs
}

// run skips plain string bytes from i and adds those from 0x80 to multi.
func run(b []byte, i, multi int) (int, int) {
	for len(b)-i >= 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		m := stops(w)
		if m == 0 {
			if w&highs != 0 {
				multi += bits.OnesCount64(w & highs)
			}
			i += 8
			continue
		}
		n := bits.TrailingZeros64(m) &^ 7
		if w &= 1<<n - 1; w&highs != 0 {
			multi += bits.OnesCount64(w & highs)
		}
		return i + n>>3, multi
	}
	for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' {
		multi += int(b[i] >> 7)
		i++
	}
	return i, multi
}

// str reads a string from behind its opening quote; it returns the offset behind
// the closing one and whether an escape stands in between.
func (s *scanner) str(i int) (end int, escaped bool) {
	b, from, multi, saved := s.b, i, 0, 0
	for {
		i, multi = run(b, i, multi)
		if i >= len(b) {
			return s.fail(i, "the string does not end"), escaped
		}
		switch b[i] {
		case '"':
			s.tally(b[from:i], multi, saved)
			return i + 1, escaped
		case '\\':
			escaped = true
			n := escape(b[i:])
			if n == 0 {
				return s.fail(i, "not an escape"), escaped
			}
			if n == 6 { // counts as three bytes from 0x80
				multi, saved = multi+3, saved+3
			} else {
				saved++
			}
			i += n
		default:
			return s.fail(i, "a control character in a string"), escaped
		}
	}
}

// escape returns the length of the escape sequence that b begins with, or 0.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 || hex(b[2])|hex(b[3])|hex(b[4])|hex(b[5]) > 15 {
			return 0
		}
		return 6
	}
	return 0
}

// hex returns the value of a hexadecimal digit, or 255.
func hex(c byte) byte {
	switch {
	case c-'0' < 10:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// tally adds one string to the text of the document.
func (s *scanner) tally(b []byte, multi, saved int) {
	if len(b) >= mediaMin && multi == 0 && saved == 0 && base64Like(b) {
		s.text.Media++
		return
	}
	s.text.Multi += multi
	s.text.ASCII += len(b) - saved - multi
}

// base64Like looks at the beginning of a long string, behind a data URI's
// comma: text has a space sooner.
func base64Like(b []byte) bool {
	if string(b[:5]) == "data:" {
		return true
	}
	for _, c := range b[:mediaPeek] {
		switch {
		case c-'0' < 10, c|0x20 >= 'a' && c|0x20 <= 'z', c == '+', c == '/', c == '-', c == '_', c == '=':
		default:
			return false
		}
	}
	return true
}
