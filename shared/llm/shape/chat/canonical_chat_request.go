package chat

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// writeRequest writes r as a chat completion. A request that was read here comes
// out as it came in, but for what the model of o cannot do.
func writeRequest(r *canonical.Request, o *canonical.Options) ([]byte, error) {
	w := &request{object: begin(make([]byte, 0, 1024)), r: r, o: o, native: r.Origin == canonical.Chat}
	w.strict = w.native && o.Ability.Known
	w.model()
	w.stream()
	w.sampling()
	w.bounds()
	w.probabilities()
	w.reasoning()
	w.format()
	w.tools()
	w.account()
	w.messages()
	if w.err != nil {
		return nil, w.err
	}
	if w.native {
		w.extra(r.Extra, w.said...)
	}
	return w.end(), nil
}

// request is a request that is being written. The first error stays.
type request struct {
	*object
	r      *canonical.Request
	o      *canonical.Options
	native bool     // it was read as a chat completion: Extra is ours
	strict bool     // what only other servers of this protocol know is left out
	said   []string // top-level fields that are written or left out on purpose
	err    error
}

// say announces a field, so that Extra does not repeat it.
func (w *request) say(name string) string {
	w.said = append(w.said, name)
	return name
}

// leave keeps fields of Extra out.
func (w *request) leave(names ...string) { w.said = append(w.said, names...) }

// can reports whether a field may be written that needs an ability. A model that
// lacks it: the field is dropped and named, or the request refused.
func (w *request) can(ability bool, name, why string) bool {
	if !w.o.Ability.Known || ability {
		return true
	}
	name = asSaid(w.r.Origin, name)
	w.leave(name)
	if !w.o.Drop(name) {
		w.fail(dcoder.Invalid(name, "the model %s cannot take %s: %s", w.o.Model, name, why))
	}
	return false
}

func (w *request) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *request) model() {
	model := w.o.Model
	if model == "" {
		model = w.r.Model
	}
	w.text(w.say("model"), model)
}

func (w *request) stream() {
	if w.r.Stream {
		w.bool(w.say("stream"), true)
	} else if !w.native {
		return
	}
	if usage := w.r.UsageInStream; usage != nil {
		w.in(w.say("stream_options"), func(o *object) {
			o.bool("include_usage", *usage)
			if w.native {
				o.extra(without(w.r.Extra["stream_options"], "include_usage"), "include_usage")
			}
		})
	}
}

func (w *request) sampling() {
	no := w.o.Ability.NoTemperature
	const why = "its sampling is fixed"
	w.maybeFloat("temperature", w.r.Temperature, !no || is(w.r.Temperature, 1), why)
	w.maybeFloat("top_p", w.r.TopP, !no || is(w.r.TopP, 1), why)
	w.maybeFloat("frequency_penalty", w.r.FrequencyPenalty, !no || is(w.r.FrequencyPenalty, 0), why)
	w.maybeFloat("presence_penalty", w.r.PresencePenalty, !no || is(w.r.PresencePenalty, 0), why)
	w.maybeInt("top_k", w.r.TopK, false, "its API has no such parameter")
	w.maybeInt("seed", w.r.Seed, true, "")
	if w.r.Count != nil {
		w.maybeInt("n", w.r.Count, w.o.Ability.Many || *w.r.Count <= 1, "it gives one answer to a call")
	}
}

// is reports whether a parameter is said to be what it is anyway.
func is(v *float64, usual float64) bool { return v != nil && *v == usual }

func (w *request) maybeFloat(name string, v *float64, ability bool, why string) {
	if v != nil && w.can(ability, name, why) {
		w.float(w.say(name), *v)
	}
}

func (w *request) maybeInt(name string, v *int64, ability bool, why string) {
	if v != nil && w.can(ability, name, why) {
		w.int(w.say(name), *v)
	}
}

// bounds writes how long the answer may be and what ends it. Models that reason
// refuse the older name of the bound.
func (w *request) bounds() {
	if n := w.r.MaxTokens; n != nil {
		newer := w.r.Extra["max_completion_tokens"] != nil || !w.native
		if w.o.Ability.Known && w.o.Ability.Thinks != canonical.ThinksNot {
			newer = true
			w.leave("max_tokens")
		} else if !w.o.Ability.Known && !w.native {
			newer = false // whoever speaks this protocol knows the older name
		}
		if newer {
			w.int(w.say("max_completion_tokens"), *n)
		} else {
			w.int(w.say("max_tokens"), *n)
		}
	}
	w.stop()
}

func (w *request) stop() {
	stop, most := w.r.Stop, w.o.Ability.StopMost
	if len(stop) == 0 || !w.can(most == 0 || len(stop) <= most, "stop", "it takes fewer stop sequences") {
		return
	}
	w.key(w.say("stop"))
	if w.r.StopPlain && w.native {
		w.b = appendText(w.b, stop[0])
		return
	}
	w.b = appendTexts(w.b, stop)
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, s := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

func (w *request) probabilities() {
	can := w.o.Ability.LogProbs
	const why = "it gives no log probabilities"
	switch v := w.r.LogProbs; {
	case v != nil && !*v && w.o.Ability.Known && !can:
		w.leave("logprobs") // asks nothing
	case v != nil && w.can(can, "logprobs", why):
		w.bool(w.say("logprobs"), *v)
	}
	w.maybeInt("top_logprobs", w.r.TopLogProbs, can, why)
	if v := w.r.LogitBias; v != nil && w.can(can, "logit_bias", "it has no such bias") {
		w.raw(w.say("logit_bias"), v)
	}
}

// account writes for whom and on which terms the call is made. Metadata is
// OpenAI's own: other protocols mean other things by it.
func (w *request) account() {
	if w.r.User != "" {
		w.text(w.say("user"), w.r.User)
	}
	if w.r.Metadata != nil && w.native {
		w.raw(w.say("metadata"), w.r.Metadata)
	}
	if w.r.ServiceTier != "" && (w.native || w.r.Origin == canonical.Responses) {
		w.text(w.say("service_tier"), w.r.ServiceTier)
	}
}

// format writes in which form the answer is wanted.
func (w *request) format() {
	f := w.r.Format
	if f == nil || !w.canFormat(f) {
		return
	}
	w.in(w.say("response_format"), func(o *object) {
		o.text("type", f.Type)
		if f.Type == "json_schema" {
			o.in("json_schema", func(o *object) { w.schema(o, f) })
		}
		if w.native {
			o.extra(f.Extra, schemaFrame(f)...)
		}
	})
}

// schemaFrame is what of a format's Extra stands inside of json_schema.
func schemaFrame(f *canonical.Format) []string {
	if f.Type == "json_schema" {
		return []string{"json_schema"}
	}
	return nil
}

func (w *request) schema(o *object, f *canonical.Format) {
	name := f.Name
	if name == "" {
		name = "answer" // needed by the protocol
	}
	o.text("name", name)
	if f.Description != "" {
		o.text("description", f.Description)
	}
	if f.Schema != nil {
		o.raw("schema", f.Schema)
	}
	if f.Strict != nil {
		o.bool("strict", *f.Strict)
	}
	if w.native {
		o.extra(without(f.Extra["json_schema"]))
	}
}

func (w *request) canFormat(f *canonical.Format) bool {
	a := &w.o.Ability
	switch f.Type {
	case "json_object":
		return w.can(a.JSONObject, "response_format", "it has no JSON mode")
	case "json_schema":
		return w.can(a.Schema, "response_format", "it has no structured output") &&
			w.can(a.SchemaWithTools || len(w.r.Tools) == 0, "response_format", "it has no structured output together with tools")
	}
	return true
}

// saidAs are the names of parameters in the other protocols; what is not listed
// has the same name everywhere.
var saidAs = map[canonical.Shape]map[string]string{
	canonical.Messages: {
		"stop": "stop_sequences", "reasoning_effort": "thinking", "response_format": "output_config.format",
		"parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
	},
	canonical.Responses: {
		"max_completion_tokens": "max_output_tokens", "reasoning_effort": "reasoning", "response_format": "text.format", "messages": "input",
	},
	canonical.Generate: {
		"temperature": "generationConfig.temperature", "top_p": "generationConfig.topP", "top_k": "generationConfig.topK",
		"n": "generationConfig.candidateCount", "stop": "generationConfig.stopSequences", "seed": "generationConfig.seed",
		"frequency_penalty": "generationConfig.frequencyPenalty", "presence_penalty": "generationConfig.presencePenalty",
		"logprobs": "generationConfig.responseLogprobs", "top_logprobs": "generationConfig.logprobs",
		"reasoning_effort": "generationConfig.thinkingConfig", "response_format": "generationConfig.responseSchema",
		"messages": "contents", "tool_choice": "toolConfig",
	},
}

func asSaid(origin canonical.Shape, name string) string {
	if s := saidAs[origin][name]; s != "" {
		return s
	}
	return name
}

// rawOf returns a field of Extra of a request that was read here.
func (w *request) rawOf(name string) json.RawMessage {
	if !w.native {
		return nil
	}
	return w.r.Extra[name]
}
