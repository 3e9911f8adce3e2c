package pacer

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = Serve(l) }()
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

func post(ctx context.Context, t *testing.T, url, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestEveryEventSaysWhenItWasWritten(t *testing.T) {
	base := serve(t)
	for path, end := range map[string]string{"/v1/chat/completions": "data: [DONE]", "/v1/messages": `data: {"type":"message_stop"}`} {
		began := time.Now()
		answer := post(t.Context(), t, base+path, `{"stream":true}`)
		var stamps []time.Time
		last := ""
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if at, ok := Stamp(lines.Bytes()); ok {
				stamps = append(stamps, at)
			}
			if lines.Text() != "" {
				last = lines.Text()
			}
		}
		require.Len(t, stamps, Events, path)
		require.Equal(t, end, last, path)
		require.False(t, stamps[0].Before(began), path)
		require.Greater(t, stamps[Events-1].Sub(stamps[0]), Pace, path)
	}
}

func TestWholeAnswers(t *testing.T) {
	base := serve(t)
	for path, part := range map[string]string{"/v1/chat/completions": `"chat.completion"`, "/v1/messages": `"end_turn"`} {
		raw, err := io.ReadAll(post(t.Context(), t, base+path, `{}`).Body)
		require.NoError(t, err)
		require.Contains(t, string(raw), part)
	}
}

func TestAHangUpIsRemembered(t *testing.T) {
	base := serve(t)
	ctx, hangUp := context.WithCancel(t.Context())
	answer := post(ctx, t, base+"/v1/messages", `{"stream":true,"x":"`+HangUp+`7 please"}`)
	_, err := bufio.NewReader(answer.Body).ReadString('\n')
	require.NoError(t, err)
	before := time.Now().UnixNano()
	hangUp()
	var at int64
	require.Eventually(t, func() bool {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+PathGone+"?n=7", nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		n, _ := fmt.Fscan(answer.Body, &at)
		return answer.StatusCode == http.StatusOK && n == 1
	}, time.Minute, 5*time.Millisecond)
	require.GreaterOrEqual(t, at, before)
}

func TestStampAndMark(t *testing.T) {
	at, ok := Stamp([]byte(`data: {"text":"@1750000000000000001 "}`))
	require.True(t, ok)
	require.Equal(t, int64(1750000000000000001), at.UnixNano())
	for _, bad := range []string{"", "@", "@12", "@x ", "none"} {
		_, ok := Stamp([]byte(bad))
		require.False(t, ok, bad)
	}
	for body, want := range map[string]string{"say hang-up-12 now": "12", "hang-up-": "", "": "", "hang-up-x": ""} {
		got, ok := hangUp([]byte(body))
		require.Equal(t, want, got, body)
		require.Equal(t, want != "", ok, body)
	}
}
