package responses_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses/responsestest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// foreign is a stream of another protocol, as its reader tells it: thoughts,
// text, two calls whose pieces mix, and text of which nobody says that it begins.
func foreign() []canonical.Event {
	call := func(id string) *canonical.Block {
		return &canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: id, Name: "f"}}
	}
	return []canonical.Event{
		{Kind: canonical.EventStart, ID: "chatcmpl-9", Model: "claude", Created: 7},
		{Kind: canonical.EventPing},
		{Kind: canonical.EventBlock, Index: 0, Block: &canonical.Block{Kind: canonical.Thinking}},
		{Kind: canonical.EventText, Index: 0, Text: "hm"},
		{Kind: canonical.EventSign, Index: 0, Text: "sig"},
		{Kind: canonical.EventBlockEnd, Index: 0},
		{Kind: canonical.EventWhole, Index: 1, Block: &canonical.Block{Kind: canonical.Redacted, Signature: "enc"}},
		{Kind: canonical.EventWhole, Index: 2, Block: &canonical.Block{Kind: canonical.Opaque}},
		{Kind: canonical.EventText, Index: 3, Text: "hel"},
		{Kind: canonical.EventText, Index: 3, Text: "lo"},
		{Kind: canonical.EventBlockEnd, Index: 3},
		{Kind: canonical.EventBlock, Index: 4, Block: &canonical.Block{Kind: canonical.Text}},
		{Kind: canonical.EventText, Index: 4, Text: " you"},
		{Kind: canonical.EventBlock, Index: 5, Block: call("a")},
		{Kind: canonical.EventBlock, Index: 6, Block: call("b")},
		{Kind: canonical.EventArgs, Index: 5, Text: `{"x"`},
		{Kind: canonical.EventArgs, Index: 6, Text: `{"y":2}`},
		{Kind: canonical.EventArgs, Index: 5, Text: `:1}`},
		{Kind: canonical.EventBlockEnd, Index: 6},
		{Kind: canonical.EventBlock, Index: 7, Block: call("none")},
		{Kind: canonical.EventBlock, Index: 8, Block: &canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "c", Name: "free", Custom: true}}},
		{Kind: canonical.EventArgs, Index: 8, Text: `"a\"b"`},
		{Kind: canonical.EventUsage, Usage: &canonical.Usage{Tokens: dcoder.Tokens{Input: 5, CachedInput: 2, Output: 9, Reasoning: 1}}},
		{Kind: canonical.EventStop, Stop: canonical.StopTools},
		{Kind: canonical.EventEnd},
	}
}

func write(t testing.TB, events []canonical.Event) (out []byte) {
	t.Helper()
	q, err := responses.Protocol.ReadRequest([]byte(`{"model":"m","input":"x","instructions":"i","tools":[{"type":"function","name":"f"}],"text":{"verbosity":"low"}}`))
	require.NoError(t, err)
	w := responses.Protocol.NewWriter(q)
	for i := range events {
		out = w.Write(out, &events[i])
	}
	return out
}

func TestAForeignStreamIsRight(t *testing.T) {
	raw := write(t, foreign())
	seen := responsestest.ValidStream(t, raw, responsestest.Expect{Status: "completed", Text: "hello you", Calls: 4})
	require.Equal(t, "hm", seen.Reasoning)
	require.Equal(t, "resp_9", seen.ID)
	require.EqualValues(t, 5, seen.Input)
	require.EqualValues(t, 9, seen.Output)
	require.ElementsMatch(t, []responsestest.Call{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "f", Arguments: `{"y":2}`}, {ID: "none", Name: "f", Arguments: "{}"}, {ID: "c", Name: "free", Arguments: `a"b`}}, seen.Calls)
	require.Contains(t, string(raw), `"cached_tokens":2`)
	require.Contains(t, string(raw), `"instructions":"i"`)
	require.Contains(t, string(raw), `"verbosity":"low"`)

	// Reading it gives what was written.
	var acc canonical.Accumulator
	for _, e := range readStream(t, raw) {
		acc.Add(&e)
	}
	a := acc.Reply()
	require.Equal(t, canonical.StopTools, a.Choices[0].Stop)
	require.Equal(t, dcoder.Tokens{Input: 5, CachedInput: 2, Output: 9, Reasoning: 1}, a.Usage.Tokens)
	var args []string
	for _, b := range a.Choices[0].Blocks {
		if b.Call != nil {
			args = append(args, string(b.Call.Arguments))
		}
	}
	require.ElementsMatch(t, []string{`{"x":1}`, `{"y":2}`, `{}`, `"a\"b"`}, args)
}

func TestEndsOfAStream(t *testing.T) {
	head, tail := foreign()[:1], canonical.Event{Kind: canonical.EventEnd}
	for _, c := range []struct {
		name   string
		last   canonical.Event
		status string
	}{
		{"nothing was said", canonical.Event{Kind: canonical.EventStop, Stop: canonical.StopEnd}, "completed"},
		{"too long", canonical.Event{Kind: canonical.EventStop, Stop: canonical.StopLength}, "incomplete"},
		{"filtered", canonical.Event{Kind: canonical.EventStop, Stop: canonical.StopFilter}, "incomplete"},
		{"failed", canonical.Event{Kind: canonical.EventError, Err: &canonical.Problem{Type: "overloaded_error", Message: "busy"}}, "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := write(t, append(append([]canonical.Event{}, head...), c.last, tail))
			responsestest.ValidStream(t, raw, responsestest.Expect{Status: c.status})
		})
	}
}

// TestTheValidatorSeesWhatIsWrong breaks a right stream in every place.
func TestTheValidatorSeesWhatIsWrong(t *testing.T) {
	frames := strings.SplitAfter(strings.TrimSpace(string(write(t, foreign()))), "\n\n")
	for i, f := range frames {
		if strings.HasPrefix(f, ":") {
			continue
		}
		without := strings.Join(append(append([]string{}, frames[:i]...), frames[i+1:]...), "")
		_, err := responsestest.Check([]byte(without))
		require.Error(t, err, "without %s", f)
		twice := strings.Join(append(append([]string{}, frames[:i+1]...), frames[i:]...), "\n\n")
		_, err = responsestest.Check([]byte(twice))
		require.Error(t, err, "twice %s", f)
	}
}

func TestErrorsAreRead(t *testing.T) {
	p, ok := responses.Protocol.ReadError(429, []byte(`{"error":{"message":"slow","type":"rate_limit","param":"input","code":"rate_limit_exceeded"}}`))
	require.True(t, ok)
	require.Equal(t, canonical.Problem{Status: 429, Type: "rate_limit", Code: "rate_limit_exceeded", Message: "slow", Param: "input"}, p)
	_, ok = responses.Protocol.ReadError(502, []byte(`<html>`))
	require.False(t, ok)
	for data, want := range map[string]canonical.Problem{
		`{"type":"error","code":"rate_limit_exceeded","message":"slow","param":null,"sequence_number":3}`:                       {Type: "rate_limit_exceeded", Code: "rate_limit_exceeded", Message: "slow"},
		`{"type":"error","error":{"type":"server_error","code":null,"message":"oops"}}`:                                         {Type: "server_error", Message: "oops"},
		`{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"broken"}}}`: {Type: "server_error", Code: "server_error", Message: "broken"},
	} {
		r := responses.Protocol.NewReader()
		got, err := r.Read(nil, sse.Event{Data: []byte(data), HasData: true})
		require.NoError(t, err)
		require.Equal(t, canonical.EventError, got[len(got)-1].Kind)
		require.Equal(t, want, *got[len(got)-1].Err)
	}
}

// FuzzReader: whatever a provider streams is refused, or can be told on as a
// stream whose frames are JSON.
func FuzzReader(f *testing.F) {
	f.Add(write(f, foreign()))
	f.Add([]byte("data: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n"))
	f.Add([]byte("data: {\"type\":\"error\",\"message\":\"x\"}\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in sse.Reader
		in.Reset(bytes.NewReader(raw), 1<<20)
		r, w := responses.Protocol.NewReader(), responses.Protocol.NewWriter(nil)
		var events []canonical.Event
		for {
			e, err := in.Next()
			if err != nil {
				return
			}
			if !e.HasData {
				continue
			}
			if events, err = r.Read(events[:0], e); err != nil {
				return
			}
			for i := range events {
				checkFrames(t, w.Write(nil, &events[i]))
			}
		}
	})
}

func checkFrames(t *testing.T, raw []byte) {
	var in sse.Reader
	in.Reset(bytes.NewReader(raw), 64<<20)
	for {
		e, err := in.Next()
		if err != nil {
			return
		}
		if e.HasData && !json.Valid(e.Data) {
			t.Fatalf("a frame that is no JSON: %s", e.Data)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add([]byte(`{"object":"response","id":"resp_1","status":"completed","output":[{"type":"message","id":"m","content":[{"type":"output_text","text":"x","annotations":[1]}]},{"type":"function_call","id":"f","call_id":"c","name":"n","arguments":"{"},{"type":"x","id":1}],"usage":{"input_tokens":1}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := responses.Protocol.ReadReply(body)
		if err != nil {
			return
		}
		out, err := responses.Protocol.WriteReply(a, nil)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := responses.Protocol.ReadReply(out); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, out)
		}
	})
}
