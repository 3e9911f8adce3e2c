package condense

import (
	"encoding/json"
	"strings"
)

// node is a JSON value whose members keep their order and whose numbers and
// strings keep their writing.
type node struct {
	raw     string // of a scalar
	open    byte   // '{', '[' or 0 for a scalar
	keys    []string
	members []*node
}

// parseJSON reads one JSON value; ok is false for anything else.
func parseJSON(text string) (*node, bool) {
	if !json.Valid([]byte(text)) {
		return nil, false
	}
	p := jsonParser{text: text}
	return p.value(), true
}

// jsonParser reads text that is known to be valid.
type jsonParser struct {
	text string
	at   int
}

func (p *jsonParser) value() *node {
	p.skip()
	switch c := p.text[p.at]; c {
	case '{', '[':
		return p.composite(c)
	case '"':
		return &node{raw: p.str()}
	}
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(",]} \t\r\n", p.text[p.at]) < 0 {
		p.at++
	}
	return &node{raw: p.text[start:p.at]}
}

func (p *jsonParser) composite(open byte) *node {
	n := &node{open: open}
	for p.at++; ; {
		p.skip()
		switch p.text[p.at] {
		case '}', ']':
			p.at++
			return n
		case ',':
			p.at++
			continue
		}
		if open == '{' {
			n.keys = append(n.keys, p.str())
			p.skip()
			p.at++ // the colon
		}
		n.members = append(n.members, p.value())
	}
}

func (p *jsonParser) str() string {
	start := p.at
	for p.at++; p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			p.at++
		}
	}
	p.at++
	return p.text[start:p.at]
}

func (p *jsonParser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	if n.open == 0 {
		b.WriteString(n.raw)
		return
	}
	b.WriteByte(n.open)
	for i, m := range n.members {
		if i > 0 {
			b.WriteByte(',')
		}
		if n.open == '{' {
			b.WriteString(n.keys[i])
			b.WriteByte(':')
		}
		m.write(b)
	}
	b.WriteByte(n.open + 2) // '{' and '}', '[' and ']' are two apart
}
