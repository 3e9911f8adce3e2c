package upstream

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPlainHead holds the short way of reading a head to net/http's: what it
// takes, both read alike.
func FuzzPlainHead(f *testing.F) {
	for _, head := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 429 Too Many\r\nretry-after:  7 \r\ncontent-length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 \r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
		"HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\nx",
	} {
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := &conn{head: maxHead}
		c.in = bufio.NewReaderSize(strings.NewReader(text), readBuffer)
		r, _ := http.NewRequest(http.MethodPost, "http://x/", nil)
		a := c.plainHead(r)
		if a == nil {
			return
		}
		want, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), r)
		require.NoError(t, err)
		require.Equal(t, want.Header, a.Header)
		require.Equal(t, want.StatusCode, a.StatusCode)
		require.Equal(t, want.Status, a.Status)
		require.Equal(t, want.ContentLength, a.ContentLength)
		require.False(t, want.Close)
		full, wantErr := io.ReadAll(want.Body)
		got, gotErr := io.ReadAll(io.LimitReader(c.in, a.ContentLength))
		require.Equal(t, full, got)
		require.Equal(t, wantErr != nil, int64(len(got)) < a.ContentLength, "%v %v", wantErr, gotErr)
	})
}
