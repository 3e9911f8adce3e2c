package responses_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses/responsestest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// recordings are the calls of the real API.
func recordings(t *testing.T) []recorded.Call {
	t.Helper()
	out := recorded.Calls(t, func(c *recorded.Call) bool { return strings.HasSuffix(c.Request.URL, "/v1/responses") })
	require.Greater(t, len(out), 50)
	return out
}

func TestRecordedRequestsComeBackEqual(t *testing.T) {
	for _, r := range recordings(t) {
		back := roundTrip(t, []byte(r.Request.Body))
		require.JSONEq(t, r.Request.Body, string(back), r.File)
	}
}

func roundTrip(t *testing.T, body []byte) []byte {
	t.Helper()
	q, err := responses.Protocol.ReadRequest(body)
	require.NoError(t, err, string(body))
	back, err := responses.Protocol.WriteRequest(q, &canonical.Options{Model: q.Model})
	require.NoError(t, err)
	return back
}

func TestRecordedAnswersComeBackValid(t *testing.T) {
	streams, whole := 0, 0
	for _, r := range recordings(t) {
		q, err := responses.Protocol.ReadRequest([]byte(r.Request.Body))
		require.NoError(t, err)
		if strings.HasPrefix(r.Response.Body, "{") {
			whole++
			a, err := responses.Protocol.ReadReply([]byte(r.Response.Body))
			require.NoError(t, err, r.File)
			require.True(t, a.Usage.Reported)
			out, err := responses.Protocol.WriteReply(a, q)
			require.NoError(t, err)
			requireSaysTheSame(t, r.Response.Body, string(out), r.File)
			continue
		}
		streams++
		native := responsestest.ValidStream(t, []byte(r.Response.Body), responsestest.Expect{})
		events := readStream(t, []byte(r.Response.Body))
		var acc canonical.Accumulator
		var out []byte
		w := responses.Protocol.NewWriter(q)
		for i := range events {
			acc.Add(&events[i])
			out = w.Write(out, &events[i])
		}
		require.True(t, acc.Ended(), r.File)
		again := responsestest.ValidStream(t, out, responsestest.Expect{
			Status: native.Status, Text: native.Text, Calls: len(native.Calls),
		})
		require.Equal(t, native.Reasoning, again.Reasoning)
		require.Equal(t, native.Calls, again.Calls)
		require.Equal(t, native.Input, again.Input)
		require.Equal(t, native.Output, again.Output)
	}
	require.Positive(t, streams)
	require.Positive(t, whole)
}

// requireSaysTheSame compares an answer with its translation: everything but the
// items' names, and fields that the translation adds empty.
func requireSaysTheSame(t *testing.T, want, got, file string) {
	t.Helper()
	var a, b map[string]any
	require.NoError(t, json.Unmarshal([]byte(want), &a))
	require.NoError(t, json.Unmarshal([]byte(got), &b))
	for name := range a {
		if name != "output" && name != "completed_at" {
			require.Equal(t, a[name], b[name], "%s: %s", file, name)
		}
	}
	x, y := said(a), said(b)
	require.Equal(t, x, y, file)
}

// said lists the texts and calls of an answer.
func said(r map[string]any) (out []any) {
	for _, raw := range r["output"].([]any) {
		it := raw.(map[string]any)
		switch it["type"] {
		case "message":
			for _, p := range it["content"].([]any) {
				part := p.(map[string]any)
				out = append(out, part["text"], part["annotations"])
			}
		case "reasoning":
			for _, p := range it["summary"].([]any) {
				out = append(out, p.(map[string]any)["text"])
			}
		default:
			out = append(out, it)
		}
	}
	return out
}

func readStream(t testing.TB, raw []byte) (all []canonical.Event) {
	t.Helper()
	var in sse.Reader
	in.Reset(bytes.NewReader(raw), 0)
	r := responses.Protocol.NewReader()
	for {
		e, err := in.Next()
		if err != nil {
			return all
		}
		if !e.HasData {
			continue
		}
		var few []canonical.Event
		few, err = r.Read(nil, e)
		require.NoError(t, err)
		all = append(all, few...)
	}
}
