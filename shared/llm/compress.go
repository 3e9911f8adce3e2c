package llm

import (
	"bytes"
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
)

// shortening is a body whose texts are looked at one by one: all that is no text
// of a message keeps its bytes.
type shortening struct {
	doc      *jsonscan.Doc
	messages []compress.Message
	at       []jsonscan.Value // of each message's text in doc
}

// shorten returns the body of a Chat or a Message with its messages' texts
// shortened, what became of each, and whether anything was gained.
func shorten(kind Kind, doc *jsonscan.Doc, c compress.Conversation) (body []byte, did []compress.Shortened, gained bool) {
	if kind != Chat && kind != Message {
		return doc.Raw, nil, false
	}
	s := shortening{doc: doc}
	for all := doc.Elements(doc.Fields[FieldMessages]); ; {
		v, ok := all.Next()
		if !ok {
			break
		}
		s.message(v)
	}
	did = c.Messages(s.messages[:s.within(largestCompressed)])
	for i := range did {
		if !(compress.Change{In: did[i].In, Out: did[i].Out}).Worth(compress.Prices{Fresh: 1}) {
			did[i].Text, did[i].Out = s.messages[i].Text, did[i].In
		}
	}
	body = s.patched(did)
	if len(body) >= len(doc.Raw) {
		return doc.Raw, did, false
	}
	return body, did, true
}

// within is how many of the messages, from the first, have so many bytes together.
// Like the worth of a change it is decided message by message and from the front:
// when a conversation goes on, what was sent before must not become another text.
func (s *shortening) within(most int) int {
	for i, m := range s.messages {
		if most -= len(m.Text); most < 0 {
			return i
		}
	}
	return len(s.messages)
}

var (
	messageNames = jsonscan.NewNames("role", "content")
	partNames    = jsonscan.NewNames("type", "text", "content")
)

var rolesOf = map[string]compress.Role{"user": compress.User, "assistant": compress.Assistant, "tool": compress.Tool, "function": compress.Tool}

func (s *shortening) message(v jsonscan.Value) {
	var m jsonscan.Doc
	if v.Kind != jsonscan.Object || s.doc.Sub(v, messageNames, &m) != nil {
		return
	}
	name, _ := m.Str(m.Fields[0])
	role := rolesOf[name] // what is not known is the system's, and stays
	content := m.Fields[1]
	if content.Kind == jsonscan.String {
		s.text(role, &m, v.Start, content)
		return
	}
	from := len(s.messages)
	for parts := m.Elements(content); ; {
		part, ok := parts.Next()
		if !ok {
			break
		}
		s.part(role, &m, v.Start, part)
	}
	askedBy(s.messages[from:])
}

// longestAsk is how long the last part of a user's message may be, in bytes, to be
// taken for what is asked of the parts before it.
const longestAsk = 600

// askedBy gives the parts of one message, which are always sent together, the
// question that the last one is.
func askedBy(parts []compress.Message) {
	if len(parts) < 2 {
		return
	}
	last := parts[len(parts)-1]
	if last.Role != compress.User || len(last.Text) > longestAsk {
		return
	}
	for i := range parts[:len(parts)-1] {
		if parts[i].Role == compress.User && len(parts[i].Text) > longestAsk {
			parts[i].Ask = last.Text
		}
	}
}

// part takes a part's text, or a tool's answer among the parts of a user.
func (s *shortening) part(role compress.Role, m *jsonscan.Doc, base int, v jsonscan.Value) {
	var p jsonscan.Doc
	if v.Kind != jsonscan.Object || m.Sub(v, partNames, &p) != nil {
		return
	}
	switch kind, _ := p.Str(p.Fields[0]); {
	case kind == "text" && p.Fields[1].Kind == jsonscan.String:
		s.text(role, &p, base+v.Start, p.Fields[1])
	case kind == "tool_result" && p.Fields[2].Kind == jsonscan.String:
		s.text(compress.Tool, &p, base+v.Start, p.Fields[2])
	}
}

// text notes a string of d, which begins at base of the body.
func (s *shortening) text(role compress.Role, d *jsonscan.Doc, base int, v jsonscan.Value) {
	text, ok := d.Str(v)
	if !ok {
		return
	}
	s.messages = append(s.messages, compress.Message{Role: role, Text: text})
	s.at = append(s.at, jsonscan.Value{Start: base + v.Start, End: base + v.End, Kind: v.Kind})
}

// patched is the body with the texts that became shorter; the others keep their
// very bytes, escapes and all.
func (s *shortening) patched(did []compress.Shortened) []byte {
	raw := s.doc.Raw
	out := make([]byte, 0, len(raw))
	from := 0
	for i, d := range did {
		if d.Text == s.messages[i].Text {
			continue
		}
		out = append(append(out, raw[from:s.at[i].Start]...), jsonString(d.Text)...)
		from = s.at[i].End
	}
	return append(out, raw[from:]...)
}

func jsonString(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return nil // a string always encodes
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
