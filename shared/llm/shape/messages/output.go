package messages

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// output is JSON under construction. Values go out once, in order: a picture of
// megabytes is copied a single time.
type output struct{ b []byte }

func (w *output) comma() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' && w.b[n-1] != '[' && w.b[n-1] != ':' && w.b[n-1] != ' ' {
		w.b = append(w.b, ',')
	}
}

func (w *output) open(c byte)  { w.comma(); w.b = append(w.b, c) }
func (w *output) close(c byte) { w.b = append(w.b, c) }

func (w *output) key(name string) {
	w.comma()
	w.b = append(appendString(w.b, name), ':')
}

func (w *output) str(s string)    { w.comma(); w.b = appendString(w.b, s) }
func (w *output) raw(r []byte)    { w.comma(); w.b = append(w.b, r...) }
func (w *output) int(n int64)     { w.comma(); w.b = strconv.AppendInt(w.b, n, 10) }
func (w *output) bool(v bool)     { w.comma(); w.b = strconv.AppendBool(w.b, v) }
func (w *output) float(f float64) { b, _ := json.Marshal(f); w.raw(b) } // read from JSON: finite

// member writes a member that is a string.
func (w *output) member(name, value string) {
	w.key(name)
	w.str(value)
}

// number writes a member that is a whole number.
func (w *output) number(name string, n int64) {
	w.key(name)
	w.int(n)
}

// extra writes the members of e, sorted, but for those that stand in without.
func (w *output) extra(e canonical.Extra, without ...string) {
	if len(e) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if !slices.Contains(without, name) {
			w.key(name)
			w.raw(e[name])
		}
	}
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259, section 7). Bytes that are
// no UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += size
			continue
		}
		dst = append(append(dst, s[from:i]...), '\\')
		switch c {
		case '"', '\\':
			dst = append(dst, c)
		case '\n':
			dst = append(dst, 'n')
		case '\t':
			dst = append(dst, 't')
		case '\r':
			dst = append(dst, 'r')
		default:
			dst = append(dst, 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
