package sse

import (
	"bytes"
	"errors"
	"io"
)

// Sizes of a reader's buffer, bytes.
const (
	firstSize = 8 << 10
	// DefaultLimit is the largest event that a Reader without a limit takes.
	DefaultLimit = 4 << 20
)

var bom = []byte("\xef\xbb\xbf")

// Reader reads events from a stream. Use Reset before the first Next.
type Reader struct {
	src   io.Reader
	limit int
	buf   []byte
	from  int // begin of the event that comes next
	to    int // end of what was read
	err   error
	data  []byte // joined data lines
	begun bool
	slack bool // the last event ended with a CR: a LF that follows belongs to it
}

// Reset makes r read src; limit bounds one event in bytes, 0 is DefaultLimit.
// Buffers are kept.
func (r *Reader) Reset(src io.Reader, limit int) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	if cap(r.buf) == 0 || cap(r.buf) > 8*firstSize {
		r.buf = make([]byte, firstSize)
	}
	*r = Reader{src: src, limit: limit, buf: r.buf[:cap(r.buf)], data: r.data[:0]}
}

// Next returns the next event: one whose Raw ends with a blank line, be it
// nothing but comments. At the end of the stream it returns io.EOF, or
// io.ErrUnexpectedEOF when an unfinished event was cut, or the source's error.
func (r *Reader) Next() (Event, error) {
	scan, line, open := r.from, r.from, false // open: a line stands before this one
	for {
		i := r.lineEnd(scan)
		if i < 0 {
			scan = r.to
			moved, err := r.fill()
			if err != nil {
				return Event{}, r.ended(err)
			}
			scan, line = scan-moved, line-moved
			if scan == 0 {
				scan, line = r.from, r.from
			}
			continue
		}
		behind := r.behind(i)
		if i == line && !open { // blank lines before an event belong to it
			line, scan = behind, behind
			continue
		}
		if i == line {
			return r.cut(behind), nil
		}
		open, line, scan = true, behind, behind
	}
}

// lineEnd returns the offset of the first CR or LF from at on, or -1.
func (r *Reader) lineEnd(at int) int {
	b := r.buf[at:r.to]
	i := bytes.IndexByte(b, '\n')
	if i >= 0 {
		b = b[:i]
	}
	if j := bytes.IndexByte(b, '\r'); j >= 0 {
		return at + j
	}
	if i < 0 {
		return -1
	}
	return at + i
}

// behind returns the offset behind the line end at i: CR LF is one. A LF that
// has not been read yet is dropped when it comes.
func (r *Reader) behind(i int) int {
	if r.buf[i] == '\r' {
		if i+1 == r.to {
			r.slack = true
		} else if r.buf[i+1] == '\n' {
			return i + 2
		}
	}
	return i + 1
}

// fill reads more. It returns by how much the event's bytes moved to the front.
func (r *Reader) fill() (moved int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.from > 0 && (r.from == r.to || r.to == len(r.buf)) {
		moved = r.from
		copy(r.buf, r.buf[r.from:r.to])
		r.from, r.to = 0, r.to-moved
	}
	if r.to == len(r.buf) {
		if len(r.buf) >= r.limit {
			r.err = ErrTooLarge
			return moved, r.err
		}
		grown := make([]byte, min(2*len(r.buf), r.limit))
		copy(grown, r.buf[:r.to])
		r.buf = grown
	}
	n, err := r.read()
	r.err = err
	if n > 0 {
		return moved, nil
	}
	return moved, err
}

// read appends to the buffer; it drops the byte order mark that a stream may
// begin with.
func (r *Reader) read() (n int, err error) {
	for range 100 {
		n, err = r.src.Read(r.buf[r.to:])
		if n > 0 || err != nil {
			break
		}
		err = io.ErrNoProgress
	}
	if r.slack && n > 0 {
		r.slack = false
		if at := r.to; r.buf[at] == '\n' {
			copy(r.buf[at:], r.buf[at+1:at+n])
			if n--; n == 0 && err == nil {
				return r.read()
			}
		}
	}
	r.to += n
	if !r.begun && r.to > 0 {
		n, err = r.dropMark(n, err)
	}
	return n, err
}

// dropMark waits until the first bytes can be told from a mark.
func (r *Reader) dropMark(n int, err error) (int, error) {
	for r.to < len(bom) && bytes.HasPrefix(bom, r.buf[:r.to]) && err == nil {
		var m int
		m, err = r.src.Read(r.buf[r.to:])
		r.to, n = r.to+m, n+m
	}
	r.begun = true
	if bytes.HasPrefix(r.buf[:r.to], bom) {
		copy(r.buf, r.buf[len(bom):r.to])
		r.to, n = r.to-len(bom), n-len(bom)
		if n == 0 && err == nil {
			return r.read()
		}
	}
	return n, err
}

// ended turns the source's end into the reader's.
func (r *Reader) ended(err error) error {
	if errors.Is(err, io.EOF) && len(bytes.TrimLeft(r.buf[r.from:r.to], "\r\n")) > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Buffered reports whether a whole event has very likely been read already, so
// that a writer may put off its flush. It is cheap rather than exact.
func (r *Reader) Buffered() bool {
	b := r.buf[r.from:r.to]
	return bytes.Contains(b, lflf) || bytes.Contains(b, crlfcrlf)
}

var lflf, crlfcrlf = []byte("\n\n"), []byte("\r\n\r\n")
