package upstream

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// doers are both clients, with the same options.
func doers(t *testing.T, o Options) map[string]interface {
	Do(*http.Request) (*http.Response, error)
} {
	t.Helper()
	o.DialTimeout = 2 * time.Second
	lean, plain := NewLean(o), New(o)
	t.Cleanup(lean.Close)
	t.Cleanup(plain.Close)
	return map[string]interface {
		Do(*http.Request) (*http.Response, error)
	}{"lean": lean, "net/http": plain}
}

// TestLoopbackInEveryNotation: a name for 127.0.0.1 is one in no notation that a
// resolver or a parser understands.
func TestLoopbackInEveryNotation(t *testing.T) {
	var reached atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(s.Close)
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0x7f.1", "127.0.0.1.",
		"localhost", "localhost.", "LOCALHOST", "0.0.0.0", "0", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::1]", "[::ffff:0:127.0.0.1]",
		"[fe80::1%25lo]", "[::1%25lo]", "169.254.169.254", "[fd00:ec2::254]", "①②⑦.⓪.⓪.①", "127。0。0。1", "xn--127-0-0-1.example", "xn--lcalhost-54a",
	} {
		for name, d := range doers(t, Options{}) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+host+port, http.NoBody)
			if err == nil {
				resp, err := d.Do(r)
				if err == nil {
					_ = resp.Body.Close()
				}
				require.Error(t, err, "%s: %s", name, host)
				require.NotContains(t, dcoder.AsError(err).Message, "127.0.0.1", "what a name stands for inside is nobody's business")
			}
			cancel()
		}
	}
	require.Zero(t, reached.Load())
}

// nameserver answers A questions with addresses of its own choice.
func nameserver(t *testing.T, answer func(n int64) []netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // a test's own
	require.NoError(t, err)
	t.Cleanup(func() { _ = pc.Close() })
	var asked atomic.Int64
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := resolve(buf[:n], func() []netip.Addr { return answer(asked.Add(1)) }); reply != nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

// resolve answers one DNS question (RFC 1035): A by addresses, others by none.
func resolve(q []byte, addresses func() []netip.Addr) []byte {
	end := 12
	for end < len(q) && q[end] != 0 {
		end += int(q[end]) + 1
	}
	if end += 5; end > len(q) {
		return nil
	}
	reply := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
	if binary.BigEndian.Uint16(q[end-4:]) != 1 {
		return reply
	}
	for _, a := range addresses() {
		reply[7]++
		v4 := a.As4()
		reply = append(append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), v4[:]...)
	}
	return reply
}

// TestANameThatChangesItsMind: an address is checked when it is dialled, not
// before: a name that was good once gains nothing.
func TestANameThatChangesItsMind(t *testing.T) {
	good, bad := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")
	var inside atomic.Int64
	l, err := net.Listen("tcp", "127.0.0.2:0") //nolint:noctx // a test's own
	if err != nil {
		t.Skip("this machine has no 127.0.0.2: ", err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	secret, err := net.Listen("tcp", "127.0.0.3:"+port) //nolint:noctx // as above
	require.NoError(t, err)
	serve := func(l net.Listener, h http.HandlerFunc) {
		s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h, ReadHeaderTimeout: time.Second}}
		s.Start()
		t.Cleanup(s.Close)
	}
	serve(l, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	serve(secret, func(http.ResponseWriter, *http.Request) { inside.Add(1) })
	for _, name := range []string{"lean", "net/http"} {
		var now atomic.Pointer[[]netip.Addr]
		now.Store(&[]netip.Addr{good})
		r := nameserver(t, func(int64) []netip.Addr { return *now.Load() })
		d := doers(t, Options{Allow: []netip.Prefix{netip.PrefixFrom(good, 32)}, Resolver: r})[name]
		ask := func() error {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://rebind.example:"+port, http.NoBody)
			require.NoError(t, err)
			resp, err := d.Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			return err
		}
		require.NoError(t, ask(), name)
		now.Store(&[]netip.Addr{bad})
		var refusal *dcoder.Error
		require.ErrorAs(t, ask(), &refusal, name)
		require.Equal(t, "egress_refused", refusal.Code)
		now.Store(&[]netip.Addr{bad, good})
		_ = ask() // either is right, as long as it is not inside
	}
	require.Zero(t, inside.Load())
}

// FuzzPublic: an IPv4 address means the same however IPv6 wraps it, or nothing at
// all.
func FuzzPublic(f *testing.F) {
	for _, a := range []uint32{0x7f000001, 0x0a000001, 0xa9fea9fe, 0x08080808, 0, 0xffffffff, 0x64400001} {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, n uint32) {
		var v4 [4]byte
		binary.BigEndian.PutUint32(v4[:], n)
		plain := netip.AddrFrom4(v4)
		mapped := netip.AddrFrom16(plain.As16())
		require.Equal(t, Public(plain), Public(mapped))
		for _, prefix := range []string{"64:ff9b::", "64:ff9b:1::", "::ffff:0:0:0", "::"} {
			wrapped := netip.MustParseAddr(prefix).As16()
			copy(wrapped[12:], v4[:])
			if prefix != "::" || n > 0 {
				require.False(t, Public(netip.AddrFrom16(wrapped)), "%s %s", prefix, plain)
			}
		}
		six := netip.MustParseAddr("2002::").As16()
		copy(six[2:], v4[:])
		require.False(t, Public(netip.AddrFrom16(six)))
		require.False(t, Public(plain) && (plain.IsPrivate() || plain.IsLoopback() || plain.IsLinkLocalUnicast() || plain.IsMulticast()))
	})
}

// FuzzGuard: what is let through is an address and a port, public or allowed.
func FuzzGuard(f *testing.F) {
	for _, s := range []string{"127.0.0.1:80", "[::1]:80", "8.8.8.8:443", "[::ffff:8.8.8.8]:1", "x", "[fe80::1%eth0]:80", "0x7f.1:80", ":80", "8.8.8.8"} {
		f.Add(s)
	}
	allow := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	check := guard(allow)
	f.Fuzz(func(t *testing.T, address string) {
		err := check(t.Context(), "tcp", address, nil)
		if err != nil {
			var refusal *dcoder.Error
			require.True(t, errors.As(err, &refusal) && refusal.NoRetry)
			return
		}
		ap, err := netip.ParseAddrPort(address)
		require.NoError(t, err)
		a := ap.Addr().Unmap().WithZone("")
		require.True(t, Public(a) || allow[0].Contains(a), address)
	})
}

// FuzzParseAllow: a list is read or refused, and what is read says itself again.
func FuzzParseAllow(f *testing.F) {
	f.Add("127.0.0.0/8, ::1/128")
	f.Add("10.1.2.3/16 8.8.8.8")
	f.Add("::ffff:10.0.0.1/120,fe80::1%eth0")
	f.Fuzz(func(t *testing.T, list string) {
		got, err := ParseAllow(list)
		if err != nil {
			return
		}
		for _, p := range got {
			again, err := ParseAllow(p.String())
			require.NoError(t, err)
			require.Equal(t, []netip.Prefix{p}, again)
		}
	})
}
