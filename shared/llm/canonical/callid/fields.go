package callid

import "encoding/binary"

// append writes the cargo as texts: the call's signature, then for each thought
// its kind, text and signature.
func (c *Cargo) append(b []byte) []byte {
	b = appendText(b, c.Signature)
	for _, t := range c.Thoughts {
		kind := ""
		if t.Redacted {
			kind = "r"
		}
		b = appendText(appendText(appendText(b, kind), t.Text), t.Signature)
	}
	return b
}

// appendText writes a length and the bytes.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes texts from the front; bad says that one was cut.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) text() string {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > uint64(len(r.b)-size) {
		r.bad = true
		return ""
	}
	s := string(r.b[size : size+int(n)])
	r.b = r.b[size+int(n):]
	return s
}

func (r *reader) cargo() (c Cargo) {
	c.Signature = r.text()
	for len(r.b) > 0 && !r.bad {
		t := Thought{Redacted: r.text() == "r"}
		t.Text, t.Signature = r.text(), r.text()
		c.Thoughts = append(c.Thoughts, t)
	}
	return c
}
