package llm

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/token"
)

func shortenedBody(t *testing.T, kind Kind, body string) (string, []compress.Shortened, bool) {
	t.Helper()
	var doc jsonscan.Doc
	require.NoError(t, fieldsOf(kind).Scan([]byte(body), jsonscan.Limits{}, &doc))
	c := compress.Conversation{Options: compress.Options{Mode: compress.Ratio, Ratio: 3, Use: compress.RAG, Count: token.Count}}
	out, did, gained := shorten(kind, &doc, c)
	require.True(t, json.Valid(out))
	return string(out), did, gained
}

func longPassages(said string) string {
	filler := strings.Repeat("Nothing was written about it in the old paper. ", 12)
	return "Document [1](Title: Harbour) " + filler + "\\nDocument [2](Title: Cape) " + said + " " + filler + "\\nDocument [3](Title: Church) " + filler
}

func TestShortenChangesNothingButTexts(t *testing.T) {
	needed := "Dias \\u2014 \\\"the captain\\\" \\u003c rounded the cape in 1488."
	for _, c := range []struct {
		name         string
		kind         Kind
		before, text string
		after        string
		kept         string
	}{
		{
			name: "a user's text", kind: Chat,
			before: `{"model":"m", "unknown": {"x" : [1, 2.50]}, "messages":[{"role":"system","content":"` + longPassages("x") + `"},{"role":"user","content":"`,
			text:   longPassages(needed) + `\n\nWho rounded the cape?`,
			after:  `"}], "seed": 1e0}`, kept: "Who rounded the cape?",
		},
		{
			name: "a tool's answer", kind: Chat,
			before: `{"messages":[{"role":"user","content":"Who rounded the cape?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"`,
			text:   longPassages(needed),
			after:  `"}]}`,
		},
		{
			name: "a tool's answer in Anthropic's shape", kind: Message,
			before: `{"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"Who rounded the cape?"}]},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"`,
			text:   longPassages(needed),
			after:  `"}]}]}`,
		},
		{
			name: "documents and their question in parts of one message", kind: Message,
			before: `{"messages":[{"role":"user","content":[{"type":"text","text":"`,
			text:   longPassages(needed),
			after:  `","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Who rounded the cape?"}]}]}`,
		},
	} {
		out, did, gained := shortenedBody(t, c.kind, c.before+c.text+c.after)
		require.True(t, gained, c.name)
		require.True(t, strings.HasPrefix(out, c.before), c.name)
		require.True(t, strings.HasSuffix(out, c.after), c.name)
		require.Less(t, len(out)-len(c.before)-len(c.after), len(c.text)/2, c.name)
		require.Contains(t, out, `Dias — \"the captain\" < rounded the cape in 1488.`, c.name)
		require.Contains(t, out, c.kept, c.name)
		require.Positive(t, did[0].Saved()+did[len(did)-1].Saved(), c.name)
	}
}

func TestShortenLeavesAlone(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Kind
		body string
	}{
		{"short messages", Chat, `{"messages":[{"role":"user","content":"hi"}]}`},
		{"what the model said", Chat, `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"` + longPassages("x") + `"}]}`},
		{"a role that it does not know", Chat, `{"messages":[{"role":"developer","content":"` + longPassages("x") + `"}]}`},
		{"pictures", Message, `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"` + strings.Repeat("QUJD", 500) + `"}}]}]}`},
		{"messages that are none", Chat, `{"messages":[1,null,{"role":5,"content":7},{"role":"user","content":[{"type":"text"},3]}]}`},
		{"no messages", Chat, `{"messages":"x"}`},
		{"embeddings", Embedding, `{"input":"` + longPassages("x") + `"}`},
	} {
		out, _, gained := shortenedBody(t, c.kind, c.body)
		require.Equal(t, c.body, out, c.name)
		require.False(t, gained, c.name)
	}
}

func FuzzShorten(f *testing.F) {
	f.Add(`{"messages":[{"role":"user","content":"`+longPassages("x")+`"}]}`, true)
	f.Add(`{"messages":[{"role":"user","content":[{"type":"tool_result","content":"\ud800 \u0000"}]}]}`, false)
	f.Fuzz(func(t *testing.T, body string, message bool) {
		kind := Chat
		if message {
			kind = Message
		}
		var doc jsonscan.Doc
		if fieldsOf(kind).Scan([]byte(body), jsonscan.Limits{}, &doc) != nil {
			return
		}
		c := compress.Conversation{Options: compress.Options{Mode: compress.Ratio, Ratio: 3, Count: token.Count}}
		out, _, _ := shorten(kind, &doc, c)
		if len(out) > len(body) || !json.Valid(out) {
			t.Fatalf("%q became %q", body, out)
		}
	})
}

// TestAConversationKeepsTheBytesThatItSent: each turn sends what the turns before it
// sent, whatever later messages would save, so that a provider's prompt cache holds.
func TestAConversationKeepsTheBytesThatItSent(t *testing.T) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	talk, sent := []message{}, []message{}
	data := func(lines int) string { // 20 lines of it are worth 59 tokens, less than is worth the trouble
		return "{\n" + strings.Repeat("    \"a key of it\":    \"a value that is said\",\n", lines) + "    \"z\": 1\n}"
	}
	for turn := range 40 {
		text := data(20 + turn%4/3*60)
		if turn == 30 {
			text += strings.Repeat("x", largestCompressed) // from here on nothing is looked at
		}
		talk = append(talk, message{"user", text}, message{"assistant", "Yes."})
		raw, err := json.Marshal(map[string]any{"messages": talk})
		require.NoError(t, err)
		var doc jsonscan.Doc
		require.NoError(t, fieldsOf(Chat).Scan(raw, jsonscan.Limits{}, &doc))
		body, _, _ := shorten(Chat, &doc, compress.Conversation{Options: compress.Options{Mode: compress.Lossless, Count: token.Count}})
		var now struct{ Messages []message }
		require.NoError(t, json.Unmarshal(body, &now))
		require.Equal(t, sent, now.Messages[:len(sent)], "turn %d", turn)
		sent = now.Messages
	}
	shorter := 0
	for i := range sent {
		if len(sent[i].Content) < len(talk[i].Content) {
			shorter++
		}
	}
	require.Positive(t, shorter, "some of it was shortened")
	require.Less(t, shorter, len(sent)/2, "what saves little was left")
}
