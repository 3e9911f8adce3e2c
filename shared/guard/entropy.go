package guard

import "bytes"

// placeholders stand in examples where a secret would stand.
var placeholders = [][]byte{
	[]byte("example"), []byte("xxxx"), []byte("your"), []byte("placeholder"), []byte("changeme"), []byte("dummy"),
	[]byte("redacted"), []byte("todo"), []byte("fake"), []byte("sample"), []byte("....."), []byte("****"), []byte("12345678"), []byte("abcdef"),
}

// placeholder reports whether s is no secret but shows where one goes.
func placeholder(s []byte) bool {
	var buf [128]byte
	low := appendLower(buf[:0], s[:min(len(s), len(buf))])
	for _, p := range placeholders {
		if bytes.Contains(low, p) {
			return true
		}
	}
	return distinct(s) <= 4
}

func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if isUpper(c) {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// distinct counts different bytes.
func distinct(s []byte) (n int) {
	var seen [256]bool
	for _, c := range s {
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n
}

// shape is what a text is made of.
type shape struct {
	lower, upper, digits, others int
	turns                        int // between lower case, upper case and digits
}

func shapeOf(s []byte) (h shape) {
	kind := byte(0)
	for _, c := range s {
		k := kind
		switch {
		case isDigit(c):
			h.digits++
			k = 'd'
		case isUpper(c):
			h.upper++
			k = 'u'
		case isLetter(c):
			h.lower++
			k = 'l'
		default:
			h.others++
		}
		if k != kind && kind != 0 {
			h.turns++
		}
		kind = k
	}
	return h
}

// mixed reports whether s looks drawn: letters and digits that change often, and
// many different ones.
func mixed(s []byte) bool {
	h := shapeOf(s)
	return h.digits >= 1 && h.lower+h.upper >= 2 && h.turns*4 >= len(s) && distinct(s) >= min(9, len(s)*2/3)
}

// strong reports whether s looks like a password that somebody uses.
func strong(s []byte) bool {
	h := shapeOf(s)
	kinds := 0
	for _, n := range []int{h.lower, h.upper, h.digits, h.others} {
		if n > 0 {
			kinds++
		}
	}
	return kinds >= 3 && h.digits > 0 && distinct(s) >= 6
}
