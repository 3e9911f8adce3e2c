package conformance_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// outcome is one play of a recording.
type outcome struct {
	as     string // how the client asked
	faults []string
	unsaid string // why the client's protocol cannot say the request
}

// result is a recording with all its plays.
type result struct {
	recording *recording
	plays     []outcome
}

func (r *result) passed() bool {
	return len(r.plays) > 0 && !slices.ContainsFunc(r.plays, func(o outcome) bool { return len(o.faults) > 0 })
}

var kindNames = map[llm.Kind]string{
	llm.Chat: "chat", llm.Message: "messages", llm.Response: "responses", llm.Completion: "completions", llm.Embedding: "embeddings",
}

// playOne plays a recording in every way in which a client can ask it.
func (b *book) playOne(r *recording) *result {
	out := &result{recording: r}
	if r.native {
		out.plays = append(out.plays, b.own(r))
	} else {
		out.plays = append(out.plays, b.roundTrip(r))
	}
	if r.kind == llm.Completion || r.kind == llm.Embedding || r.Response.Code != http.StatusOK {
		return out // forwarded only; what a provider refuses needs no other words
	}
	for _, kind := range []llm.Kind{llm.Chat, llm.Message, llm.Response} {
		if !r.native || kind != r.kind {
			out.plays = append(out.plays, b.derived(r, kind))
		}
	}
	if twin := b.twins[r]; twin != nil {
		out.plays = append(out.plays, b.twin(r, twin))
	}
	return out
}

// own plays the recorded request itself.
func (b *book) own(r *recording) outcome {
	o := outcome{as: kindNames[r.kind]}
	sent, a := r.play(r.kind, r.ownBody())
	if r.invalid(a.err) && sent == nil {
		return o // refused before it was sent, as the provider did
	}
	rules := b.rules(r, r.kind, true, nil)
	if o.faults = differences([]byte(r.Request.Body), sent, rules...); len(o.faults) == 0 {
		b.mutate(r, sent, rules)
	}
	o.faults = append(o.faults, r.judge(r.kind, a, true)...)
	return o
}

// ownBody is what a client sends: on other clouds the model stands in the address.
func (r *recording) ownBody() []byte {
	if r.dialect != "vertex" || !r.native {
		return []byte(r.Request.Body)
	}
	d, _ := decode([]byte(r.Request.Body))
	m, _ := d.v.(map[string]any)
	delete(m, "anthropic_version")
	m["model"] = r.model
	return []byte(doc{m}.json())
}

// invalid reports whether the recording is of a bad request and err says so.
func (r *recording) invalid(err error) bool {
	var e *dcoder.Error
	return r.Response.Code == http.StatusBadRequest && errors.As(err, &e) && e.Status == http.StatusBadRequest
}

// roundTrip reads and writes the recorded request in the provider's protocol.
func (b *book) roundTrip(r *recording) outcome {
	o := outcome{as: "itself"}
	asked, err := r.meaning()
	if err != nil {
		o.faults = []string{err.Error()}
		return o
	}
	raw, err := r.nativeOf().WriteRequest(asked, &canonical.Options{Model: asked.Model})
	if err != nil {
		o.faults = []string{err.Error()}
		return o
	}
	rules := b.rules(r, r.kind, true, nil)
	if o.faults = differences([]byte(r.Request.Body), raw, rules...); len(o.faults) == 0 {
		b.mutate(r, raw, rules)
	}
	return o
}

func (r *recording) meaning() (*canonical.Request, error) {
	asked, err := r.nativeOf().ReadRequest(r.ownBody())
	if err == nil && r.native {
		asked.Model, asked.Stream = r.model, r.stream
	}
	return asked, err
}

// derived asks the same in another protocol.
func (b *book) derived(r *recording, kind llm.Kind) outcome {
	o := outcome{as: kindNames[kind]}
	asked, err := r.meaning()
	if err != nil {
		if !r.invalid(err) {
			o.faults = []string{err.Error()}
		}
		return o
	}
	if why := unsayable(kind, asked); why != "" {
		o.unsaid = why
		return o
	}
	body, err := b.say(r, kind)
	if err != nil {
		o.faults = []string{"say it: " + err.Error()}
		return o
	}
	if !r.speaks(kind) {
		return b.retold(o, r, kind, body)
	}
	return b.translated(o, r, kind, body)
}

// twin asks what a client of OpenAI's asked in the same scenario.
func (b *book) twin(r, twin *recording) outcome {
	d, _ := decode([]byte(twin.Request.Body))
	m, _ := d.v.(map[string]any)
	m["model"] = r.model
	o := outcome{as: "twin " + twin.file}
	return b.translated(o, r, llm.Chat, []byte(doc{m}.json()))
}

func (b *book) translated(o outcome, r *recording, kind llm.Kind, body []byte) outcome {
	sent, a := r.play(kind, body)
	if sent == nil {
		o.faults = append(o.faults, fmt.Sprintf("nothing was sent: %v", a.err))
		return o
	}
	rules := b.rules(r, kind, false, body)
	if strings.HasPrefix(o.as, "twin ") {
		rules = append(rules, b.twinRules(r)...)
	}
	o.faults = differences([]byte(r.Request.Body), sent, rules...)
	if len(o.faults) == 0 {
		b.mutate(r, sent, rules)
	}
	o.faults = append(o.faults, r.judge(kind, a, r.native && kind == r.kind)...)
	return o
}

// judge says what is wrong with an answer.
func (r *recording) judge(kind llm.Kind, a answer, native bool) (faults []string) {
	if r.Response.Code != http.StatusOK {
		return r.judgeError(a)
	}
	if a.err != nil {
		return []string{"answer: " + a.err.Error()}
	}
	if !a.ended {
		faults = append(faults, "the stream has no end")
	}
	got, err := read(kind, r.stream, a.body, native)
	if err != nil {
		faults = append(faults, kindNames[kind]+" answer: "+err.Error())
	}
	want, err := r.said()
	if err != nil {
		return append(faults, "recorded answer: "+err.Error())
	}
	if got.Text != want.Text {
		faults = append(faults, fmt.Sprintf("text %q, not %q", short(got.Text), short(want.Text)))
	}
	if !slices.Equal(got.Calls, want.Calls) {
		faults = append(faults, fmt.Sprintf("calls %s, not %s", got.Calls, want.Calls))
	}
	return append(faults, r.judgeUsage(a.usage)...)
}

func (r *recording) said() (said, error) {
	if !r.native {
		s, _, err := gemini(r.stream, []byte(r.Response.Body))
		return s, err
	}
	return read(r.kind, r.stream, []byte(r.Response.Body), true)
}

func (r *recording) judgeUsage(got llm.Usage) (faults []string) {
	want, ok, err := r.reported()
	switch {
	case err != nil:
		return []string{"recorded usage: " + err.Error()}
	case ok != got.Reported:
		return []string{fmt.Sprintf("usage reported: %v, not %v", got.Reported, ok)}
	case !ok:
		return nil
	}
	for _, c := range []struct {
		name      string
		want, got int64
	}{
		{"input", want.Input, got.Tokens.Input},
		{"output", want.Output, got.Tokens.Output},
		{"cached", want.CachedInput, got.Tokens.CachedInput},
		{"cache writes", want.CacheWrite5m + want.CacheWrite1h, got.Tokens.CacheWrite5m + got.Tokens.CacheWrite1h},
		{"reasoning", want.Reasoning, got.Tokens.Reasoning},
	} {
		if c.want != c.got {
			faults = append(faults, fmt.Sprintf("%s tokens %d, not %d", c.name, c.got, c.want))
		}
	}
	return faults
}

// judgeError wants a failure that tells what the provider said.
func (r *recording) judgeError(a answer) []string {
	var f *llm.Failure
	if !errors.As(a.err, &f) {
		return []string{fmt.Sprintf("no failure: %v", a.err)}
	}
	d, _ := decode([]byte(r.Response.Body))
	if says := d.at("error", "message").str(); !strings.Contains(f.Public.Message, says[:min(len(says), 60)]) {
		return []string{fmt.Sprintf("the message is %q, not %q", f.Public.Message, says)}
	}
	if f.Public.Status/100 != 4 {
		return []string{fmt.Sprintf("status %d for the provider's %d", f.Public.Status, r.Response.Code)}
	}
	return nil
}
