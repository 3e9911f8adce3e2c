package chat

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// object appends the members of one JSON object, in the order of the calls.
type object struct {
	b     []byte
	began bool
}

// begin opens an object behind b.
func begin(b []byte) *object { return &object{b: append(b, '{')} }

// end closes it and returns all bytes.
func (o *object) end() []byte { return append(o.b, '}') }

// key writes the name of a member, whose value must be appended to o.b next.
func (o *object) key(name string) *object {
	if o.began {
		o.b = append(o.b, ',')
	}
	o.began = true
	o.b = append(appendText(o.b, name), ':')
	return o
}

func (o *object) raw(name string, v json.RawMessage) {
	o.key(name)
	o.b = append(o.b, v...)
}

func (o *object) text(name, s string) {
	o.key(name)
	o.b = appendText(o.b, s)
}

func (o *object) int(name string, n int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) bool(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *object) float(name string, f float64) {
	o.key(name)
	o.b = strconv.AppendFloat(o.b, f, 'g', -1, 64)
}

// in appends a nested object that f fills.
func (o *object) in(name string, f func(*object)) {
	o.key(name)
	o.b = nested(o.b, f)
}

func nested(b []byte, f func(*object)) []byte {
	inner := begin(b)
	f(inner)
	return inner.end()
}

// extra appends the fields that only this protocol knows, but for those in not
// and for marks, which are no fields; sorted, so that equal requests are equal
// bytes.
func (o *object) extra(e canonical.Extra, not ...string) {
	if len(e) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if !isMark(name) && !slices.Contains(not, name) {
			o.raw(name, e[name])
		}
	}
}

// Marks in Extra say how something was said. No field has such a name.
const (
	bareImage  = "\x00bare"   // image_url was a string
	asImage    = "\x00image"  // a document came as an image_url
	besideText = "\x00beside" // a refusal was a field of the message, not a part
	asLegacy   = "\x00legacy" // tools came as functions
)

func isMark(name string) bool { return name != "" && name[0] == 0 }

// appendText appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, as encoding/json does.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
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
				b = append(append(b, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += size
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
