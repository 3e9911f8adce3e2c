// Package sameness says when two requests ask the same: it writes a JSON body in
// one form, whatever order its members came in, however it was spaced and
// however its strings were escaped, without the top-level members that mean
// nothing to the answer. It does not look into what the members mean, and keeps
// numbers as they were written: 1 and 1.0 are two questions.
package sameness

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Leave reports whether a top-level member means nothing; name is as it was
// written, without its quotes. value is the member's, canonical.
type Leave func(name, value []byte) bool

// Append appends the canonical form of raw, a valid JSON object, to dst.
func Append(dst, raw []byte, leave Leave) []byte {
	w := writer{raw: raw, out: dst, leave: leave}
	w.value(w.space(0), true)
	return w.out
}

type writer struct {
	raw, out []byte
	leave    Leave
	spare    []byte // for members that come in another order
}

// member is where a member stands in out: its name, quotes included, and all of
// it with a comma behind.
type member struct{ from, name, to int }

func (w *writer) space(i int) int {
	for i < len(w.raw) && (w.raw[i] == ' ' || w.raw[i] == '\n' || w.raw[i] == '\t' || w.raw[i] == '\r') {
		i++
	}
	return i
}

// value writes the value that begins at i and returns where it ends.
func (w *writer) value(i int, top bool) int {
	if i >= len(w.raw) {
		return i
	}
	switch w.raw[i] {
	case '{':
		return w.object(i+1, top)
	case '[':
		return w.array(i + 1)
	case '"':
		return w.text(i)
	}
	end := i
	for end < len(w.raw) && !bytes.ContainsRune([]byte(",]} \n\t\r"), rune(w.raw[end])) {
		end++
	}
	w.out = append(w.out, w.raw[i:end]...)
	return end
}

func (w *writer) array(i int) int {
	w.out = append(w.out, '[')
	for i = w.space(i); i < len(w.raw) && w.raw[i] != ']'; {
		i = w.space(w.value(i, false))
		if i < len(w.raw) && w.raw[i] == ',' {
			w.out = append(w.out, ',')
			i = w.space(i + 1)
		}
	}
	w.out = append(w.out, ']')
	return i + 1
}

// object writes the members by name; of members of one name the order stays.
func (w *writer) object(i int, top bool) int {
	w.out = append(w.out, '{')
	var room [16]member
	members := room[:0]
	for i = w.space(i); i < len(w.raw) && w.raw[i] == '"'; {
		m := member{from: len(w.out)}
		i = w.space(w.text(i))
		m.name = len(w.out)
		w.out = append(w.out, ':')
		i = w.space(w.value(w.space(i+1), false))
		w.out = append(w.out, ',')
		m.to = len(w.out)
		if top && w.leave != nil && w.leave(w.out[m.from+1:m.name-1], w.out[m.name+1:m.to-1]) {
			w.out = w.out[:m.from]
		} else {
			members = append(members, m)
		}
		if i < len(w.raw) && w.raw[i] == ',' {
			i = w.space(i + 1)
		}
	}
	w.sort(members)
	if len(members) > 0 {
		w.out = w.out[:len(w.out)-1]
	}
	w.out = append(w.out, '}')
	return i + 1
}

func (w *writer) sort(members []member) {
	byName := func(a, b member) int { return bytes.Compare(w.out[a.from:a.name], w.out[b.from:b.name]) }
	if len(members) < 2 || slices.IsSortedFunc(members, byName) {
		return
	}
	from, to := members[0].from, members[len(members)-1].to
	slices.SortStableFunc(members, byName)
	w.spare = w.spare[:0]
	for _, m := range members {
		w.spare = append(w.spare, w.out[m.from:m.to]...)
	}
	copy(w.out[from:to], w.spare)
}

// text writes a string. One with escapes is written anew with as few as there
// can be, but for surrogates: a lone one has no other form.
func (w *writer) text(i int) int {
	if n := bytes.IndexByte(w.raw[i+1:], '"'); n >= 0 && bytes.IndexByte(w.raw[i+1:i+1+n], '\\') < 0 {
		w.out = append(w.out, w.raw[i:i+n+2]...)
		return i + n + 2
	}
	end, escaped := i+1, false
	for end < len(w.raw) && w.raw[end] != '"' {
		if w.raw[end] == '\\' {
			escaped = true
			end++
		}
		end++
	}
	end = min(end+1, len(w.raw))
	raw := w.raw[i:end]
	var s string
	if !escaped || bytes.Contains(raw, []byte(`\ud`)) || bytes.Contains(raw, []byte(`\uD`)) || json.Unmarshal(raw, &s) != nil {
		w.out = append(w.out, raw...)
		return end
	}
	w.out = append(w.out, '"')
	for j := range len(s) {
		switch c := s[j]; {
		case c == '"' || c == '\\':
			w.out = append(w.out, '\\', c)
		case c < ' ':
			const digits = "0123456789abcdef"
			w.out = append(w.out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			w.out = append(w.out, c)
		}
	}
	w.out = append(w.out, '"')
	return end
}
