package jsonscan

import (
	"encoding/json"
	"strconv"
)

// Str returns a string value decoded; ok is false for another kind.
func (d *Doc) Str(v Value) (s string, ok bool) {
	if v.Kind != String {
		return "", false
	}
	return unquote(d.Raw[v.Start+1 : v.End-1])
}

// unquote decodes what stands between the quotes of a valid string.
func unquote(b []byte) (string, bool) {
	for _, c := range b {
		if c == '\\' {
			q := make([]byte, 0, len(b)+2)
			q = append(append(append(q, '"'), b...), '"')
			var s string
			err := json.Unmarshal(q, &s)
			return s, err == nil
		}
	}
	return string(b), true
}

// Int returns a number value; ok is false for another kind, a fraction, an
// exponent, or what an int64 cannot hold.
func (d *Doc) Int(v Value) (n int64, ok bool) {
	if v.Kind != Number || v.End-v.Start > 20 {
		return 0, false
	}
	b := d.Raw[v.Start:v.End]
	if len(b) > 18 {
		n, err := strconv.ParseInt(string(b), 10, 64)
		return n, err == nil
	}
	neg := b[0] == '-'
	if neg {
		b = b[1:]
	}
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

// True reports whether the value is true.
func (d *Doc) True(v Value) bool { return v.Kind == Bool && d.Raw[v.Start] == 't' }

// Empty reports whether the value says nothing: absent, null, "", [] or {}.
func (d *Doc) Empty(v Value) bool {
	switch v.Kind {
	case None, Null:
		return true
	case String:
		return v.End-v.Start == 2
	case Array, Object:
		s := scanner{b: d.Raw}
		c := d.Raw[s.space(v.Start+1)]
		return c == ']' || c == '}'
	}
	return false
}

// Sub scans an object value of d with another set of names.
func (d *Doc) Sub(v Value, n *Names, out *Doc) error {
	return n.Scan(d.Raw[v.Start:v.End], Limits{}, out)
}

// Elements walks an array value: call Next until it returns false. The offsets
// of its values are those of d.
type Elements struct {
	s  scanner
	at int
}

// Elements returns a walk over the array v.
func (d *Doc) Elements(v Value) Elements {
	e := Elements{s: scanner{b: d.Raw[:v.End], depth: DefaultDepth}, at: -1}
	if v.Kind == Array {
		e.at = e.s.space(v.Start + 1)
	}
	return e
}

// Next returns the next element.
func (e *Elements) Next() (Value, bool) {
	if e.at < 0 || e.at >= len(e.s.b) || e.s.b[e.at] == ']' {
		return Value{}, false
	}
	end, kind := e.s.value(e.at, 0)
	if end < 0 {
		return Value{}, false
	}
	v := Value{e.at, end, kind}
	if e.at = e.s.space(end); e.at < len(e.s.b) && e.s.b[e.at] == ',' {
		e.at = e.s.space(e.at + 1)
	}
	return v, true
}

// AppendWithout appends the document without the top-level member whose value is
// v, and without the comma that went with it.
func (d *Doc) AppendWithout(dst []byte, v Value) []byte {
	from, to := v.Start, v.End
	for from--; d.Raw[from] != '"'; from-- { // the name's closing quote
	}
	for from--; d.Raw[from] != '"' || escapes(d.Raw[:from]); from-- {
	}
	s := scanner{b: d.Raw}
	if next := s.space(to); d.Raw[next] == ',' {
		to = next + 1
	} else {
		for from > d.Open && d.Raw[from] != ',' {
			from--
		}
	}
	return append(append(dst, d.Raw[:from]...), d.Raw[to:]...)
}

// escapes reports whether b ends with an odd number of backslashes.
func escapes(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
