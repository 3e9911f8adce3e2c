package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	openaisdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses/responsestest"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

// speakers are the models that a test of the Responses API asks: one that speaks it
// itself, and one that is translated to.
var speakers = []string{"gpt-4o-mini", "llm.groq.llama-3.1-8b-instant"}

// talk is the function over a store in a real tenant's database.
type talk struct {
	*llmtest.Bench
	site  *postgrestest.Site
	store *postgres.Responses

	mu     sync.Mutex
	bodies []string // that reached the provider
}

// note keeps what reaches the provider behind h.
func (k *talk) note(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		k.mu.Lock()
		k.bodies = append(k.bodies, string(raw))
		k.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(raw))
		h.ServeHTTP(w, r)
	})
}

func serveResponses(t *testing.T, o llmtest.Options, change ...func(*chat.Deps)) *talk {
	t.Helper()
	site := postgrestest.New(t)
	o.Tenant = site.NewTenant()
	k := &talk{site: site, store: postgres.NewResponses(site.Databases)}
	if o.Upstream == nil {
		o.Upstream = llmsim.New(llmsim.Config{}).Handler()
	}
	o.Upstream = k.note(o.Upstream)
	k.Bench = llmtest.New(t, o, func(m llm.Model) function.Func {
		d := chat.Deps{Model: m, Silence: silence, Responses: k.store}
		for _, c := range change {
			c(&d)
		}
		return chat.New(d)
	})
	return k
}

func say(model, text string) responses.ResponseNewParams {
	return responses.ResponseNewParams{Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openaisdk.String(text)}}
}

// asked is what reached the provider in the call of that number.
func (k *talk) asked(t *testing.T, number int) string {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	require.Greater(t, len(k.bodies), number)
	return k.bodies[number]
}

func TestResponsesOverThreeTurns(t *testing.T) {
	for _, model := range speakers {
		t.Run(model, func(t *testing.T) {
			k := serveResponses(t, llmtest.Options{})
			c := sdk(k.Bench)
			var previous *responses.Response
			for i, text := range []string{"my first question", "my second question", "my third question"} {
				p := say(model, text)
				if previous != nil {
					p.PreviousResponseID = openaisdk.String(previous.ID)
				}
				got, err := c.Responses.New(t.Context(), p)
				require.NoError(t, err)
				require.NotEmpty(t, got.OutputText())
				require.Equal(t, responses.ResponseStatusCompleted, got.Status)
				require.Equal(t, p.PreviousResponseID.Value, got.PreviousResponseID)
				require.Contains(t, got.RawJSON(), `"store":true`)
				sent := k.asked(t, i)
				if previous != nil {
					require.Contains(t, sent, "my first question")
					require.Contains(t, sent, "second")
					require.Contains(t, sent, firstWords(previous.OutputText()))
				}
				require.NotContains(t, sent, "resp_", "no provider hears of our ids")
				require.NotContains(t, sent, `"store":true`)
				previous = got
			}
			rows := k.Rows(3)
			require.Greater(t, rows[2].Tokens.Input, rows[0].Tokens.Input)

			again, err := c.Responses.Get(t.Context(), previous.ID, responses.ResponseGetParams{})
			require.NoError(t, err)
			require.JSONEq(t, previous.RawJSON(), again.RawJSON())
			items, err := c.Responses.InputItems.List(t.Context(), previous.ID, responses.InputItemListParams{Order: "asc"})
			require.NoError(t, err)
			require.Len(t, items.Data, 5)
			require.NoError(t, c.Responses.Delete(t.Context(), previous.ID))
			_, err = c.Responses.Get(t.Context(), previous.ID, responses.ResponseGetParams{})
			_ = requireStatus(t, err, http.StatusNotFound, "not_found")
			p := say(model, "x")
			p.PreviousResponseID = openaisdk.String(previous.ID)
			_, err = c.Responses.New(t.Context(), p)
			e := requireStatus(t, err, http.StatusNotFound, "previous_response_not_found")
			require.Equal(t, "previous_response_id", e.Param)
		})
	}
}

func firstWords(s string) string {
	words := strings.Fields(s)
	return strings.Trim(words[0], `".,`)
}

func TestResponsesStreamed(t *testing.T) {
	for _, model := range speakers {
		t.Run(model, func(t *testing.T) {
			k := serveResponses(t, llmtest.Options{})
			resp, raw := send(t, k.Bench, "/v1/responses", `{"model":"`+model+`","input":"hello","stream":true}`)
			require.Equal(t, http.StatusOK, resp.StatusCode, raw)
			require.Empty(t, resp.Header.Get(chat.HeaderStore))
			seen := responsestest.ValidStream(t, []byte(raw), responsestest.Expect{Status: "completed"})
			require.NotEmpty(t, seen.Text)
			require.Contains(t, raw, `"store":true`)
			require.NotContains(t, raw, `"store":false`)
			row := k.Row()
			require.Equal(t, dcoder.UsageFinal, row.State)
			require.Equal(t, seen.Output, row.Tokens.Output)

			c := sdk(k.Bench)
			p := say(model, "and then?")
			p.PreviousResponseID = openaisdk.String(seen.ID)
			stream := c.Responses.NewStreaming(t.Context(), p)
			var text strings.Builder
			var last responses.Response
			for stream.Next() {
				e := stream.Current()
				text.WriteString(e.Delta)
				if e.Type == "response.completed" {
					last = e.Response
				}
			}
			require.NoError(t, stream.Err())
			require.Equal(t, last.OutputText(), text.String())
			require.Equal(t, seen.ID, last.PreviousResponseID)
			require.Contains(t, k.asked(t, 1), "hello")
		})
	}
}

func TestToolsOverTwoTurns(t *testing.T) {
	for _, model := range speakers {
		t.Run(model, func(t *testing.T) {
			k := serveResponses(t, llmtest.Options{})
			c := sdk(k.Bench)
			p := say(model, "What is the weather in Oslo?")
			p.Tools = []responses.ToolUnionParam{{OfFunction: &responses.FunctionToolParam{
				Name: "weather", Parameters: map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}},
			}}}
			p.ToolChoice = responses.ResponseNewParamsToolChoiceUnion{OfToolChoiceMode: openaisdk.Opt(responses.ToolChoiceOptionsRequired)}
			first, err := c.Responses.New(t.Context(), p)
			require.NoError(t, err)
			var call responses.ResponseOutputItemUnion
			for _, it := range first.Output {
				if it.Type == "function_call" {
					call = it
				}
			}
			require.Equal(t, "weather", call.Name)
			p.PreviousResponseID = openaisdk.String(first.ID)
			p.ToolChoice = responses.ResponseNewParamsToolChoiceUnion{OfToolChoiceMode: openaisdk.Opt(responses.ToolChoiceOptionsNone)}
			out := responses.ResponseInputItemParamOfFunctionCallOutput("snow, minus 3")
			out.OfFunctionCallOutput.CallID = openaisdk.String(call.CallID)
			p.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{out}}
			second, err := c.Responses.New(t.Context(), p)
			require.NoError(t, err)
			require.NotEmpty(t, second.OutputText())
			sent := k.asked(t, 1)
			require.Contains(t, sent, "Oslo")
			require.Contains(t, sent, "snow, minus 3")
			require.Contains(t, sent, call.CallID)
		})
	}
}

func TestReferencesToItemsAreResolved(t *testing.T) {
	k := serveResponses(t, llmtest.Options{})
	c := sdk(k.Bench)
	first, err := c.Responses.New(t.Context(), say("gpt-4o-mini", "hello"))
	require.NoError(t, err)
	id := first.Output[0].ID
	resp, raw := send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":[{"type":"item_reference","id":"`+id+`"},{"role":"user","content":"go on"}],"store":false}`)
	require.Equal(t, http.StatusOK, resp.StatusCode, raw)
	require.Contains(t, k.asked(t, 1), firstWords(first.OutputText()))
	resp, raw = send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":[{"type":"item_reference","id":"msg_none"}]}`)
	require.Equal(t, http.StatusNotFound, resp.StatusCode, raw)
}

func TestNothingIsKeptWhenTheClientSaysSo(t *testing.T) {
	k := serveResponses(t, llmtest.Options{})
	c := sdk(k.Bench)
	p := say("gpt-4o-mini", "hello")
	p.Store = openaisdk.Bool(false)
	got, err := c.Responses.New(t.Context(), p)
	require.NoError(t, err)
	require.Contains(t, got.RawJSON(), `"store":false`)
	_, err = c.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{})
	_ = requireStatus(t, err, http.StatusNotFound, "not_found")
	require.Zero(t, k.count(t))
}

func (k *talk) count(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, k.site.ReadTenant(t.Context(), k.Tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT count(*) FROM responses").Scan(&n)
	}))
	return n
}

// TestAnswersAreTheirOwners: another user, a key without a user, and another
// tenant meet the very answer that a made-up id meets.
func TestAnswersAreTheirOwners(t *testing.T) {
	k := serveResponses(t, llmtest.Options{})
	c := sdk(k.Bench)
	got, err := c.Responses.New(t.Context(), say("gpt-4o-mini", "a secret"))
	require.NoError(t, err)
	k.Change(func(s *dcoder.Snapshot) { s.Principal.Key = "another key of the user" })
	_, err = c.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{})
	require.NoError(t, err)
	other := k.site.NewTenant()
	for name, change := range map[string]func(*dcoder.Snapshot){
		"another user":   func(s *dcoder.Snapshot) { s.Principal.User = "u2" },
		"a user's key":   func(s *dcoder.Snapshot) { s.Principal.User, s.Principal.Key = "", "u1" },
		"another tenant": func(s *dcoder.Snapshot) { s.Principal.Tenant, s.Principal.User = other, "u1" },
	} {
		t.Run(name, func(t *testing.T) {
			k.Change(change)
			_, err := c.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{})
			_ = requireStatus(t, err, http.StatusNotFound, "not_found")
			_, err = c.Responses.InputItems.List(t.Context(), got.ID, responses.InputItemListParams{})
			_ = requireStatus(t, err, http.StatusNotFound, "not_found")
			_ = requireStatus(t, c.Responses.Delete(t.Context(), got.ID), http.StatusNotFound, "not_found")
			p := say("gpt-4o-mini", "x")
			p.PreviousResponseID = openaisdk.String(got.ID)
			_, err = c.Responses.New(t.Context(), p)
			_ = requireStatus(t, err, http.StatusNotFound, "previous_response_not_found")
		})
	}
}

func TestKeptAnswersExpire(t *testing.T) {
	k := serveResponses(t, llmtest.Options{}, func(d *chat.Deps) { d.ResponseLife = 50 * time.Millisecond })
	c := sdk(k.Bench)
	got, err := c.Responses.New(t.Context(), say("gpt-4o-mini", "hello"))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := c.Responses.Get(t.Context(), got.ID, responses.ResponseGetParams{})
		var e *openaisdk.Error
		return errors.As(err, &e) && e.StatusCode == http.StatusNotFound
	}, 5*time.Second, 10*time.Millisecond)
	require.NoError(t, k.site.ForgetResponses(t.Context(), k.Tenant))
	require.Zero(t, k.count(t))
}

func TestResponsesAreRefusedByField(t *testing.T) {
	k := serveResponses(t, llmtest.Options{})
	for more, field := range map[string]string{
		`"input":"x","conversation":"conv_1"`:                                   "conversation",
		`"input":"x","conversation":{"id":"c"}`:                                 "conversation",
		`"input":"x","background":true`:                                         "background",
		`"input":"x","background":"yes"`:                                        "background",
		`"input":"x","prompt":{"id":"pmpt_1"}`:                                  "prompt",
		`"input":"x","store":"yes"`:                                             "store",
		`"input":"x","previous_response_id":7`:                                  "previous_response_id",
		`"input":"x","previous_response_id":""`:                                 "previous_response_id",
		`"input":7`:                                                             "input",
		`"instructions":"x"`:                                                    "input",
		`"input":"x","max_output_tokens":0`:                                     "max_output_tokens",
		`"input":"x","stream":1`:                                                "stream",
		`"input":"x","previous_response_id":"` + strings.Repeat("a", 300) + `"`: "previous_response_id",
	} {
		resp, raw := send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini",`+more+`}`)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, more)
		var e struct{ Error struct{ Param string } }
		require.NoError(t, json.Unmarshal([]byte(raw), &e), raw)
		require.Equal(t, field, e.Error.Param, raw)
	}
	require.Empty(t, k.bodies, "nothing of it reached a provider")
	resp, raw := send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":"x","background":false,"conversation":null,"prompt":null}`)
	require.Equal(t, http.StatusOK, resp.StatusCode, raw)
}

// gone is a store that is down from some moment on.
type gone struct {
	*postgres.Responses
	ready, keep, find atomic.Bool
}

var errGone = dcoder.Unavailable("database_unavailable", "a database cannot be reached; try again shortly", 2*time.Second, nil)

func (g *gone) Ready(ctx context.Context, tenant string) error {
	if g.ready.Load() {
		return errGone
	}
	return g.Responses.Ready(ctx, tenant)
}

func (g *gone) Keep(ctx context.Context, tenant string, s *dcoder.StoredResponse) error {
	if g.keep.Load() {
		return errGone
	}
	return g.Responses.Keep(ctx, tenant, s)
}

func (g *gone) Chain(ctx context.Context, tenant, owner, id string, most int64) ([]dcoder.StoredResponse, error) {
	if g.find.Load() {
		return nil, errGone
	}
	return g.Responses.Chain(ctx, tenant, owner, id, most)
}

// TestAStoreThatIsGoneIsSaid: the answer comes, and says that it is not kept.
func TestAStoreThatIsGoneIsSaid(t *testing.T) {
	var store gone
	k := serveResponses(t, llmtest.Options{}, func(d *chat.Deps) {
		store.Responses = d.Responses.(*postgres.Responses)
		d.Responses = &store
	})
	store.ready.Store(true)
	for _, stream := range []string{"false", "true"} {
		resp, raw := send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":"x","stream":`+stream+`}`)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, "failed", resp.Header.Get(chat.HeaderStore))
		require.Contains(t, raw, `"store":false`)
		require.NotContains(t, raw, `"store":true`)
	}
	store.ready.Store(false)
	store.keep.Store(true)
	resp, raw := send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":"x"}`)
	require.Equal(t, "failed", resp.Header.Get(chat.HeaderStore))
	require.Contains(t, raw, `"store":false`)
	_, raw = send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":"x","stream":true}`)
	responsestest.ValidStream(t, []byte(raw), responsestest.Expect{Status: "completed"})
	require.Contains(t, raw, ": x-dcoder-store: failed\n\nevent: response.completed")
	require.Zero(t, k.count(t))
	store.find.Store(true)
	resp, raw = send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":"x","previous_response_id":"resp_1"}`)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, raw)
	require.Equal(t, "2", resp.Header.Get("Retry-After"))
}

func TestWithoutAStore(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	resp, raw := send(t, b, "/v1/responses", `{"model":"gpt-4o-mini","input":"x"}`)
	require.Equal(t, http.StatusOK, resp.StatusCode, raw)
	require.Equal(t, "off", resp.Header.Get(chat.HeaderStore))
	for _, more := range []string{`"store":true`, `"previous_response_id":"resp_1"`} {
		resp, raw = send(t, b, "/v1/responses", `{"model":"gpt-4o-mini","input":"x",`+more+`}`)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, raw)
	}
	_, err := sdkGet(t, b, "resp_1")
	_ = requireStatus(t, err, http.StatusNotFound, "not_found")
}

func sdkGet(t *testing.T, b *llmtest.Bench, id string) (*responses.Response, error) {
	t.Helper()
	c := sdk(b)
	return c.Responses.Get(t.Context(), id, responses.ResponseGetParams{})
}

// TestReasoningIsGivenBack: the provider keeps none, so it is asked for in a form
// that can be given back, and what cannot be is left out with the ids tied to it.
func TestReasoningIsGivenBack(t *testing.T) {
	answer := `{"id":"resp_1","object":"response","status":"completed","model":"gpt-5","output":[` +
		`{"type":"reasoning","id":"rs_1","summary":[]%s},{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"t","annotations":[]}]}],` +
		`"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":5}}`
	for encrypted, want := range map[string][]string{
		`,"encrypted_content":"gAAA"`: {`"encrypted_content":"gAAA"`, `"id":"msg_1"`},
		``:                            {`"role":"assistant"`},
	} {
		k := serveResponses(t, llmtest.Options{Upstream: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(strings.Replace(answer, "%s", encrypted, 1)))
		})})
		resp, raw := send(t, k.Bench, "/v1/responses", `{"model":"gpt-5","input":"x"}`)
		require.Equal(t, http.StatusOK, resp.StatusCode, raw)
		require.Contains(t, k.asked(t, 0), `"include":["reasoning.encrypted_content"]`)
		require.Contains(t, k.asked(t, 0), `"store":false`)
		_, raw = send(t, k.Bench, "/v1/responses", `{"model":"gpt-5","input":"y","previous_response_id":"resp_1","store":false,"include":[]}`)
		for _, s := range want {
			require.Contains(t, k.asked(t, 1), s)
		}
		require.Contains(t, raw, `"previous_response_id":"resp_1"`)
		if encrypted == "" {
			require.NotContains(t, k.asked(t, 1), "rs_1")
			require.NotContains(t, k.asked(t, 1), "msg_1")
		}
		require.NotContains(t, k.asked(t, 1), "resp_1")
	}
}

// TestAFailureInsideAStream: the protocol's error event, on which SDKs raise.
func TestAFailureInsideAStream(t *testing.T) {
	k := serveResponses(t, llmtest.Options{Upstream: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"in_progress\",\"output\":[],\"store\":false},\"sequence_number\":0}\n\n"+
			"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"half\",\"sequence_number\":1}\n\n")
	})})
	_, raw := send(t, k.Bench, "/v1/responses", `{"model":"gpt-4o-mini","input":"x","stream":true}`)
	events := frames(raw)
	require.True(t, strings.HasPrefix(events[len(events)-1], "event: error\ndata: {"), raw)
	require.Contains(t, raw, `"type":"error"`)
	require.NotContains(t, raw, "[DONE]")
	c := sdk(k.Bench)
	stream := c.Responses.NewStreaming(t.Context(), say("gpt-4o-mini", "x"))
	for stream.Next() {
	}
	require.Error(t, stream.Err())
	require.Zero(t, k.count(t), "half an answer is not kept")
}
