package jsonscan

// Scan reads raw as one JSON object into d. A field of the set that stands there
// twice, or under a name that differs in case only, is refused: two readers
// could take it for two different values.
func (n *Names) Scan(raw []byte, lim Limits, d *Doc) error {
	if lim.Depth == 0 {
		lim.Depth = DefaultDepth
	}
	*d = Doc{Raw: raw}
	s := scanner{b: raw, depth: lim.Depth}
	i := s.space(0)
	if i >= len(raw) || raw[i] != '{' {
		return &Error{Offset: i, Reason: "the body is not a JSON object"}
	}
	d.Open = i + 1
	end := s.object(i+1, 1, n, d)
	if end >= 0 {
		if end = s.space(end); end != len(raw) {
			s.fail(end, "more behind the end of the object")
		}
	}
	if s.err.Reason != "" {
		e := s.err
		return &e
	}
	d.Text = s.text
	return nil
}

// scanner walks one document. Its methods take the offset at which to begin and
// return the offset behind what they read, or -1 after fail.
type scanner struct {
	b     []byte
	depth int
	text  Text
	err   Error
}

func (s *scanner) fail(i int, reason string) int {
	if s.err.Reason == "" {
		s.err = Error{Offset: i, Reason: reason}
	}
	return -1
}

func (s *scanner) space(i int) int {
	for i < len(s.b) {
		switch s.b[i] {
		case ' ', '\n', '\t', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// object reads members from behind the brace; n and d are nil below the top.
func (s *scanner) object(i, depth int, n *Names, d *Doc) int {
	i = s.space(i)
	if i < len(s.b) && s.b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(s.b) || s.b[i] != '"' {
			return s.fail(i, "a member name is missing")
		}
		key := i + 1
		end, escaped := s.str(key)
		if end < 0 {
			return -1
		}
		i = s.space(end)
		if i >= len(s.b) || s.b[i] != ':' {
			return s.fail(i, "a colon is missing")
		}
		i = s.space(i + 1)
		start := i
		var kind Kind
		if i, kind = s.value(i, depth); i < 0 {
			return -1
		}
		if d != nil && !s.note(n, d, key, end-1, escaped, Value{start, i, kind}) {
			return -1
		}
		i = s.space(i)
		if i >= len(s.b) {
			return s.fail(i, "the object does not end")
		}
		switch s.b[i] {
		case '}':
			return i + 1
		case ',':
			i = s.space(i + 1)
		default:
			return s.fail(i, "a comma or a brace is missing")
		}
	}
}

// note keeps a member of the top object when it is looked for.
func (s *scanner) note(n *Names, d *Doc, from, to int, escaped bool, v Value) bool {
	d.Size++
	at, mimic := n.index(s.b[from:to], escaped)
	switch {
	case at < 0:
		return true
	case mimic:
		s.err = Error{Offset: from, Field: n.names[at], Reason: "is written in another case"}
		return false
	case d.Fields[at].Kind != None:
		s.err = Error{Offset: from, Field: n.names[at], Reason: "is given twice"}
		return false
	}
	d.Fields[at] = v
	return true
}

func (s *scanner) array(i, depth int) int {
	i = s.space(i)
	if i < len(s.b) && s.b[i] == ']' {
		return i + 1
	}
	for {
		if i, _ = s.value(i, depth); i < 0 {
			return -1
		}
		i = s.space(i)
		if i >= len(s.b) {
			return s.fail(i, "the array does not end")
		}
		switch s.b[i] {
		case ']':
			return i + 1
		case ',':
			i = s.space(i + 1)
		default:
			return s.fail(i, "a comma or a bracket is missing")
		}
	}
}

func (s *scanner) value(i, depth int) (int, Kind) {
	if i >= len(s.b) {
		return s.fail(i, "a value is missing"), None
	}
	switch c := s.b[i]; c {
	case '"':
		end, _ := s.str(i + 1)
		return end, String
	case '{':
		if depth >= s.depth {
			return s.fail(i, "nested too deep"), None
		}
		return s.object(i+1, depth+1, nil, nil), Object
	case '[':
		if depth >= s.depth {
			return s.fail(i, "nested too deep"), None
		}
		return s.array(i+1, depth+1), Array
	case 't':
		return s.word(i, "true"), Bool
	case 'f':
		return s.word(i, "false"), Bool
	case 'n':
		return s.word(i, "null"), Null
	default:
		return s.number(i), Number
	}
}

func (s *scanner) word(i int, w string) int {
	if len(s.b)-i < len(w) || string(s.b[i:i+len(w)]) != w {
		return s.fail(i, "not a value")
	}
	return i + len(w)
}
