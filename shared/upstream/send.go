package upstream

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// sendBuffer is how much of a request goes out in one write, bytes.
const sendBuffer = 32 << 10

var sendBuffers = sync.Pool{New: func() any { b := make([]byte, 0, sendBuffer); return &b }}

var errHeader = errors.New("a header of the request holds a line break or another control character")

// send writes the request, head and small body in one piece, and closes its body.
func (c *conn) send(r *http.Request) error {
	defer closeBody(r)
	buf := sendBuffers.Get().(*[]byte) //nolint:forcetypeassert // of our own pool
	defer sendBuffers.Put(buf)
	b, err := appendHead((*buf)[:0], r)
	if err != nil {
		return err
	}
	left := r.ContentLength
	for left > 0 {
		if len(b) == cap(b) {
			if _, err := c.raw.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
		n, err := r.Body.Read(b[len(b):min(int64(cap(b)), int64(len(b))+left)])
		b, left = b[:len(b)+n], left-int64(n)
		if err != nil && left > 0 {
			return fmt.Errorf("read the request's body: %w", noEOF(err))
		}
	}
	_, err = c.raw.Write(b)
	return err
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendHead appends request line and headers. The length of the body must be
// known: what this client sends is.
func appendHead(b []byte, r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.Body == nil && r.ContentLength > 0 {
		return nil, errors.New("the length of the request's body is not known")
	}
	if !clean(r.Method) || !clean(r.URL.Host) || !clean(r.Host) {
		return nil, errHeader
	}
	b = append(append(b, r.Method...), ' ')
	b = append(b, r.URL.RequestURI()...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	if r.Host != "" {
		b = append(b, r.Host...)
	} else {
		b = append(b, r.URL.Host...)
	}
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, r.ContentLength, 10)
	b = append(b, "\r\n"...)
	for name, values := range r.Header {
		for _, v := range values {
			if !clean(name) || !clean(v) {
				return nil, errHeader
			}
			b = append(append(append(append(b, name...), ": "...), v...), "\r\n"...)
		}
	}
	return append(b, "\r\n"...), nil
}

// clean reports whether s can stand in a head without ending a line of it.
func clean(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) < 0
}
