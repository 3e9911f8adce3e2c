package responses

import (
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// fields is a JSON object that is being written.
type fields map[string]any

// put sets a field unless v is the zero value.
func put[T comparable](f fields, name string, v T) {
	var zero T
	if v != zero {
		f[name] = v
	}
}

// with copies what only this protocol knows into f.
func (f fields) with(x canonical.Extra) fields {
	for name, raw := range x {
		f[name] = raw
	}
	return f
}

// rewrite is one request on its way into this protocol.
type rewrite struct {
	*canonical.Request
	o    *canonical.Options
	out  fields
	ours bool // it came in this protocol: Extra is ours
}

// WriteRequest implements canonical.Protocol.
func (protocol) WriteRequest(r *canonical.Request, o *canonical.Options) ([]byte, error) {
	w := &rewrite{Request: r, o: o, out: fields{}, ours: r.Origin == canonical.Responses}
	if w.ours {
		w.out.with(r.Extra)
	}
	for _, step := range []func() error{w.head, w.refused, w.input, w.tools, w.choice, w.text, w.reasoning} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	raw, err := json.Marshal(w.out)
	if err != nil {
		return nil, dcoder.Invalid("body", "the request holds what is no JSON")
	}
	return raw, nil
}

func (w *rewrite) head() error {
	w.out["model"] = w.o.Model
	if w.Stream {
		w.out["stream"] = true
	}
	put(w.out, "max_output_tokens", w.MaxTokens)
	put(w.out, "temperature", w.Temperature)
	put(w.out, "top_p", w.TopP)
	put(w.out, "parallel_tool_calls", w.ParallelTools)
	put(w.out, "previous_response_id", w.Previous)
	put(w.out, "user", w.User)
	put(w.out, "service_tier", w.ServiceTier)
	put(w.out, "store", w.Store)
	if !w.ours && w.Store == nil {
		w.out["store"] = false // other protocols leave nothing behind
	}
	if len(w.Metadata) > 0 {
		w.out["metadata"] = w.Metadata
	}
	var said []string
	for i := range w.System {
		said = append(said, w.System[i].Text)
	}
	put(w.out, "instructions", strings.Join(said, "\n\n"))
	return w.logProbs()
}

// logProbs asks for them in this protocol's way: a number, and an include.
func (w *rewrite) logProbs() error {
	put(w.out, "top_logprobs", w.TopLogProbs)
	if !w.ours && w.LogProbs != nil && *w.LogProbs {
		w.out["include"] = []string{"message.output_text.logprobs"}
	}
	return nil
}

// refused names what this protocol has no field for.
func (w *rewrite) refused() error {
	for _, p := range []struct {
		name string
		said bool
	}{
		{"stop", len(w.Stop) > 0},
		{"n", w.Count != nil && *w.Count > 1},
		{"top_k", w.TopK != nil},
		{"seed", w.Seed != nil},
		{"frequency_penalty", w.FrequencyPenalty != nil && *w.FrequencyPenalty != 0},
		{"presence_penalty", w.PresencePenalty != nil && *w.PresencePenalty != 0},
		{"logit_bias", len(w.LogitBias) > 0},
	} {
		if p.said && !w.o.Drop(p.name) {
			return dcoder.Invalid(p.name, "the Responses API of the served model has no %s", p.name)
		}
	}
	return nil
}

func (w *rewrite) tools() error {
	if len(w.Tools) == 0 {
		return nil
	}
	tools := make([]any, 0, len(w.Tools))
	for i := range w.Tools {
		t := &w.Tools[i]
		switch {
		case t.Type == "":
			tools = append(tools, w.function(t))
		case w.ours:
			tools = append(tools, t.Extra)
		case !w.o.Drop("tools." + t.Type):
			return dcoder.Invalid("tools", "the served model has no tool of type %s", t.Type)
		}
	}
	w.out["tools"] = tools
	return nil
}

// function writes a tool. Left out, strict is true in this protocol and false in
// all others.
func (w *rewrite) function(t *canonical.Tool) fields {
	f := fields{}
	if w.ours {
		f.with(t.Extra)
	} else {
		f["strict"], f["parameters"] = false, nil
	}
	f["type"], f["name"] = "function", t.Name
	put(f, "description", t.Description)
	put(f, "strict", t.Strict)
	if len(t.Schema) > 0 {
		f["parameters"] = t.Schema
	}
	return f
}

func (w *rewrite) choice() error {
	c := w.Choice
	if c == nil {
		return nil
	}
	if w.ours && len(c.Extra) > 0 {
		f := fields{}.with(c.Extra)
		if f["type"] == nil {
			f["type"], f["name"] = "function", c.Name
		}
		w.out["tool_choice"] = f
		return nil
	}
	for word, mode := range choices {
		if mode == c.Mode {
			w.out["tool_choice"] = word
		}
	}
	if c.Mode == canonical.ChooseNamed {
		w.out["tool_choice"] = fields{"type": "function", "name": c.Name}
	}
	return nil
}

func (w *rewrite) text() error {
	f := w.Format
	if f == nil {
		return nil
	}
	format := fields{}
	if w.ours {
		format.with(f.Extra)
	}
	format["type"] = f.Type
	put(format, "description", f.Description)
	put(format, "strict", f.Strict)
	if put(format, "name", f.Name); f.Name == "" && f.Type == "json_schema" {
		format["name"] = "answer" // a name is demanded
	}
	if len(f.Schema) > 0 {
		format["schema"] = f.Schema
	}
	text := fields{}
	if rest, ok := w.Extra["text"]; ok && w.ours {
		var left canonical.Extra
		_ = json.Unmarshal(rest, &left) // an object by ReadRequest, or null
		text.with(left)
	}
	text["format"] = format
	w.out["text"] = text
	return nil
}

func (w *rewrite) reasoning() error {
	r := w.Reasoning
	if r == nil {
		return nil
	}
	f := fields{}
	if w.ours {
		f.with(r.Extra)
	} else if r.Include != nil && *r.Include {
		f["summary"] = "auto"
	}
	put(f, "effort", effort(r))
	put(f, "summary", r.Summary)
	if w.ours || len(f) > 0 {
		w.out["reasoning"] = f
	}
	return nil
}

// effort says a budget as a word.
func effort(r *canonical.Reasoning) string {
	switch {
	case r.Effort != "":
		return r.Effort
	case r.Off, r.Budget != nil && *r.Budget == 0:
		return "none"
	case r.Budget == nil || *r.Budget < 0:
		return ""
	case *r.Budget <= 2048:
		return "low"
	case *r.Budget <= 12288:
		return "medium"
	}
	return "high"
}

// clone keeps a writer from changing what the reader made.
func clone(x canonical.Extra) fields {
	f := make(fields, len(x))
	for name, raw := range x {
		f[name] = raw
	}
	return f
}
