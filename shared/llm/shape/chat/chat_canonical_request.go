package chat

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// readRequest reads a request. What the canonical form has no word for, and every
// null, stands in Extra.
func readRequest(body []byte) (*canonical.Request, error) {
	if err := scan(body); err != nil {
		return nil, dcoder.Invalid("", "%s", err.Error())
	}
	r := &canonical.Request{Origin: canonical.Chat, Extra: canonical.Extra{}}
	for key, v := range members(trim(body)) {
		read, known := requestFields[key]
		if !known || isNull(v) {
			r.Extra[key] = v
			continue
		}
		if err := read(r, key, v); err != nil {
			return nil, err
		}
	}
	if r.Messages == nil {
		return nil, dcoder.Invalid("messages", "messages must be a list")
	}
	readLegacy(r)
	return r, nil
}

// field reads the value of one field, which is not null.
type field func(r *canonical.Request, key string, v json.RawMessage) error

var requestFields map[string]field

func init() { // the readers of messages refer to each other
	requestFields = map[string]field{
		"model":                 textField(func(r *canonical.Request) *string { return &r.Model }),
		"user":                  textField(func(r *canonical.Request) *string { return &r.User }),
		"service_tier":          textField(func(r *canonical.Request) *string { return &r.ServiceTier }),
		"max_tokens":            readMaxTokens,
		"max_completion_tokens": readMaxCompletionTokens,
		"temperature":           floatField(func(r *canonical.Request) **float64 { return &r.Temperature }),
		"top_p":                 floatField(func(r *canonical.Request) **float64 { return &r.TopP }),
		"frequency_penalty":     floatField(func(r *canonical.Request) **float64 { return &r.FrequencyPenalty }),
		"presence_penalty":      floatField(func(r *canonical.Request) **float64 { return &r.PresencePenalty }),
		"top_k":                 intField(func(r *canonical.Request) **int64 { return &r.TopK }),
		"n":                     intField(func(r *canonical.Request) **int64 { return &r.Count }),
		"seed":                  intField(func(r *canonical.Request) **int64 { return &r.Seed }),
		"top_logprobs":          intField(func(r *canonical.Request) **int64 { return &r.TopLogProbs }),
		"logprobs":              boolField(func(r *canonical.Request) **bool { return &r.LogProbs }),
		"parallel_tool_calls":   boolField(func(r *canonical.Request) **bool { return &r.ParallelTools }),
		"logit_bias":            objectField(func(r *canonical.Request) *json.RawMessage { return &r.LogitBias }),
		"metadata":              objectField(func(r *canonical.Request) *json.RawMessage { return &r.Metadata }),
		"stream":                readStream,
		"stream_options":        readStreamOptions,
		"stop":                  readStop,
		"messages":              readMessages,
		"tools":                 readTools,
		"tool_choice":           readChoice,
		"response_format":       readFormat,
		"reasoning_effort":      readEffort,
		"reasoning":             readReasoning,
		"thinking":              readThinking,
		"include_reasoning":     readIncludeReasoning,
	}
}

func textField(at func(*canonical.Request) *string) field {
	return func(r *canonical.Request, key string, v json.RawMessage) error {
		s, ok := text(v)
		if !ok {
			return dcoder.Invalid(key, "%s must be a string", key)
		}
		if *at(r) = s; s == "" {
			r.Extra[key] = v // said, and empty
		}
		return nil
	}
}

func floatField(at func(*canonical.Request) **float64) field {
	return func(r *canonical.Request, key string, v json.RawMessage) error {
		f, ok := number(v)
		if !ok {
			return dcoder.Invalid(key, "%s must be a number", key)
		}
		*at(r) = &f
		return nil
	}
}

func intField(at func(*canonical.Request) **int64) field {
	return func(r *canonical.Request, key string, v json.RawMessage) error {
		n, ok := whole(v)
		if !ok {
			return dcoder.Invalid(key, "%s must be a whole number", key)
		}
		*at(r) = &n
		return nil
	}
}

func boolField(at func(*canonical.Request) **bool) field {
	return func(r *canonical.Request, key string, v json.RawMessage) error {
		b, ok := boolean(v)
		if !ok {
			return dcoder.Invalid(key, "%s must be true or false", key)
		}
		*at(r) = &b
		return nil
	}
}

func objectField(at func(*canonical.Request) *json.RawMessage) field {
	return func(r *canonical.Request, key string, v json.RawMessage) error {
		if kind(v) != '{' {
			return dcoder.Invalid(key, "%s must be an object", key)
		}
		*at(r) = v
		return nil
	}
}

// readMaxTokens reads the older name of the bound: the newer one wins.
func readMaxTokens(r *canonical.Request, key string, v json.RawMessage) error {
	if _, both := r.Extra["max_completion_tokens"]; both && r.MaxTokens != nil {
		r.Extra[key] = v
		return nil
	}
	return intField(func(r *canonical.Request) **int64 { return &r.MaxTokens })(r, key, v)
}

// readMaxCompletionTokens remembers by which name the bound came.
func readMaxCompletionTokens(r *canonical.Request, key string, v json.RawMessage) error {
	n, ok := whole(v)
	if !ok {
		return dcoder.Invalid(key, "%s must be a whole number", key)
	}
	if old := r.MaxTokens; old != nil {
		r.Extra["max_tokens"], _ = json.Marshal(*old) // a number always encodes
	}
	r.MaxTokens, r.Extra[key] = &n, v
	return nil
}

// readStream remembers a false that was said.
func readStream(r *canonical.Request, key string, v json.RawMessage) error {
	on, ok := boolean(v)
	if !ok {
		return dcoder.Invalid(key, "%s must be true or false", key)
	}
	if r.Stream = on; !on {
		r.Extra[key] = v
	}
	return nil
}

// readStreamOptions keeps in Extra what is not include_usage.
func readStreamOptions(r *canonical.Request, key string, v json.RawMessage) error {
	if kind(v) != '{' {
		return dcoder.Invalid(key, "%s must be an object", key)
	}
	if usage := member(v, "include_usage"); usage != nil && !isNull(usage) {
		on, ok := boolean(usage)
		if !ok {
			return dcoder.Invalid(key+".include_usage", "include_usage must be true or false")
		}
		r.UsageInStream = &on
	}
	if rest := without(v, "include_usage"); rest != nil || r.UsageInStream == nil {
		r.Extra[key] = v
	}
	return nil
}

func readStop(r *canonical.Request, key string, v json.RawMessage) error {
	if s, ok := text(v); ok {
		r.Stop, r.StopPlain = []string{s}, true
		return nil
	}
	if kind(v) != '[' {
		return dcoder.Invalid(key, "stop must be a string or a list of strings")
	}
	for _, e := range elements(v) {
		s, ok := text(e)
		if !ok {
			return dcoder.Invalid(key, "stop must be a string or a list of strings")
		}
		r.Stop = append(r.Stop, s)
	}
	if len(r.Stop) == 0 {
		r.Extra[key] = v
	}
	return nil
}

// without returns the members of an object but for those named; a null is no
// value, so one that is named stays. It is nil when none is left.
func without(raw []byte, names ...string) (e canonical.Extra) {
	for key, v := range members(raw) {
		if contains(names, key) && !isNull(v) {
			continue
		}
		if e == nil {
			e = canonical.Extra{}
		}
		e[key] = v
	}
	return e
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
