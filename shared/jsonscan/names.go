package jsonscan

import "strings"

// Names is a set of field names to look for; build it once. A name's position
// is its index in Doc.Fields.
type Names struct {
	names []string
}

// NewNames returns a set; an empty name leaves its position unused. It panics above MaxNames: a programmer's mistake that
// the first test meets.
func NewNames(names ...string) *Names {
	if len(names) > MaxNames {
		panic("jsonscan: more names than MaxNames")
	}
	return &Names{names}
}

// index returns the position of the member name key (without quotes), or -1.
// mimic is true for a name that a lenient reader would take for one of the set:
// one that differs in case only. A name with escapes is compared decoded, since
// "mod\u0065l" is "model" to every reader.
func (n *Names) index(key []byte, escaped bool) (at int, mimic bool) {
	if escaped {
		s, ok := unquote(key)
		if !ok {
			return -1, false
		}
		key = []byte(s)
	}
	for i, name := range n.names {
		if len(name) == len(key) && name == string(key) && name != "" {
			return i, false
		}
	}
	for i, name := range n.names {
		if folds(key, name) {
			return i, true
		}
	}
	return -1, false
}

// folds reports whether key equals name when case is ignored as encoding/json
// and its likes do (simple Unicode folding).
func folds(key []byte, name string) bool {
	if name == "" || len(key) < len(name) || len(key) > 3*len(name) {
		return false
	}
	if c := key[0]; c < 0x80 && c|0x20 != name[0]|0x20 {
		return false
	}
	return strings.EqualFold(string(key), name)
}
