package function

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func serveOne(t *testing.T, h Handler, w Wiring) *httptest.Server {
	t.Helper()
	host, err := NewHost(w, New("f", Handle("POST /x", h, Public(), MaxBody(1<<20))))
	require.NoError(t, err)
	s := httptest.NewServer(host)
	t.Cleanup(s.Close)
	return s
}

// TestAClientThatLeftIsNoticed: the deadline of the body does not blind the
// server to a client that hangs up in the middle of the answer.
func TestAClientThatLeftIsNoticed(t *testing.T) {
	inside, gone := make(chan struct{}), make(chan error, 1)
	s := serveOne(t, func(_ http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		close(inside)
		<-r.Context().Done()
		gone <- context.Cause(r.Context())
		return err
	}, Wiring{})
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-inside; leave() }()
	req, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/x", strings.NewReader("body"))
	require.NoError(t, err)
	_, err = http.DefaultClient.Do(req)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, <-gone, context.Canceled)
}

// TestABodyThatDoesNotArriveIs408, so that slow clients hold no slot for ever.
func TestABodyThatDoesNotArriveIs408(t *testing.T) {
	defer func(d time.Duration) { bodyTimeout = d }(bodyTimeout)
	bodyTimeout = 20 * time.Millisecond
	s := serveOne(t, func(_ http.ResponseWriter, r *http.Request) error {
		_, err := io.ReadAll(r.Body)
		return err
	}, Wiring{})
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprint(conn, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
}

// TestABodyThatNobodyReadsHoldsNothing: a refused request is answered although its
// body never comes.
func TestABodyThatNobodyReadsHoldsNothing(t *testing.T) {
	s := serveOne(t, func(http.ResponseWriter, *http.Request) error { return errRunning }, Wiring{})
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprint(conn, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, errRunning.Status, resp.StatusCode)
}

// deadlines records what the chain asks of the connection.
type deadlines struct {
	*httptest.ResponseRecorder
	set []bool
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, !at.IsZero())
	return nil
}

func TestTheDeadlineIsRenewedByProgressAndLiftedAtTheEnd(t *testing.T) {
	host, err := NewHost(Wiring{}, New("f", Handle("POST /x", func(_ http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}, Public(), MaxBody(1<<20))))
	require.NoError(t, err)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	host.ServeHTTP(w, httptest.NewRequest("POST", "/x", strings.NewReader(strings.Repeat("a", 3*step))))
	require.Equal(t, 200, w.Code)
	require.GreaterOrEqual(t, len(w.set), 4, "one for each step, and the last lifts it")
	for i, deadline := range w.set {
		require.Equal(t, i < len(w.set)-1, deadline)
	}
}

// counter is a gate that keeps books.
type counter struct {
	in, out, grown, room int64
}

func (c *counter) Enter(n int64) error { c.in += n; return nil }
func (c *counter) Leave(n int64)       { c.out += n }
func (c *counter) Hold(string) error   { return nil }
func (c *counter) Release(string)      {}
func (c *counter) Grow(n int64) error {
	if c.grown+n > c.room {
		return ErrDraining // any refusal
	}
	c.grown += n
	return nil
}

func TestBodiesAreOnTheGatesBooks(t *testing.T) {
	for name, c := range map[string]struct {
		body   io.Reader
		room   int64
		status int
	}{
		"declared":               {strings.NewReader(strings.Repeat("a", 100_000)), 0, 200},
		"undeclared":             {io.MultiReader(strings.NewReader(strings.Repeat("a", 100_000))), 1 << 20, 200},
		"undeclared, no room":    {io.MultiReader(strings.NewReader(strings.Repeat("a", 100_000))), step, 503},
		"declared and too large": {strings.NewReader(strings.Repeat("a", 1<<20+1)), 0, 413},
	} {
		t.Run(name, func(t *testing.T) {
			gate := &counter{room: c.room}
			host, err := NewHost(Wiring{Gate: gate}, New("f", Handle("POST /x", func(_ http.ResponseWriter, r *http.Request) error {
				_, err := io.Copy(io.Discard, r.Body)
				return err
			}, Public(), MaxBody(1<<20))))
			require.NoError(t, err)
			w := httptest.NewRecorder()
			host.ServeHTTP(w, httptest.NewRequest("POST", "/x", c.body))
			require.Equal(t, c.status, w.Code, w.Body)
			require.Equal(t, gate.in+gate.grown, gate.out, "all is given back")
			require.Positive(t, gate.out)
		})
	}
}
