package responses

import (
	"bytes"
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// object is a JSON object whose fields are taken out one by one; what nobody
// took, null and empty texts among it, is an Extra. The first field of a wrong
// type is remembered in *fault, which all objects of a body share.
type object struct {
	at    string // "input[2].", what stands before a field's name in an error
	left  map[string]json.RawMessage
	fault *error
}

// open reads an object; at names it in errors, "" is the body itself.
func open(raw []byte, at string, fault *error) object {
	o := object{at: at, fault: fault}
	if at != "" {
		o.at += "."
	}
	if json.Unmarshal(raw, &o.left) != nil || o.left == nil {
		o.left = map[string]json.RawMessage{}
		o.fail(at, "must be an object")
	}
	return o
}

func (o object) fail(field, what string) {
	if *o.fault != nil {
		return
	}
	if field == "" {
		field = "body"
	}
	*o.fault = dcoder.Invalid(field, "%s %s", field, what)
}

func (o object) wrong(name, what string) { o.fail(o.at+name, what) }

// has reports whether a field is there and not null.
func (o object) has(name string) bool {
	raw, ok := o.left[name]
	return ok && !isNull(raw)
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// into takes a field of the type of to; what says what it must be.
func (o object) into(name string, to any, what string) bool {
	if !o.has(name) {
		return false
	}
	if json.Unmarshal(o.left[name], to) != nil {
		o.wrong(name, "must be "+what)
		return false
	}
	delete(o.left, name)
	return true
}

// text takes a text that is not empty.
func (o object) text(name string) (s string) {
	if string(o.left[name]) != `""` {
		o.into(name, &s, "a text")
	}
	return s
}

// peek reads a text and leaves it.
func (o object) peek(name string) (s string) {
	if o.has(name) && json.Unmarshal(o.left[name], &s) != nil {
		o.wrong(name, "must be a text")
	}
	return s
}

// whole takes a text that may be empty; ok is false when it is not there.
func (o object) whole(name string) (s string, ok bool) {
	ok = o.into(name, &s, "a text")
	return s, ok
}

// must takes a text that has to be there, empty or not.
func (o object) must(name string) string {
	s, ok := o.whole(name)
	if !ok {
		o.wrong(name, "must be a text")
	}
	return s
}

// raw takes a field as it stands.
func (o object) raw(name string) json.RawMessage {
	if !o.has(name) {
		return nil
	}
	v := o.left[name]
	delete(o.left, name)
	return v
}

// list takes a field that is a list; an empty one is left.
func (o object) list(name string) (l []json.RawMessage) {
	if o.into(name, &l, "a list") && len(l) == 0 {
		o.left[name] = json.RawMessage("[]")
	}
	return l
}

// object takes a field that is an object.
func (o object) object(name string) (in object, ok bool) {
	raw := o.raw(name)
	if raw == nil {
		return in, false
	}
	return open(raw, o.at+name, o.fault), true
}

// extra is what is left, nil for nothing.
func (o object) extra() canonical.Extra {
	if len(o.left) == 0 {
		return nil
	}
	return o.left
}

func isText(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '"'
}
