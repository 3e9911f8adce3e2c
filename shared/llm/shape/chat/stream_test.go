package chat_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// events reads a stream of chunks.
func events(t testing.TB, raw []byte) (out []canonical.Event) {
	t.Helper()
	var r sse.Reader
	r.Reset(bytes.NewReader(raw), len(raw)+1)
	reader := chat.Protocol.NewReader()
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out, err = reader.Read(out, e)
		require.NoError(t, err)
	}
}

// written writes events as an answer to r.
func written(es []canonical.Event, r *canonical.Request) (out []byte) {
	w := chat.Protocol.NewWriter(r)
	for i := range es {
		out = w.Write(out, &es[i])
	}
	return out
}

func rewrite(t testing.TB, raw []byte, r *canonical.Request) []byte {
	t.Helper()
	return written(events(t, raw), r)
}

// TestMixedCallsDoNotOverlap: pieces of parallel calls that a server mixes are
// told one call after the other, since other protocols have one block at a time.
func TestMixedCallsDoNotOverlap(t *testing.T) {
	raw, err := os.ReadFile("testdata/streams/mixed.txt")
	require.NoError(t, err)
	es := events(t, raw)
	open, args := -1, map[int]string{}
	for _, e := range es {
		switch e.Kind {
		case canonical.EventBlock:
			require.Equal(t, -1, open, "a block begins in another")
			open = e.Index
		case canonical.EventArgs:
			require.Equal(t, open, e.Index)
			args[e.Index] += e.Text
		case canonical.EventBlockEnd:
			require.Equal(t, open, e.Index)
			open = -1
		}
	}
	require.Equal(t, map[int]string{0: `{"x":1}`, 1: `{}`}, args)
	a := chattest.ValidStream(t, written(es, nil), chattest.Expect{}).Answers[0]
	require.Len(t, a.Calls, 2)
}

func TestCallsUnderOneIndexAreToldApartByTheirIDs(t *testing.T) {
	raw := `data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}` + "\n\n" +
		`data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	a := chattest.ValidStream(t, rewrite(t, []byte(raw), nil), chattest.Expect{}).Answers[0]
	require.Len(t, a.Calls, 2)
	require.Equal(t, "tool_calls", a.Finish)
}

func TestOldFunctionsAreAnsweredInOldWords(t *testing.T) {
	r := read(t, `{"model":"m","functions":[{"name":"f"}],"messages":[{"role":"user","content":"hi"}]}`)
	require.Equal(t, "f", r.Tools[0].Name)
	s := string(written([]canonical.Event{
		{Kind: canonical.EventStart, ID: "1", Model: "m"},
		call(0, "a", ""),
		{Kind: canonical.EventArgs, Text: "{}"},
		{Kind: canonical.EventStop, Stop: canonical.StopTools},
		{Kind: canonical.EventEnd},
	}, r))
	require.Contains(t, s, `"function_call":{"name":"f","arguments":""}`)
	require.Contains(t, s, `"finish_reason":"function_call"`)
	require.NotContains(t, s, "tool_calls")
}
