package upstream

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// reply is an answer's head and its body in one piece of memory.
type reply struct {
	http.Response
	body answer
}

// readHead reads the head of an answer. The common kind, a complete head of
// plain fields before a body of a known length, is read here with few
// allocations; http.ReadResponse reads every other, and whatever is doubtful.
func (c *conn) readHead(r *http.Request) (*reply, error) {
	if a := c.plainHead(r); a != nil {
		return a, nil
	}
	resp, err := http.ReadResponse(c.in, r) //nolint:bodyclose // the caller of the client closes it
	if err != nil {
		return nil, err
	}
	return &reply{Response: *resp, body: answer{rest: resp.Body, left: -1}}, nil
}

// plainHead returns nil, and has read nothing, when the head is not plain.
func (c *conn) plainHead(r *http.Request) *reply {
	if _, err := c.in.Peek(1); err != nil {
		return nil
	}
	seen, _ := c.in.Peek(c.in.Buffered())
	end := bytes.Index(seen, []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	a := parsePlain(string(seen[:end+2]))
	if a == nil {
		return nil
	}
	a.Request = r
	_, _ = c.in.Discard(end + 4)
	return a
}

// parsePlain reads a status line and fields, each with its CRLF.
func parsePlain(head string) *reply {
	line, rest, _ := strings.Cut(head, "\r\n")
	if len(line) < len("HTTP/1.1 200 ") || !isValue(line) || line[:9] != "HTTP/1.1 " || line[12] != ' ' {
		return nil
	}
	status, err := strconv.ParseUint(line[9:12], 10, 16)
	if err != nil || status < 200 || status == http.StatusNoContent || status == http.StatusNotModified {
		return nil
	}
	a := &reply{}
	a.Status, a.StatusCode, a.Proto, a.ProtoMajor, a.ProtoMinor = line[9:], int(status), "HTTP/1.1", 1, 1
	a.ContentLength = -1
	if !a.fields(rest) || a.ContentLength < 0 {
		return nil
	}
	a.body.left = a.ContentLength
	return a
}

// fields reads the header; false when one of it needs more than to be kept.
func (a *reply) fields(rest string) bool {
	n := strings.Count(rest, "\r\n")
	a.Header = make(http.Header, n)
	values := make([]string, n)
	for i := range n {
		line, more, _ := strings.Cut(rest, "\r\n")
		rest = more
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) || !isValue(value) {
			return false
		}
		value = strings.Trim(value, " \t")
		name = textproto.CanonicalMIMEHeaderKey(name)
		if _, twice := a.Header[name]; twice || !a.plain(name, value) {
			return false
		}
		values[i] = value
		a.Header[name] = values[i : i+1 : i+1]
	}
	return true
}

// plain takes the length and refuses what changes how an answer is read.
func (a *reply) plain(name, value string) bool {
	switch name {
	case "Content-Length":
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil || len(value) > 18 {
			return false
		}
		a.ContentLength = int64(n)
	case "Transfer-Encoding", "Connection", "Trailer", "Pragma", "Upgrade":
		return false
	}
	return true
}

// isToken reports whether s is a field's name (RFC 9110, 5.6.2), of the
// characters that names really have.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// isValue reports whether s is visible ASCII, spaces and tabs.
func isValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' || c > '~') && c != '\t' {
			return false
		}
	}
	return true
}
