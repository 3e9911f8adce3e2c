package generate_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate/generatetest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// recordings are all recorded calls in Google's own protocol, of both services.
func recordings(t *testing.T) []recorded.Call {
	t.Helper()
	out := recorded.Calls(t, recorded.To("enerateContent"))
	require.Len(t, out, 84, "recorded calls")
	return out
}

func TestRecordedRequestsComeBackAsTheyWere(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.File, func(t *testing.T) {
			in, err := generate.Protocol.ReadRequest([]byte(r.Request.Body))
			require.NoError(t, err)
			out, err := generate.Protocol.WriteRequest(in, &canonical.Options{})
			require.NoError(t, err)
			require.JSONEq(t, r.Request.Body, string(out))
		})
	}
}

func TestRecordedAnswersComeBackAsTheyWere(t *testing.T) {
	whole := 0
	for _, r := range recordings(t) {
		if strings.HasPrefix(r.Response.Body, "data:") {
			continue
		}
		whole++
		t.Run(r.File, func(t *testing.T) {
			a, err := generate.Protocol.ReadReply([]byte(r.Response.Body))
			require.NoError(t, err)
			require.True(t, a.Usage.Reported)
			require.Positive(t, a.Usage.Output)
			out, err := generate.Protocol.WriteReply(a, nil)
			require.NoError(t, err)
			require.JSONEq(t, r.Response.Body, string(out))
		})
	}
	require.Positive(t, whole)
}

func TestRecordedStreamsAreReadToTheirEnd(t *testing.T) {
	streams := 0
	for _, r := range recordings(t) {
		if !strings.HasPrefix(r.Response.Body, "data:") {
			continue
		}
		streams++
		t.Run(r.File, func(t *testing.T) {
			raw := []byte(r.Response.Body)
			want := generatetest.ValidStream(t, raw, generatetest.Expect{Usage: true})
			events := readStream(t, raw)
			requireOrder(t, events)
			w := generate.Protocol.NewWriter(nil)
			var again []byte
			for i := range events {
				again = w.Write(again, &events[i])
			}
			got := generatetest.ValidStream(t, again, generatetest.Expect{Usage: true})
			require.Equal(t, want, got)
		})
	}
	require.Positive(t, streams)
}

// readStream reads a whole stream into events.
func readStream(t testing.TB, raw []byte) (events []canonical.Event) {
	t.Helper()
	r := generate.Protocol.NewReader()
	var in sse.Reader
	in.Reset(bytes.NewReader(raw), 0)
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			return r.(canonical.Ender).End(events)
		}
		require.NoError(t, err)
		events, err = r.Read(events, e)
		require.NoError(t, err)
	}
}

// requireOrder holds events to the order that canonical promises.
func requireOrder(t testing.TB, events []canonical.Event) {
	t.Helper()
	require.Equal(t, canonical.EventStart, events[0].Kind)
	require.Equal(t, canonical.EventEnd, events[len(events)-1].Kind)
	open, next := map[int]bool{}, map[int]int{}
	for i, e := range events[1 : len(events)-1] {
		switch e.Kind {
		case canonical.EventBlock:
			require.False(t, open[e.Answer], "event %d: blocks of one answer do not overlap", i)
			require.Equal(t, next[e.Answer], e.Index)
			open[e.Answer] = true
		case canonical.EventText, canonical.EventArgs, canonical.EventSign:
			require.True(t, open[e.Answer], "event %d", i)
			require.Equal(t, next[e.Answer], e.Index)
		case canonical.EventBlockEnd:
			require.True(t, open[e.Answer], "event %d", i)
			open[e.Answer] = false
			next[e.Answer]++
		case canonical.EventWhole:
			require.False(t, open[e.Answer], "event %d", i)
			next[e.Answer]++
		case canonical.EventStop:
			require.False(t, open[e.Answer], "event %d: a block is still open", i)
		case canonical.EventUsage:
			require.True(t, e.Usage.Reported)
		default:
			require.Fail(t, "unexpected event", "%d: %d", i, e.Kind)
		}
	}
}
