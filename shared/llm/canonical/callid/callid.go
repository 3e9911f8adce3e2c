// Package callid lets what a provider must get back on the next turn ride in the
// id of a tool call, which is the one field that every client of the chat
// protocol echoes: Gemini's thought signature, and the signed thinking that
// Anthropic wants before a tool's use. It also gives ids with characters that a
// provider refuses a form that every provider takes.
//
// An id made here matches ^[a-zA-Z0-9_-]+$ and is read back exactly. It is no
// secret and no proof: signatures are proven by the provider that made them. The
// package is no store either; what does not fit (see Most) does not ride.
package callid

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// Prefix begins every id made here. An id without it means itself.
const Prefix = "dcs1_"

// Most is the longest id that is made, bytes. Cargo that would need more is left
// behind: the id travels alone, and the provider sees the turn without its
// signature.
const Most = 64 << 10

// Cargo is what rides in an id.
type Cargo struct {
	// Signature belongs to the call itself (Gemini).
	Signature string
	// Thoughts stood before the call in the same turn (Anthropic).
	Thoughts []Thought
}

// Thought is a piece of reasoning with the signature that proves it.
type Thought struct {
	Text      string
	Signature string
	Redacted  bool // Signature is reasoning that only its provider can read
}

// Pack returns an id that carries a signature. Without a signature it returns id
// itself when that is clean, else a clean form of it.
func Pack(id, signature string) string { return Load(id, Cargo{Signature: signature}) }

// Unpack returns what Pack was given. An id that was not made here is returned
// as it is, without a signature.
func Unpack(s string) (id, signature string) {
	id, c := Unload(s)
	return id, c.Signature
}

// Load returns an id that carries c, or as much of it as fits: all or nothing.
func Load(id string, c Cargo) string {
	if c.empty() && Clean(id) && !strings.HasPrefix(id, Prefix) {
		return id
	}
	if packed := seal(id, &c); len(packed) <= Most || c.empty() {
		return packed
	}
	return Load(id, Cargo{})
}

// Unload returns what Load was given.
func Unload(s string) (id string, c Cargo) {
	if !strings.HasPrefix(s, Prefix) || len(s) > 2*Most {
		return s, Cargo{}
	}
	id, c, ok := open(s[len(Prefix):])
	if !ok {
		return s, Cargo{}
	}
	return id, c
}

// Clean reports whether every provider takes id: ^[a-zA-Z0-9_-]+$.
func Clean(id string) bool {
	for _, c := range []byte(id) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return id != ""
}

func (c *Cargo) empty() bool { return c.Signature == "" && len(c.Thoughts) == 0 }

var alphabet = base64.RawURLEncoding.Strict()

// seal writes base64url(crc32 of the rest, form, rest). The sum tells an id made
// here from one that only looks so, or that a client has cut.
func seal(id string, c *Cargo) string {
	form, rest := squeeze(c.append(appendText(nil, id)))
	b := make([]byte, 5, 5+len(rest))
	b[4] = form
	b = append(b, rest...)
	binary.BigEndian.PutUint32(b, crc32.ChecksumIEEE(b[4:]))
	return Prefix + alphabet.EncodeToString(b)
}

func open(s string) (id string, c Cargo, ok bool) {
	b, err := alphabet.DecodeString(s)
	if err != nil || len(b) < 5 || binary.BigEndian.Uint32(b) != crc32.ChecksumIEEE(b[4:]) {
		return "", c, false
	}
	rest, ok := stretch(b[4], b[5:])
	if !ok {
		return "", c, false
	}
	r := reader{b: rest}
	id = r.text()
	c = r.cargo()
	return id, c, !r.bad && len(r.b) == 0
}
