package messages

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// fields are the members of a JSON object that nobody has taken yet. Values are
// parts of the body: a picture of megabytes is not copied. The first thing that
// does not fit is kept in err, and everything after it is nothing.
type fields struct {
	at   string // where the object stands, as an error names it; "" is the top
	err  *error
	list []field
}

type field struct {
	name  string
	value []byte
}

// object reads the members of raw, which is valid JSON.
func object(raw []byte, at string, err *error) *fields {
	f := &fields{at: at, err: err}
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '{' {
		f.fail("", "must be an object")
		return f
	}
	f.list = make([]field, 0, 8)
	for i := space(raw, 1); i < len(raw) && raw[i] == '"'; {
		end := skip(raw, i)
		name, _ := unquote(raw[i:end])
		from := space(raw, space(raw, end)+1)
		to := skip(raw, from)
		f.list = append(f.list, field{name, raw[from:to]})
		if i = space(raw, to); i < len(raw) && raw[i] == ',' {
			i = space(raw, i+1)
		}
	}
	return f
}

// elements cuts the list raw, which is valid JSON, into its elements; ok is false
// when it is none.
func elements(raw []byte) (list [][]byte, ok bool) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	list = [][]byte{}
	for i := space(raw, 1); i < len(raw) && raw[i] != ']'; {
		to := skip(raw, i)
		list = append(list, raw[i:to])
		if i = space(raw, to); i < len(raw) && raw[i] == ',' {
			i = space(raw, i+1)
		}
	}
	return list, true
}

func (f *fields) name(of string) string {
	switch {
	case f.at == "":
		return of
	case of == "":
		return f.at
	}
	return f.at + "." + of
}

func (f *fields) fail(of, why string) {
	if *f.err == nil {
		name := f.name(of)
		if name == "" {
			name = "body"
		}
		*f.err = dcoder.Invalid(name, "%s %s", name, why)
	}
}

// take removes a member and returns its value, nil when there is none. A null
// stays where it is: it says nothing, and is written out again.
func (f *fields) take(name string) []byte {
	for i := range f.list {
		if f.list[i].name == name && string(f.list[i].value) != "null" {
			v := f.list[i].value
			f.list = append(f.list[:i], f.list[i+1:]...)
			return v
		}
	}
	return nil
}

// takeNull removes a member that is null.
func (f *fields) takeNull(name string) {
	for i := range f.list {
		if f.list[i].name == name && string(f.list[i].value) == "null" {
			f.list = append(f.list[:i], f.list[i+1:]...)
			return
		}
	}
}

func (f *fields) peek(name string) []byte {
	for i := range f.list {
		if f.list[i].name == name {
			return f.list[i].value
		}
	}
	return nil
}

func (f *fields) str(name string) string {
	v := f.take(name)
	if v == nil {
		return ""
	}
	s, ok := unquote(v)
	if !ok {
		f.fail(name, "must be a string")
	}
	return s
}

// word takes a string that is not empty; an empty one stays where it is.
func (f *fields) word(name string) string {
	if string(f.peek(name)) == `""` {
		return ""
	}
	return f.str(name)
}

func (f *fields) int(name string) *int64 {
	v := f.take(name)
	if v == nil {
		return nil
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		f.fail(name, "must be a whole number")
		return nil
	}
	return &n
}

func (f *fields) float(name string) *float64 {
	v := f.take(name)
	if v == nil {
		return nil
	}
	n, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		f.fail(name, "must be a number")
		return nil
	}
	return &n
}

func (f *fields) bool(name string) *bool {
	v := f.take(name)
	if v == nil {
		return nil
	}
	b := string(v) == "true"
	if !b && string(v) != "false" {
		f.fail(name, "must be true or false")
	}
	return &b
}

// object takes a member that is an object; nil when there is none.
func (f *fields) object(name string) *fields {
	v := f.take(name)
	if v == nil {
		return nil
	}
	return object(v, f.name(name), f.err)
}

// rest returns what nobody took; nil when that is nothing.
func (f *fields) rest() canonical.Extra {
	if len(f.list) == 0 {
		return nil
	}
	e := make(canonical.Extra, len(f.list))
	for _, m := range f.list {
		e[m.name] = m.value
	}
	return e
}

// numbered names an element of a list.
func numbered(at string, i int) string { return at + "." + strconv.Itoa(i) }

// The functions below walk JSON that is known to be valid.

func space(b []byte, i int) int {
	for i < len(b) && strings.IndexByte(" \t\r\n", b[i]) >= 0 {
		i++
	}
	return i
}

// skip returns the offset behind the value that begins at i.
func skip(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return behindString(b, i)
	case '{', '[':
		return behindBrackets(b, i)
	}
	for i < len(b) && strings.IndexByte(",]} \t\r\n", b[i]) < 0 {
		i++
	}
	return i
}

func behindString(b []byte, i int) int {
	for i++; i < len(b); {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		slashes := 0
		for at := i + n - 1; at >= i && b[at] == '\\'; at-- {
			slashes++
		}
		if i += n + 1; slashes%2 == 0 {
			return i
		}
	}
	return len(b)
}

func behindBrackets(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = behindString(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}

// unquote decodes a JSON string.
func unquote(b []byte) (s string, ok bool) {
	if len(b) < 2 || b[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b[1 : len(b)-1]), true
	}
	err := json.Unmarshal(b, &s)
	return s, err == nil
}
