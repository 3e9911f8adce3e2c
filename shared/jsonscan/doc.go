// Package jsonscan finds the few top-level fields of a JSON body that a gateway
// acts on, checks in the same pass that the whole body is valid JSON (RFC 8259)
// within limits, and rewrites values in place. Every byte that is not rewritten
// is forwarded as it came, so fields that the gateway has never heard of reach
// their reader.
//
// It is no decoder: values stay spans of the body until somebody asks for one.
// Nothing is allocated unless a string with escapes is decoded.
package jsonscan

import "strconv"

// Kind is the type of a JSON value.
type Kind uint8

// The kinds of a value; None is a field that is not there.
const (
	None Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Value is where a value stands in the document: Raw[Start:End], quotes and
// brackets included.
type Value struct {
	Start, End int
	Kind       Kind
}

// Present reports whether the field stands in the document with a value other
// than null.
func (v Value) Present() bool { return v.Kind > Null }

// Text tallies what the strings of a document hold, for estimates of tokens.
// Long base64 strings count as Media and not as text.
type Text struct {
	ASCII int // bytes below 0x80, escapes as one
	Multi int // bytes from 0x80, an escaped code unit as three
	Media int // base64 payloads of more than mediaMin bytes
}

// MaxNames is the most fields that one set of names may look for.
const MaxNames = 16

// Doc is a scanned document.
type Doc struct {
	Raw    []byte
	Open   int // offset behind the opening brace
	Size   int // members of the object
	Fields [MaxNames]Value
	Text   Text
}

// Bytes returns the text of a value.
func (d *Doc) Bytes(v Value) []byte { return d.Raw[v.Start:v.End] }

// Limits bound what a document may cost.
type Limits struct {
	Depth int // most brackets open at once; 0: DefaultDepth
}

// DefaultDepth is the nesting that a body may have without Limits.
const DefaultDepth = 128

// Error says why a document was refused and where.
type Error struct {
	Offset int    // byte
	Field  string // the top-level field at fault, "" when it is none that was looked for
	Reason string // public, e.g. "is given twice"
}

// Error implements error.
func (e *Error) Error() string {
	if e.Field != "" {
		return "field " + e.Field + " " + e.Reason
	}
	return "invalid JSON at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}
