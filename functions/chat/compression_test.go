package chat_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// passages is a prompt of many documents, of which one holds the answer, and a
// question.
func passages() string {
	filler := strings.Repeat("Nothing of note was written about it in the old paper. ", 14)
	said := "Bartolomeu Dias rounded the stormy cape in 1488."
	return "Document [1](Title: Harbour) " + filler + "\nDocument [2](Title: Cape) " + said + " " + filler +
		"\nDocument [3](Title: Church) " + filler + "\nDocument [4](Title: Mill) " + filler + "\n\nWho rounded the stormy cape?"
}

func askingPassages(t *testing.T, path, model string, stream bool) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"model": model, "stream": stream, "max_tokens": 200, "messages": []any{map[string]any{"role": "user", "content": passages()}},
	})
	require.NoError(t, err, path)
	return string(raw)
}

func TestTextsAreShortenedWhereTheClientAsksForIt(t *testing.T) {
	for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
		for _, model := range everyProvider {
			for _, stream := range []bool{false, true} {
				t.Run(path+" "+model, func(t *testing.T) {
					b := serveChat(t, llmtest.Options{})
					body := askingPassages(t, path, model, stream)
					_, _ = send(t, b, path, body, "Cache-Control", "no-store")
					answer, said := send(t, b, path, body, "Cache-Control", "no-store", dcoder.HeaderCompression, "auto; use=rag")
					require.Equal(t, http.StatusOK, answer.StatusCode, said)
					require.Regexp(t, `^auto; tokens=\d+/\d+$`, answer.Header.Get(dcoder.HeaderCompression))
					seen := b.Sim.Requests(0)
					require.Len(t, seen, 2)
					require.Less(t, 2*seen[1].Input, seen[0].Input, "the provider got less than half")

					rows := b.Rows(2)
					whole, short := rows[0], rows[1]
					if whole.Compression != "" {
						whole, short = short, whole
					}
					require.Empty(t, whole.Compression)
					require.Equal(t, whole.Cost, whole.CostBaseline)
					require.Equal(t, "auto", short.Compression)
					require.Less(t, short.Cost, short.CostBaseline)
					require.InEpsilon(t, float64(whole.Cost), float64(short.CostBaseline), 0.25, "what it would have cost")
				})
			}
		}
	}
}

func TestTheAnswerSurvivesCompression(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	_, said := send(t, b, "/v1/chat/completions", askingPassages(t, "", "gpt-4o", false), dcoder.HeaderCompression, "3; use=rag")
	require.Contains(t, said, "Bartolomeu Dias", "the simulator quotes what it was given")
}

func TestNothingIsShortened(t *testing.T) {
	long := func(t *testing.T) string { return askingPassages(t, "", "gpt-4o", false) }
	for _, c := range []struct {
		name, path, header, want string
		body                     func(*testing.T) string
		policy                   string
	}{
		{"nobody asked", "/v1/chat/completions", "", "", long, ""},
		{"off", "/v1/chat/completions", "off", "", long, ""},
		{"the tenant forbids it", "/v1/chat/completions", "auto", "off(policy)", long, "off"},
		{"too short", "/v1/chat/completions", "auto", "off(little to gain)", func(*testing.T) string { return asking("gpt-4o", false, "") }, ""},
		{
			"a route without messages", "/v1/completions", "auto", "off(route)",
			func(*testing.T) string { return `{"model":"gpt-4o","prompt":"Tell me about the sea."}` }, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) { s.Tenant.Compression = c.policy }})
			var headers []string
			if c.header != "" {
				headers = []string{dcoder.HeaderCompression, c.header}
			}
			answer, said := send(t, b, c.path, c.body(t), headers...)
			require.Equal(t, http.StatusOK, answer.StatusCode, said)
			require.Equal(t, c.want, answer.Header.Get(dcoder.HeaderCompression))
			row := b.Row()
			require.Empty(t, row.Compression)
			require.Equal(t, row.Cost, row.CostBaseline)
		})
	}
}

func TestACompressionThatCannotBeReadIsRefused(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	for _, header := range []string{"tiny", "0.5", "100", "auto; use=poem", "auto; rag", "auto; 3"} {
		answer, said := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""), dcoder.HeaderCompression, header)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, said)
		require.Contains(t, said, dcoder.HeaderCompression, "the field is named")
	}
	require.Empty(t, b.Sim.Requests(0))
}

func TestACompressedCallIsNotTheWholeOneToTheCache(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	body := askingPassages(t, "", "gpt-4o", false)
	_, _ = send(t, b, "/v1/chat/completions", body)
	answer, _ := send(t, b, "/v1/chat/completions", body, dcoder.HeaderCompression, "3; use=rag")
	require.NotContains(t, answer.Header.Get("X-Cache"), "hit", "an answer to all of it is no answer to a part")
	require.Len(t, b.Sim.Requests(0), 2)
}
