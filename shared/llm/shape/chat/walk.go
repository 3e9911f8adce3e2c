package chat

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
)

// The functions below walk JSON that was checked before, without decoding what
// nobody asks for: pictures of megabytes are passed over by looking for quotes.

// kind is the first byte of a value: one of { [ " t f n, or a digit or minus.
func kind(raw []byte) byte {
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

func isNull(raw []byte) bool { return kind(raw) == 'n' }

// members walks an object; anything else has none.
func members(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		if kind(raw) != '{' {
			return
		}
		for i := space(raw, 1); i < len(raw) && raw[i] == '"'; {
			end := skip(raw, i)
			key, _ := text(raw[i:end])
			i = space(raw, end)
			i = space(raw, i+1) // behind the colon
			end = skip(raw, i)
			if i >= end || !yield(key, raw[i:end:end]) {
				return
			}
			i = space(raw, end)
			i = space(raw, i+1) // behind the comma
		}
	}
}

// elements walks a list; anything else has none.
func elements(raw []byte) iter.Seq2[int, json.RawMessage] {
	return func(yield func(int, json.RawMessage) bool) {
		if kind(raw) != '[' {
			return
		}
		n := 0
		for i := space(raw, 1); i < len(raw) && raw[i] != ']'; n++ {
			end := skip(raw, i)
			if i >= end || !yield(n, raw[i:end:end]) {
				return
			}
			i = space(raw, end)
			i = space(raw, i+1)
		}
	}
}

// member returns one member of an object, nil when it has none of the name.
func member(raw []byte, name string) json.RawMessage {
	for key, v := range members(raw) {
		if key == name {
			return v
		}
	}
	return nil
}

// trim cuts the space around a document.
func trim(raw []byte) []byte { return bytes.Trim(raw, " \t\r\n") }

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
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
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i)
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n
		back := i
		for b[back-1] == '\\' {
			back--
		}
		if (i-back)%2 == 0 {
			return i + 1
		}
	}
	return len(b)
}

func skipNested(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = skipString(b, i) - 1
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

// text decodes a string; ok is false for another kind.
func text(raw []byte) (s string, ok bool) {
	if kind(raw) != '"' || len(raw) < 2 {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	return s, json.Unmarshal(raw, &s) == nil
}

// whole reads a whole number, also one written as 5.0.
func whole(raw []byte) (int64, bool) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	f, ok := number(raw)
	return int64(f), ok && f == float64(int64(f)) && f < 1<<53 && f > -1<<53
}

func number(raw []byte) (float64, bool) {
	if c := kind(raw); c != '-' && (c < '0' || c > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return f, err == nil
}

func boolean(raw []byte) (value, ok bool) {
	switch string(raw) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}
