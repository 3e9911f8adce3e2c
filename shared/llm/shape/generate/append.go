package generate

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// output is JSON under construction. Values go out once, in order: a picture of
// megabytes is copied a single time.
type output struct{ b []byte }

func (w *output) comma() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' && w.b[n-1] != '[' && w.b[n-1] != ':' {
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
func (w *output) value(v any)     { b, _ := json.Marshal(v); w.raw(b) } // our own types
func (w *output) member(k, v string) {
	w.key(k)
	w.str(v)
}

// members writes the members of extra but for those in without, sorted.
func (w *output) members(extra map[string]json.RawMessage, without ...string) {
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		if !slices.Contains(without, k) {
			w.key(k)
			w.raw(extra[k])
		}
	}
}

// appendString appends s as JSON. What needs no escape is copied.
func appendString(dst []byte, s string) []byte {
	if !clean(s) {
		b, _ := json.Marshal(s) // a string always encodes
		return append(dst, b...)
	}
	return append(append(append(dst, '"'), s...), '"')
}

// clean reports whether nothing in s needs an escape.
func clean(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.ValidString(s)
}
