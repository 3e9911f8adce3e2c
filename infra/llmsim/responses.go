package llmsim

import (
	"encoding/json"
	"maps"
	"strings"
)

func readResponse(x *exchange) (*asked, *problem) {
	var r responseRequest
	var echo map[string]any
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	if p := decode(x.body, &echo); p != nil {
		return nil, p
	}
	q, p := r.toAsk()
	if p != nil {
		return nil, p
	}
	return &asked{model: r.Model, write: func(f *Fault) (*script, *problem) {
		q.length = f.Tokens
		w := newResponse(&r, q, echo)
		if r.Stream {
			return w.stream(), nil
		}
		return w.whole(), nil
	}}, nil
}

// response is one answer of the Responses API on its way out. Its envelope
// echoes the request, so it is kept as the request's own values over defaults.
type response struct {
	a        *answer
	sc       *script
	envelope map[string]any
	items    []any
	ids      struct{ reasoning, message string }
}

func newResponse(r *responseRequest, q *ask, echo map[string]any) *response {
	w := &response{a: compose(q)}
	w.sc = &script{id: "resp_" + token(48), stream: r.Stream, input: q.inputTokens(), output: w.a.outputTokens()}
	for i := range w.a.calls {
		w.a.calls[i].id = "call_" + w.a.calls[i].id
	}
	w.ids.reasoning, w.ids.message = "rs_"+token(48), "msg_"+token(48)
	w.envelope = map[string]any{
		"id": w.sc.id, "object": "response", "created_at": now(), "completed_at": nil, "background": false, "error": nil,
		"frequency_penalty": 0.0, "incomplete_details": nil, "max_tool_calls": nil, "model": r.Model, "moderation": nil,
		"instructions": nil, "max_output_tokens": nil, "metadata": map[string]any{}, "output": []any{},
		"parallel_tool_calls": true, "presence_penalty": 0.0, "previous_response_id": nil, "prompt_cache_key": nil,
		"prompt_cache_retention": "in_memory", "safety_identifier": nil, "service_tier": "default", "status": "in_progress", "store": true,
		"temperature": 1.0, "tool_choice": "auto", "tools": []any{}, "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "usage": nil, "user": nil,
		"reasoning": map[string]any{"context": nil, "effort": r.Reasoning.Effort, "summary": r.Reasoning.Summary},
		"text":      map[string]any{"format": formatOf(echo), "verbosity": "medium"},
	}
	for k, v := range echo {
		if _, known := w.envelope[k]; known && k != "reasoning" && k != "text" {
			w.envelope[k] = v
		}
	}
	return w
}

func formatOf(echo map[string]any) any {
	t, _ := echo["text"].(map[string]any)
	f, ok := t["format"].(map[string]any)
	if !ok {
		return map[string]any{"type": "text"}
	}
	if f["type"] == "json_schema" {
		f = withDefaults(f, map[string]any{"description": nil, "strict": true})
	}
	return f
}

// withDefaults returns m with what it lacks of d.
func withDefaults(m, d map[string]any) map[string]any {
	out := maps.Clone(d)
	maps.Copy(out, m)
	return out
}

// finished is the envelope at the end.
func (w *response) finished() map[string]any {
	out := maps.Clone(w.envelope)
	out["status"], out["completed_at"], out["output"] = "completed", now(), w.items
	if w.a.finish == finishLength {
		out["status"], out["incomplete_details"] = "incomplete", map[string]any{"reason": "max_output_tokens"}
	}
	out["usage"] = map[string]any{
		"input_tokens": w.sc.input, "input_tokens_details": map[string]any{"cached_tokens": 0},
		"output_tokens": w.sc.output, "output_tokens_details": map[string]any{"reasoning_tokens": len(w.a.thought)},
		"total_tokens": w.sc.input + w.sc.output,
	}
	return out
}

func (w *response) whole() *script {
	if len(w.a.thought) > 0 {
		w.items = append(w.items, w.reasoning(true))
	}
	if len(w.a.text) > 0 || len(w.a.calls) == 0 {
		w.items = append(w.items, w.message("completed", []any{outputText(w.a.content())}))
	}
	for _, c := range w.a.calls {
		w.items = append(w.items, functionCall(c, "completed", c.args))
	}
	out := w.finished()
	out["billing"] = map[string]any{"payer": "developer"}
	w.sc.add(w.sc.output, mustJSON(out))
	return w.sc
}

func (w *response) reasoning(done bool) map[string]any {
	summary := []any{}
	if done {
		summary = append(summary, map[string]any{"type": "summary_text", "text": strings.Join(w.a.thought, "")})
	}
	return map[string]any{"id": w.ids.reasoning, "type": "reasoning", "summary": summary, "content": []any{}}
}

func (w *response) message(status string, content []any) map[string]any {
	return map[string]any{"id": w.ids.message, "type": "message", "status": status, "role": "assistant", "content": content}
}

func outputText(s string) map[string]any {
	return map[string]any{"type": "output_text", "annotations": []any{}, "logprobs": []any{}, "text": s}
}

type functionCallItem struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Status    string `json:"status"`
	Arguments string `json:"arguments"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
}

func functionCall(c toolCall, status, args string) functionCallItem {
	return functionCallItem{ID: "fc_" + strings.TrimPrefix(c.id, "call_"), Type: "function_call", Status: status, Arguments: args, CallID: c.id, Name: c.name}
}

// responseEvent numbers and frames one event.
func (w *response) event(kind string, tokens int, fields map[string]any) {
	fields["type"], fields["sequence_number"] = kind, len(w.sc.frames)
	b, _ := json.Marshal(fields) // our own values
	w.sc.add(tokens, namedFrame(kind, b))
}
