package responses

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// echoed are the fields of a request that its answer repeats, with what stands
// there when the client did not say it.
var echoed = map[string]any{
	"instructions": nil, "max_output_tokens": nil, "max_tool_calls": nil, "metadata": fields{}, "parallel_tool_calls": true,
	"previous_response_id": nil, "prompt_cache_key": nil, "safety_identifier": nil, "service_tier": "default", "store": false,
	"temperature": 1.0, "tool_choice": "auto", "tools": []any{}, "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": nil,
}

// envelope is the answer to r without its output.
func envelope(r *canonical.Request) fields {
	f := fields{
		"object": "response", "background": false, "error": nil, "incomplete_details": nil, "completed_at": nil,
		"usage": nil, "output": []any{},
	}
	for name, usual := range echoed {
		f[name] = usual
	}
	reasoning, text := fields{"effort": nil, "summary": nil}, fields{"format": fields{"type": "text"}}
	if r != nil && r.Origin == canonical.Responses {
		asked := &rewrite{Request: r, o: &canonical.Options{Model: r.Model, DropUnsupported: true}, out: fields{}.with(r.Extra), ours: true}
		for _, step := range []func() error{asked.head, asked.tools, asked.choice, asked.text, asked.reasoning} {
			_ = step() // nothing of one's own protocol is refused
		}
		for name := range echoed {
			if v, said := asked.out[name]; said {
				f[name] = v
			}
		}
		merge(reasoning, asked.out["reasoning"])
		merge(text, asked.out["text"])
	}
	f["reasoning"], f["text"] = reasoning, text
	return f
}

func merge(into fields, said any) {
	if raw, kept := said.(json.RawMessage); kept { // of a request that says nothing else there
		var left fields
		if json.Unmarshal(raw, &left) == nil {
			said = left
		}
	}
	if f, ok := said.(fields); ok {
		for name, v := range f {
			into[name] = v
		}
	}
}

// responseID makes an id of this protocol of any provider's.
func responseID(id string) string {
	if strings.HasPrefix(id, "resp_") {
		return id
	}
	return "resp_" + bare(id)
}

// bare is an id without the word before it: "chatcmpl-x" is "x". Empty ids get a
// new one.
func bare(id string) string {
	if i := strings.IndexAny(id, "-_"); i >= 0 && i+1 < len(id) {
		id = id[i+1:]
	}
	if id == "" {
		return dcoder.NewID()
	}
	return id
}

// finish writes how and when an answer ended.
func (f fields) finish(stop canonical.Stop, u *canonical.Usage) {
	f["status"], f["completed_at"] = statusWhole, time.Now().Unix()
	switch stop {
	case canonical.StopLength:
		f["status"], f["incomplete_details"] = statusPartial, fields{"reason": reasonLength}
	case canonical.StopFilter:
		f["status"], f["incomplete_details"] = statusPartial, fields{"reason": reasonFilter}
	default:
	}
	out := usage{Input: u.Input, Output: u.Output, Total: u.Input + u.Output}
	out.In.Written = u.CacheWrite5m + u.CacheWrite1h
	out.In.Cached, out.In.Audio, out.Out.Reasoning, out.Out.Audio = u.CachedInput, u.AudioInput, u.Reasoning, u.AudioOutput
	f["usage"] = out
	put(f, "service_tier", u.ServiceTier)
}
