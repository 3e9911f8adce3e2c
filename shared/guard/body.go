package guard

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

// media is the length from which a string without blanks is taken for encoded
// bytes, of a picture or the like, and skipped.
const media = 4 << 10

var decoded = sync.Pool{New: func() any { return new([]byte) }}

// mostPooled is the largest buffer that is kept, bytes.
const mostPooled = 1 << 20

// Body appends what is found in the string values of a JSON document, or of
// events that carry some, to dst. Offsets are those of raw; a finding lies within
// one string. Names of members are not read.
func Body(raw []byte, want Category, dst []Finding) []Finding {
	if want == 0 {
		return dst
	}
	for w := (Strings{Raw: raw}); w.Next(); {
		dst = String(raw, w.Start, w.End, want, dst)
	}
	return dst
}

// String appends what is found in the string whose characters, escapes and all,
// are raw[from:to].
func String(raw []byte, from, to int, want Category, dst []Finding) []Finding {
	s := raw[from:to]
	if len(s) < shortest || isMedia(s) {
		return dst
	}
	had := len(dst)
	if bytes.IndexByte(s, '\\') < 0 {
		dst = Scan(s, want, dst)
		for i := had; i < len(dst); i++ {
			dst[i].Start, dst[i].End = dst[i].Start+from, dst[i].End+from
		}
		return dst
	}
	buf := decoded.Get().(*[]byte) //nolint:forcetypeassert // of our own pool
	*buf = Unescape((*buf)[:0], s)
	dst = Scan(*buf, want, dst)
	if cap(*buf) <= mostPooled {
		decoded.Put(buf)
	}
	for i := had; i < len(dst); i++ {
		dst[i].Start, dst[i].End = from+Escaped(s, dst[i].Start), from+Escaped(s, dst[i].End)
	}
	return dst
}

// shortest is the length of the shortest finding.
const shortest = 8

// isMedia samples a long string.
func isMedia(s []byte) bool {
	if len(s) < media {
		return false
	}
	if bytes.HasPrefix(s, []byte("data:")) {
		if i := bytes.Index(s[:128], []byte(";base64,")); i >= 0 {
			s = s[i+8:]
		}
	}
	if bytes.IndexByte(s, ' ') >= 0 {
		return false
	}
	for i := 0; i < len(s); i += len(s)/64 + 1 {
		if c := s[i]; !base64s[c] && !urlish[c] && c != '\\' {
			return false
		}
	}
	return true
}

// Strings walks the string values of a JSON text. Begin with Raw set; members'
// names are passed over, but Name holds the one before a value.
type Strings struct {
	Raw        []byte
	Start, End int    // of the value's characters, without quotes
	Name       []byte // of the member, or of the one whose value holds it

	at int
}

// Next goes on to the next value and reports whether there is one.
func (w *Strings) Next() bool {
	for {
		from, to, ok := w.quoted()
		if !ok {
			return false
		}
		i := to + 1
		for i < len(w.Raw) && (w.Raw[i] == ' ' || w.Raw[i] == '\n' || w.Raw[i] == '\t' || w.Raw[i] == '\r') {
			i++
		}
		if i < len(w.Raw) && w.Raw[i] == ':' {
			w.Name = w.Raw[from:to]
			w.at = i + 1
			continue
		}
		w.Start, w.End = from, to
		return true
	}
}

// quoted finds the next string.
func (w *Strings) quoted() (from, to int, ok bool) {
	i := bytes.IndexByte(w.Raw[min(w.at, len(w.Raw)):], '"')
	if i < 0 {
		return 0, 0, false
	}
	from = w.at + i + 1
	for to = from; ; to++ {
		j := bytes.IndexByte(w.Raw[to:], '"')
		if j < 0 {
			return 0, 0, false
		}
		to += j
		if !escapes(w.Raw[from:to]) {
			w.at = to + 1
			return from, to, true
		}
	}
}

// escapes reports whether b ends with an odd number of backslashes.
func escapes(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// Unescape appends the text of a JSON string, of which s are the characters.
func Unescape(dst, s []byte) []byte {
	for len(s) > 0 {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		r, n := escape(s[i:])
		if r >= 0 {
			dst = utf8.AppendRune(dst, r)
		}
		s = s[i+n:]
	}
	return dst
}

// escape reads the escape that s begins with, and how many bytes it has; a pair
// of surrogates is one.
func escape(s []byte) (r rune, n int) {
	if len(s) < 2 {
		return -1, len(s)
	}
	switch s[1] {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'u':
		r, ok := unit(s)
		if !ok {
			return utf8.RuneError, min(6, len(s))
		}
		if r >= 0xD800 && r < 0xDC00 {
			if low, ok := unit(s[6:]); ok && low >= 0xDC00 && low < 0xE000 {
				return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 12
			}
		}
		return r, 6
	default:
		return rune(s[1]), 2
	}
}

func unit(s []byte) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range s[2:6] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// Escaped returns where the byte at offset at of the text stands in the
// characters s of its JSON string.
func Escaped(s []byte, at int) int {
	i := 0
	for at > 0 && i < len(s) {
		if s[i] != '\\' {
			i++
			at--
			continue
		}
		r, n := escape(s[i:])
		i += n
		if r >= 0 {
			at -= max(utf8.RuneLen(r), 1)
			if utf8.RuneLen(r) < 0 {
				at -= 2 // a lone surrogate is written as U+FFFD, three bytes
			}
		}
	}
	return i
}
