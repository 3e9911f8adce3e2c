package vertex_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

// both are Google's two services with a model of each generation.
var both = map[string]string{
	"AI Studio, Gemini 2.5": "google/gemini-2.5-flash",
	"AI Studio, Gemini 3":   "google/gemini-3-pro-preview",
	"Vertex, Gemini 2.5":    "vertex/gemini-2.5-pro",
	"Vertex, Gemini 3":      "vertex/gemini-3-pro-preview",
	"Vertex, Claude":        "vertex/claude-3-7-sonnet@20250219",
}

func TestWholeAnswers(t *testing.T) {
	for name, model := range both {
		t.Run(name, func(t *testing.T) {
			b, p := serve(t, nil)
			got := complete(t, b, `{"model":"`+model+`","messages":[{"role":"system","content":"The sky is blue. Grass is green."},{"role":"user","content":"What colour has the sky?"}]}`)
			require.Contains(t, got.Choices[0].Message.Content, "blue")
			require.Equal(t, "stop", got.Choices[0].Finish)
			row := b.Row()
			require.Equal(t, dcoder.UsageFinal, row.State)
			require.False(t, row.Estimated)
			require.Equal(t, got.Usage.Prompt, row.Tokens.Input)
			require.Equal(t, got.Usage.Completion, row.Tokens.Output)
			a := p.last(t)
			require.Empty(t, a.Header.Get("X-Secret-Header"))
			if strings.HasPrefix(model, "google/") {
				require.Equal(t, llmtest.Secret, a.Header.Get("X-Goog-Api-Key"))
				require.Empty(t, a.Header.Get("Authorization"))
			} else {
				require.Equal(t, "Bearer "+llmtest.Secret, a.Header.Get("Authorization"), "what is no key file is a token")
			}
		})
	}
}

func TestStreams(t *testing.T) {
	for name, model := range both {
		t.Run(name, func(t *testing.T) {
			b, p := serve(t, nil)
			status, raw := send(t, b, "/v1/chat/completions", `{"model":"`+model+`","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"The sky is blue. What colour has the sky?"}]}`)
			require.Equal(t, http.StatusOK, status)
			s := chattest.ValidStream(t, raw, chattest.Expect{Usage: true})
			require.Contains(t, s.Answers[0].Content, "blue")
			row := b.Row()
			require.False(t, row.Estimated)
			require.Equal(t, s.Usage.Prompt, row.Tokens.Input)
			require.Equal(t, s.Usage.Completion, row.Tokens.Output)
			require.Positive(t, row.Tokens.Output)
			switch {
			case strings.Contains(model, "claude"):
				require.True(t, strings.HasSuffix(p.last(t).Path, ":streamRawPredict"))
				require.Equal(t, "vertex-2023-10-16", p.last(t).Body["anthropic_version"])
				require.NotContains(t, p.last(t).Body, "model")
			default:
				require.True(t, strings.HasSuffix(p.last(t).Path, ":streamGenerateContent?alt=sse"))
			}
		})
	}
}

func TestAnAnthropicClientOfBothServices(t *testing.T) {
	for name, model := range both {
		t.Run(name, func(t *testing.T) {
			b, _ := serve(t, nil)
			status, raw := send(t, b, "/v1/messages", `{"model":"`+model+`","max_tokens":99,"messages":[{"role":"user","content":"The sky is blue. What colour has the sky?"}]}`)
			require.Equal(t, http.StatusOK, status, "%s", raw)
			require.Contains(t, string(raw), "blue")
			require.Contains(t, string(raw), `"stop_reason"`)
			require.False(t, b.Row().Estimated)
		})
	}
}

const weather = `"tools":[{"type":"function","function":{"name":"weather","description":"The weather of a place","parameters":{"type":"object","properties":{"place":{"type":"string"}},"required":["place"],"additionalProperties":false}}}]`

// TestToolsOverTwoTurns: the client knows nothing of signatures, and Gemini gets
// them back all the same.
func TestToolsOverTwoTurns(t *testing.T) {
	for name, model := range both {
		for _, streamed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				b, p := serve(t, nil)
				question := `{"role":"user","content":"Call weather for Bergen"}`
				first := `{"model":"` + model + `",` + weather + `,"messages":[` + question + `]}`
				call := firstCall(t, b, first, streamed)
				require.JSONEq(t, `"weather"`, string(call["name"]))
				history := question + `,{"role":"assistant","tool_calls":[{"id":` + string(call["id"]) + `,"type":"function","function":{"name":"weather","arguments":` + string(call["arguments"]) + `}}]},` +
					`{"role":"tool","tool_call_id":` + string(call["id"]) + `,"content":"rain"}`
				got := complete(t, b, `{"model":"`+model+`",`+weather+`,"messages":[`+history+`]}`)
				require.Equal(t, "stop", got.Choices[0].Finish)
				if strings.Contains(model, "claude") {
					return
				}
				contents := p.last(t).Body["contents"].([]any)
				require.Len(t, contents, 3)
				made := partOf(contents[1])
				require.NotEmpty(t, made["thoughtSignature"])
				require.NotEqual(t, "skip_thought_signature_validator", made["thoughtSignature"], "it is the one that the model gave")
				_, id := made["functionCall"].(map[string]any)["id"]
				require.Equal(t, strings.HasPrefix(model, "google/"), id, "Vertex takes no ids")
				answer := partOf(contents[2])["functionResponse"].(map[string]any)
				require.Equal(t, "weather", answer["name"])
				require.Equal(t, map[string]any{"result": "rain"}, answer["response"])
			})
		}
	}
}

func partOf(content any) map[string]any {
	return content.(map[string]any)["parts"].([]any)[0].(map[string]any)
}

// firstCall returns id, name and arguments of the only call of an answer.
func firstCall(t *testing.T, b *llmtest.Bench, body string, streamed bool) map[string]json.RawMessage {
	t.Helper()
	var c chattest.Call
	if streamed {
		_, raw := send(t, b, "/v1/chat/completions", strings.Replace(body, `{`, `{"stream":true,`, 1))
		a := chattest.ValidStream(t, raw, chattest.Expect{}).Answers[0]
		require.Equal(t, "tool_calls", a.Finish)
		require.Len(t, a.Calls, 1)
		c = a.Calls[0]
	} else {
		got := complete(t, b, body).Choices[0]
		require.Equal(t, "tool_calls", got.Finish)
		require.Len(t, got.Message.ToolCalls, 1)
		f := got.Message.ToolCalls[0]["function"].(map[string]any)
		c = chattest.Call{ID: got.Message.ToolCalls[0]["id"].(string), Name: f["name"].(string), Arguments: f["arguments"].(string)}
	}
	out := map[string]json.RawMessage{}
	for k, v := range map[string]string{"id": c.ID, "name": c.Name, "arguments": c.Arguments} {
		out[k], _ = json.Marshal(v)
	}
	return out
}

func TestThinkingIsAskedForAndTold(t *testing.T) {
	for name, c := range map[string]struct {
		model  string
		config map[string]any
	}{
		"a budget": {"google/gemini-2.5-flash", map[string]any{"includeThoughts": true, "thinkingBudget": 1024.0}},
		"a level":  {"vertex/gemini-3-pro-preview", map[string]any{"includeThoughts": true, "thinkingLevel": "LOW"}},
	} {
		t.Run(name, func(t *testing.T) {
			b, p := serve(t, nil)
			body := `{"model":"` + c.model + `","reasoning_effort":"low","messages":[{"role":"user","content":"The sky is blue. What colour has the sky?"}]}`
			got := complete(t, b, body)
			require.NotEmpty(t, got.Choices[0].Message.Reasoning)
			require.Positive(t, got.Usage.Details.Reasoning)
			require.Equal(t, c.config, p.last(t).Body["generationConfig"].(map[string]any)["thinkingConfig"])
			require.Equal(t, got.Usage.Details.Reasoning, b.Row().Tokens.Reasoning)
			_, raw := send(t, b, "/v1/chat/completions", strings.Replace(body, `{`, `{"stream":true,`, 1))
			a := chattest.ValidStream(t, raw, chattest.Expect{}).Answers[0]
			require.Equal(t, got.Choices[0].Message.Reasoning, a.Reasoning)
		})
	}
}

// TestRow31 and a picture inside the request: both reach the provider the same.
func TestRow31APictureOfTheWeb(t *testing.T) {
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a.png" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(picture.Bytes())
	}))
	t.Cleanup(web.Close)
	encoded := base64.StdEncoding.EncodeToString(picture.Bytes())
	for _, model := range []string{"google/gemini-2.5-flash", "vertex/gemini-2.5-pro"} {
		b, p := serve(t, nil)
		ask := func(url string) (int, []byte) {
			return send(t, b, "/v1/chat/completions", `{"model":"`+model+`","messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"`+url+`"}}]}]}`)
		}
		for _, bad := range []string{web.URL + "/b.png", "http://127.0.0.2/a.png", "http://169.254.169.254/latest/meta-data/a.png", "file:///etc/passwd"} {
			status, raw := ask(bad)
			require.Equal(t, http.StatusBadRequest, status, "%s: %s", bad, raw)
			require.Contains(t, string(raw), `"param":"messages`)
			require.Zero(t, p.count(), "nothing goes to the provider")
		}
		for _, good := range []string{web.URL + "/a.png", "data:image/png;base64," + encoded} {
			status, raw := ask(good)
			require.Equal(t, http.StatusOK, status, "%s", raw)
			parts := p.last(t).Body["contents"].([]any)[0].(map[string]any)["parts"].([]any)
			require.Equal(t, map[string]any{"inlineData": map[string]any{"mimeType": "image/png", "data": encoded}}, parts[1])
		}
	}
}

// TestRow47: a stream that breaks off, or brings an error, ends with an error
// frame and never with a good end.
func TestRow47StreamsThatBreakOff(t *testing.T) {
	for name, fault := range map[string]llmsim.Fault{
		"cut":            {Kind: llmsim.KindCut, After: 3, Tokens: 20},
		"an error event": {Kind: llmsim.KindErrorEvent, After: 3, Status: 503, Tokens: 20},
	} {
		for _, model := range []string{"google/gemini-2.5-flash", "vertex/gemini-2.5-pro"} {
			t.Run(name, func(t *testing.T) {
				b, p := serve(t, nil)
				require.NoError(t, p.sim.Inject(fault))
				const asking = `"messages":[{"role":"user","content":"Go on."}]}`
				status, raw := send(t, b, "/v1/chat/completions", `{"model":"`+model+`","stream":true,`+asking)
				require.Equal(t, http.StatusOK, status, "%s", raw)
				chattest.ValidStream(t, raw, chattest.Expect{Error: true})
				row := b.Row()
				require.Equal(t, dcoder.UsageFailed, row.State)
				require.True(t, row.Estimated)
				require.Positive(t, row.Tokens.Output)
				status, raw = send(t, b, "/v1/messages", `{"model":"`+model+`","max_tokens":99,"stream":true,`+asking)
				require.Equal(t, http.StatusOK, status)
				require.Contains(t, string(raw), "event: error")
				require.NotContains(t, string(raw), "message_stop")
			})
		}
	}
}

// TestTheResponsesRoute answers the third kind of clients.
func TestTheResponsesRoute(t *testing.T) {
	for name, model := range both {
		t.Run(name, func(t *testing.T) {
			b, _ := serve(t, nil)
			status, raw := send(t, b, "/v1/responses", `{"model":"`+model+`","store":false,"input":"The sky is blue. What colour has the sky?"}`)
			require.Equal(t, http.StatusOK, status, "%s", raw)
			require.Contains(t, string(raw), "blue")
			require.False(t, b.Row().Estimated)
		})
	}
}

// TestRow33: a name that leads elsewhere never becomes a URL.
func TestRow33AModelThatIsAPath(t *testing.T) {
	for _, provider := range []string{"google", "vertex"} {
		b, p := serve(t, nil)
		for path, body := range map[string]string{
			"/v1/chat/completions": `{"model":"` + provider + `/../../v1/models","messages":[{"role":"user","content":"x"}]}`,
			"/v1/embeddings":       `{"model":"` + provider + `/../../v1/models","input":"x"}`,
		} {
			status, raw := send(t, b, path, body)
			require.Equal(t, http.StatusBadRequest, status, "%s", raw)
			require.Contains(t, string(raw), `"param":"model"`)
		}
		require.Zero(t, p.count())
	}
}

// TestRefusals: what Google says becomes an OpenAI error, and our credential's
// trouble is not the client's.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		fault  llmsim.Fault
		status int
		code   string
	}{
		"too many":     {llmsim.Fault{Kind: llmsim.KindStatus, Status: 429}, http.StatusTooManyRequests, "provider_rate_limited"},
		"overloaded":   {llmsim.Fault{Kind: llmsim.KindStatus, Status: 503}, http.StatusServiceUnavailable, "overloaded_error"},
		"broken":       {llmsim.Fault{Kind: llmsim.KindStatus, Status: 500}, http.StatusBadGateway, "internal"},
		"no such":      {llmsim.Fault{Kind: llmsim.KindStatus, Status: 404}, http.StatusNotFound, "not_found"},
		"unauthorized": {llmsim.Fault{Kind: llmsim.KindStatus, Status: 401}, http.StatusBadGateway, "provider_credential_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			b, p := serve(t, nil)
			require.NoError(t, p.sim.Inject(c.fault))
			for _, stream := range []string{"", `"stream":true,`} {
				status, raw := send(t, b, "/v1/chat/completions", `{"model":"google/gemini-2.5-flash",`+stream+`"messages":[{"role":"user","content":"x"}]}`)
				require.Equal(t, c.status, status, "%s", raw)
				require.Contains(t, string(raw), c.code)
			}
		})
	}
}

func TestAKeyThatGoogleDoesNotKnowIsNotTheClientsFault(t *testing.T) {
	b, p := serve(t, nil)
	p.sim.RefuseKeys(llmtest.Secret)
	for _, path := range []string{"/v1/chat/completions", "/v1/embeddings"} {
		for _, model := range []string{"google/gemini-2.5-flash", "vertex/gemini-2.5-pro", "google/gemini-embedding-001"} {
			status, raw := send(t, b, path, `{"model":"`+model+`","input":"x","messages":[{"role":"user","content":"x"}]}`)
			require.Equal(t, http.StatusBadGateway, status, "%s", raw)
			require.Contains(t, string(raw), "provider_credential_refused")
			require.NotContains(t, string(raw), llmtest.Secret)
		}
	}
}
