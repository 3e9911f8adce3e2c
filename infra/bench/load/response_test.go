package load

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResponseFraming(t *testing.T) {
	for name, row := range map[string]struct {
		wire   string
		status int
		body   int64
		end    string
		closes bool
	}{
		"length":             {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5, "hello", false},
		"length, odd case":   {"HTTP/1.1 200 OK\r\nCONTENT-length:5 \r\n\r\nhello", 200, 5, "llo", false},
		"chunked":            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", 200, 5, "hello", false},
		"chunked, trailer":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", 200, 1, "a", false},
		"empty chunked":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, 0, "", false},
		"until close":        {"HTTP/1.0 200 OK\r\n\r\nall of it", 200, 9, "all of it", true},
		"says close":         {"HTTP/1.1 429 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", 429, 2, "no", true},
		"no content":         {"HTTP/1.1 204 No Content\r\n\r\n", 204, 0, "", false},
		"informational":      {"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, 1, "x", false},
		"no reason":          {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, 0, "", false},
		"long, kept end":     {"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + strings.Repeat("-", 26) + "data: [DONE]\n\n", 200, 40, "data: [DONE]\n\n", false},
		"end across a chunk": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + strings.Repeat("-", 14) + "data: \r\n8\r\n[DONE]\n\n\r\n0\r\n\r\n", 200, 28, "data: [DONE]\n\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, in := range map[string]io.Reader{
				"whole": strings.NewReader(row.wire), "byte by byte": iotest.OneByteReader(strings.NewReader(row.wire)),
			} {
				var r Response
				require.NoError(t, r.Read(bufio.NewReader(in)), kind)
				assert.Equal(t, row.status, r.Status, kind)
				assert.Equal(t, row.body, r.Body, kind)
				assert.True(t, r.Ends(row.end), "%s: ends in %q", kind, r.tail[:r.kept])
				assert.False(t, r.Ends("something else"), kind)
				assert.Equal(t, row.closes, r.Close, kind)
				assert.False(t, r.First.IsZero(), kind)
			}
		})
	}
}

func TestResponsesFollowEachOther(t *testing.T) {
	br := bufio.NewReader(strings.NewReader(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" +
			"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc"))
	var r Response
	require.NoError(t, r.Read(br))
	require.NoError(t, r.Read(br))
	assert.Equal(t, 404, r.Status)
	assert.True(t, r.Ends("abc"))
	assert.ErrorIs(t, r.Read(br), io.EOF, "an idle connection that closes is told from a cut answer")
}

func TestResponseRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		wire string
		want error
	}{
		"no HTTP":           {"SSH-2.0-OpenSSH\r\n", errMalformed},
		"status":            {"HTTP/1.1 2x0 OK\r\n\r\n", errMalformed},
		"header":            {"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", errMalformed},
		"length":            {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", errMalformed},
		"chunk size":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", errMalformed},
		"chunk end":         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", errMalformed},
		"cut in the status": {"HTTP/1.1 20", io.ErrUnexpectedEOF},
		"cut in the header": {"HTTP/1.1 200 OK\r\nContent-", io.ErrUnexpectedEOF},
		"cut body":          {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", io.ErrUnexpectedEOF},
		"cut chunks":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			var r Response
			assert.ErrorIs(t, r.Read(bufio.NewReader(strings.NewReader(row.wire))), row.want)
		})
	}
}

// FuzzResponse compares with net/http: what it reads whole, Read reads whole,
// and both see the same status and length.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		var r Response
		err := r.Read(bufio.NewReader(bytes.NewReader(wire)))
		ref, refErr := http.ReadResponse(bufio.NewReader(bytes.NewReader(wire)), nil)
		if err != nil || refErr != nil || ref.StatusCode < 200 {
			return
		}
		n, refErr := io.Copy(io.Discard, ref.Body)
		if refErr != nil || len(ref.Header["Content-Length"]) > 1 || len(ref.Header["Transfer-Encoding"]) > 1 {
			return
		}
		if r.Status != ref.StatusCode || r.Body != n {
			t.Fatalf("read %d with %d bytes, net/http %d with %d, of %q", r.Status, r.Body, ref.StatusCode, n, wire)
		}
	})
}
