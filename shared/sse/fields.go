package sse

import "bytes"

// cut parses the event that ends at end and makes the next one begin there.
func (r *Reader) cut(end int) Event {
	e := Event{Raw: r.buf[r.from:end:end]}
	r.from = end
	r.data = r.data[:0]
	lines := 0
	for rest := e.Raw; len(rest) > 0; {
		var line []byte
		if line, rest = nextLine(rest); len(line) == 0 {
			continue
		}
		name, value := split(line)
		switch string(name) {
		case "data":
			r.join(&e, value, lines)
			lines++
		case "event":
			e.Name = value
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				e.ID = value
			}
		}
	}
	e.HasData = lines > 0
	return e
}

// join adds a data line: the first stays where it is, more are copied together.
func (r *Reader) join(e *Event, value []byte, lines int) {
	if lines == 0 {
		e.Data = value
		return
	}
	if lines == 1 {
		r.data = append(r.data, e.Data...)
	}
	r.data = append(append(r.data, '\n'), value...)
	e.Data = r.data
}

// nextLine splits at the first CR LF, CR or LF.
func nextLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	line = b
	if i >= 0 {
		line = b[:i]
	}
	if j := bytes.IndexByte(line, '\r'); j >= 0 {
		if j+1 < len(b) && b[j+1] == '\n' {
			return b[:j], b[j+2:]
		}
		return b[:j], b[j+1:]
	}
	if i < 0 {
		return b, nil
	}
	return line, b[i+1:]
}

// split parts "name: value"; one space behind the colon is not the value's. A
// comment has an empty name.
func split(line []byte) (name, value []byte) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return line, nil
	}
	value = line[i+1:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return line[:i], value
}
