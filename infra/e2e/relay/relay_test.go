package relay

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with what it got once the client has said that it is done.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				all, _ := io.ReadAll(c)
				_, _ = c.Write(all)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func start(t *testing.T, to string) (*Relay, string) {
	t.Helper()
	r, err := Start(t.Context(), map[string]string{"127.0.0.1:0": to})
	require.NoError(t, err)
	return r, r.listeners[0].Addr().String()
}

func TestBytesGoBothWaysAndTheEndOfEachIsPassedOn(t *testing.T) {
	r, addr := start(t, echo(t))
	defer r.Close()
	said := bytes.Repeat([]byte("splice"), 100_000)
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	go func() {
		_, _ = c.Write(said)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	heard, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, said, heard)
}

func TestClosingEndsOpenConnections(t *testing.T) {
	r, addr := start(t, echo(t))
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	r.Close()
	_, err = io.ReadAll(c)
	_ = err // a reset or an end, but it comes
	_, err = net.Dial("tcp", addr)
	require.Error(t, err)
}

func TestAnUnreachableServerEndsTheConnection(t *testing.T) {
	r, addr := start(t, "127.0.0.1:1")
	defer r.Close()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err)
}

func TestAllListenOrNone(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	_, err = Start(t.Context(), map[string]string{taken.Addr().String(): "127.0.0.1:1"})
	require.ErrorContains(t, err, "relay to 127.0.0.1:1")
}
