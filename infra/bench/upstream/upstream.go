// Package upstream is the provider that a benchmark measures against: it answers
// every request at once (or after a given time) with bytes that were rendered
// beforehand. It is a raw HTTP/1.1 server, so that it takes as little of a small
// machine as can be. For a provider with manners and faults see infra/llmsim.
package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// What a request's body says to get another answer than the whole one at once.
// They must stand in its first 512 bytes.
const (
	MarkStream = `"stream":true`
	MarkDelay  = `"user":"delay-20ms"`
)

// Delay is how long a marked request waits for its answer.
const Delay = 20 * time.Millisecond

const head = 512 // bytes of a body that are looked at

// Serve answers on l until it is closed.
func Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go serveConn(conn)
	}
}

func serveConn(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	s := &session{conn: conn, br: bufio.NewReaderSize(conn, 16<<10)}
	for s.exchange() == nil {
	}
}

// session is one connection.
type session struct {
	conn net.Conn
	br   *bufio.Reader
	head [head]byte
	seen int
}

func (s *session) exchange() error {
	length, chunked, err := readHeader(s.br)
	if err != nil {
		return err
	}
	s.seen = 0
	if chunked {
		err = s.readChunks()
	} else {
		err = s.take(length)
	}
	if err != nil {
		return err
	}
	return s.answer(s.head[:s.seen])
}

func (s *session) answer(body []byte) error {
	if bytes.Contains(body, []byte(MarkDelay)) {
		time.Sleep(Delay)
	}
	if !bytes.Contains(body, []byte(MarkStream)) {
		_, err := s.conn.Write(wholeAnswer)
		return err
	}
	// One write for each event, as a provider flushes them.
	for _, piece := range streamPieces {
		if _, err := s.conn.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// take reads n bytes of the body and keeps its head.
func (s *session) take(n int) error {
	want := min(n, head-s.seen)
	if _, err := io.ReadFull(s.br, s.head[s.seen:s.seen+want]); err != nil {
		return err
	}
	s.seen += want
	_, err := s.br.Discard(n - want)
	return err
}

func (s *session) readChunks() error {
	for {
		line, err := s.br.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return fmt.Errorf("chunk size: %w", err)
		}
		if err := s.take(int(n)); err != nil {
			return err
		}
		if _, err := s.br.Discard(2); err != nil || n == 0 {
			return err
		}
	}
}

func readHeader(br *bufio.Reader) (length int, chunked bool, err error) {
	for first := true; ; first = false {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 && !first {
			return length, chunked, nil
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 {
				return 0, false, fmt.Errorf("content-length %.20q", value)
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
}
