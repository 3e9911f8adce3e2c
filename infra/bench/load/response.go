package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// tailSize is how much of a body's end is kept, to see that a stream is whole.
const tailSize = 16

// Response is what is kept of an answer: nothing that would have to be
// allocated.
type Response struct {
	Status int
	Body   int64     // bytes of payload, chunk framing not counted
	First  time.Time // when the first byte of the payload (or the header of an empty one) was there
	Close  bool      // the server ends the connection after this answer

	tail [tailSize]byte
	kept int
}

// Ends reports whether the payload ended in s, of which the last 16 bytes count.
func (r *Response) Ends(s string) bool {
	return bytes.HasSuffix(r.tail[:r.kept], []byte(s[max(0, len(s)-tailSize):]))
}

// framing says how long a body is.
type framing struct {
	length  int64 // -1: unknown
	chunked bool
}

var errMalformed = errors.New("malformed HTTP/1.1 response")

// Read reads one answer (RFC 9112) from br and forgets its payload.
// Informational answers before it are skipped. io.EOF before the first byte
// means that the server closed an idle connection.
func (r *Response) Read(br *bufio.Reader) error {
	*r = Response{}
	f, err := r.header(br)
	for err == nil && r.Status >= 100 && r.Status < 200 {
		f, err = r.header(br)
	}
	if err != nil {
		return err
	}
	return r.body(br, f)
}

func (r *Response) header(br *bufio.Reader) (framing, error) {
	f := framing{length: -1}
	line, err := readLine(br)
	if err != nil {
		return f, err
	}
	if r.Status, err = parseStatus(line); err != nil {
		return f, err
	}
	for {
		if line, err = readLine(br); err != nil {
			return f, unexpected(err)
		}
		if len(line) == 0 {
			return f, nil
		}
		if err := r.field(line, &f); err != nil {
			return f, err
		}
	}
}

// field keeps the three header fields that say where the answer ends.
func (r *Response) field(line []byte, f *framing) error {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok {
		return fmt.Errorf("%w: header line %.40q", errMalformed, line)
	}
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("content-length")):
		n, err := strconv.ParseUint(string(value), 10, 62)
		if err != nil {
			return fmt.Errorf("%w: content-length %.40q", errMalformed, value)
		}
		f.length = int64(n)
	case bytes.EqualFold(name, []byte("transfer-encoding")):
		f.chunked = bytes.EqualFold(value, []byte("chunked"))
	case bytes.EqualFold(name, []byte("connection")):
		r.Close = bytes.EqualFold(value, []byte("close"))
	}
	return nil
}

func (r *Response) body(br *bufio.Reader, f framing) error {
	switch {
	case r.Status == 204 || r.Status == 304:
		r.First = time.Now()
		return nil
	case f.chunked:
		return r.chunks(br)
	case f.length >= 0:
		return r.skip(br, f.length)
	}
	r.Close = true
	err := r.skip(br, 1<<62)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil // a body without a length ends with its connection
	}
	return err
}

func (r *Response) chunks(br *bufio.Reader) error {
	for {
		line, err := readLine(br)
		if err != nil {
			return unexpected(err)
		}
		size, _, _ := bytes.Cut(line, []byte{';'})
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
		if err != nil {
			return fmt.Errorf("%w: chunk size %.40q", errMalformed, line)
		}
		if n == 0 {
			return r.trailers(br)
		}
		if err := r.skip(br, int64(n)); err != nil {
			return err
		}
		if line, err = readLine(br); err != nil {
			return unexpected(err)
		}
		if len(line) != 0 {
			return fmt.Errorf("%w: %.40q after a chunk", errMalformed, line)
		}
	}
}

func (r *Response) trailers(br *bufio.Reader) error {
	if r.First.IsZero() {
		r.First = time.Now()
	}
	for {
		line, err := readLine(br)
		if err != nil {
			return unexpected(err)
		}
		if len(line) == 0 {
			return nil
		}
	}
}

// skip reads n bytes of payload, of which it keeps the end.
func (r *Response) skip(br *bufio.Reader, n int64) error {
	if n == 0 && r.First.IsZero() {
		r.First = time.Now()
	}
	for n > 0 {
		if _, err := br.Peek(1); err != nil {
			return unexpected(err)
		}
		if r.First.IsZero() {
			r.First = time.Now()
		}
		p, _ := br.Peek(int(min(n, int64(br.Buffered()))))
		r.keep(p)
		_, _ = br.Discard(len(p)) // it is buffered
		n -= int64(len(p))
		r.Body += int64(len(p))
	}
	return nil
}

func (r *Response) keep(p []byte) {
	if len(p) >= tailSize {
		r.kept = copy(r.tail[:], p[len(p)-tailSize:])
		return
	}
	room := min(r.kept, tailSize-len(p))
	copy(r.tail[:], r.tail[r.kept-room:r.kept])
	r.kept = room + copy(r.tail[room:], p)
}

func parseStatus(line []byte) (int, error) {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return 0, fmt.Errorf("%w: status line %.40q", errMalformed, line)
	}
	n, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil || n < 100 {
		return 0, fmt.Errorf("%w: status line %.40q", errMalformed, line)
	}
	return int(n), nil
}

// readLine returns a line without its end; the bytes hold until the next read.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'}), nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
