package chattest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

// stream makes frames of choices; a line that begins with ! is data as it is.
func stream(lines ...string) []byte {
	var b strings.Builder
	for _, l := range lines {
		data, raw := strings.CutPrefix(l, "!")
		if !raw {
			data = `{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[` + l + `]}`
		}
		b.WriteString("data: " + data + "\n\n")
	}
	return []byte(b.String())
}

const (
	role   = `{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`
	hi     = `{"index":0,"delta":{"content":"hi"},"finish_reason":null}`
	stop   = `{"index":0,"delta":{},"finish_reason":"stop"}`
	called = `{"index":0,"delta":{},"finish_reason":"tool_calls"}`
	first  = `{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}`
	args   = `{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}`
	used   = `!{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`
	failed = `!{"error":{"message":"no","type":"server_error"}}`
	done   = "![DONE]"
)

func TestGoodStreams(t *testing.T) {
	for name, c := range map[string]struct {
		raw []byte
		e   chattest.Expect
	}{
		"text":  {stream(role, hi, stop, done), chattest.Expect{}},
		"call":  {stream(role, first, args, called, done), chattest.Expect{}},
		"usage": {stream(role, hi, stop, used, done), chattest.Expect{Usage: true}},
		"error": {stream(role, hi, failed), chattest.Expect{Error: true}},
		"pings": {append([]byte(": ping\n\n"), stream(role, hi, stop, done)...), chattest.Expect{}},
	} {
		_, err := chattest.Check(c.raw, c.e)
		require.NoError(t, err, name)
	}
}

func TestBadStreams(t *testing.T) {
	for name, c := range map[string]struct {
		raw []byte
		e   chattest.Expect
	}{
		"no end":                    {stream(role, hi, stop), chattest.Expect{}},
		"no finish":                 {stream(role, hi, done), chattest.Expect{}},
		"no role":                   {stream(hi, stop, done), chattest.Expect{}},
		"two roles":                 {stream(role, role, stop, done), chattest.Expect{}},
		"two finishes":              {stream(role, stop, stop, done), chattest.Expect{}},
		"text behind the finish":    {stream(role, stop, hi, done), chattest.Expect{}},
		"a chunk behind the end":    {stream(role, stop, done, hi), chattest.Expect{}},
		"an end behind an error":    {stream(role, hi, failed, done), chattest.Expect{Error: true}},
		"an error nobody expects":   {stream(role, hi, failed), chattest.Expect{}},
		"no error":                  {stream(role, stop, done), chattest.Expect{Error: true}},
		"usage nobody asked for":    {stream(role, stop, used, done), chattest.Expect{}},
		"usage is missing":          {stream(role, stop, done), chattest.Expect{Usage: true}},
		"usage before the finish":   {stream(role, used, stop, done), chattest.Expect{Usage: true}},
		"an unknown reason":         {stream(role, strings.Replace(stop, "stop", "end_turn", 1), done), chattest.Expect{}},
		"calls that are none":       {stream(role, called, done), chattest.Expect{}},
		"stop in spite of calls":    {stream(role, first, args, stop, done), chattest.Expect{}},
		"no arguments":              {stream(role, first, called, done), chattest.Expect{}},
		"arguments before the call": {stream(role, args, called, done), chattest.Expect{}},
		"a call begun twice":        {stream(role, first, first, args, called, done), chattest.Expect{}},
		"an index that counts all":  {stream(role, strings.Replace(first, `"index":0,"id"`, `"index":1,"id"`, 1), called, done), chattest.Expect{}},
		"an id that is not clean":   {stream(role, strings.Replace(first, `"id":"a"`, `"id":"a.b"`, 1), args, called, done), chattest.Expect{}},
		"a foreign field":           {stream(role, strings.Replace(hi, `"content"`, `"channel":"x","content"`, 1), stop, done), chattest.Expect{}},
		"another answer":            {stream(role, strings.Replace(hi, `"index":0`, `"index":1`, 1), stop, done), chattest.Expect{}},
		"not JSON":                  {stream(role, "!{", stop, done), chattest.Expect{}},
		"another model":             {stream(role, `!{"id":"1","object":"chat.completion.chunk","created":1,"model":"n","choices":[]}`, stop, done), chattest.Expect{}},
	} {
		_, err := chattest.Check(c.raw, c.e)
		require.Error(t, err, name)
	}
}
