package llmsim

import "strings"

// stream writes the events of a streamed response, item by item.
func (w *response) stream() *script {
	w.event("response.created", 0, map[string]any{"response": w.envelope})
	w.event("response.in_progress", 0, map[string]any{"response": w.envelope})
	w.streamReasoning()
	w.streamMessage()
	for _, c := range w.a.calls {
		w.streamCall(c)
	}
	end := w.finished()
	w.event("response."+end["status"].(string), 0, map[string]any{"response": end})
	return w.sc
}

// item writes an output item from added to done.
func (w *response) item(tokens int, added any, middle func(index int), done any) {
	index := len(w.items)
	w.event("response.output_item.added", tokens, map[string]any{"item": added, "output_index": index})
	middle(index)
	w.event("response.output_item.done", 0, map[string]any{"item": done, "output_index": index})
	w.items = append(w.items, done)
}

func (w *response) streamReasoning() {
	if len(w.a.thought) == 0 {
		return
	}
	w.item(0, w.reasoning(false), func(index int) {
		put := func(kind string, tokens int, more map[string]any) {
			more["item_id"], more["output_index"], more["summary_index"] = w.ids.reasoning, index, 0
			w.event("response.reasoning_summary_"+kind, tokens, more)
		}
		whole := strings.Join(w.a.thought, "")
		put("part.added", 0, map[string]any{"part": map[string]any{"type": "summary_text", "text": ""}})
		for _, t := range w.a.thought {
			put("text.delta", 1, map[string]any{"delta": t, "obfuscation": "xxxx"})
		}
		put("text.done", 0, map[string]any{"text": whole})
		put("part.done", 0, map[string]any{"part": map[string]any{"type": "summary_text", "text": whole}})
	}, w.reasoning(true))
}

func (w *response) streamMessage() {
	if len(w.a.text) == 0 && len(w.a.calls) > 0 {
		return
	}
	part := outputText(w.a.content())
	w.item(0, w.message("in_progress", []any{}), func(index int) {
		put := func(kind string, tokens int, more map[string]any) {
			more["item_id"], more["output_index"], more["content_index"] = w.ids.message, index, 0
			w.event("response."+kind, tokens, more)
		}
		put("content_part.added", 0, map[string]any{"part": outputText("")})
		for _, t := range w.a.text {
			put("output_text.delta", 1, map[string]any{"delta": t, "logprobs": []any{}, "obfuscation": "xxxx"})
		}
		put("output_text.done", 0, map[string]any{"text": w.a.content(), "logprobs": []any{}})
		put("content_part.done", 0, map[string]any{"part": part})
	}, w.message("completed", []any{part}))
}

func (w *response) streamCall(c toolCall) {
	done := functionCall(c, "completed", c.args)
	w.item(CountTokens(c.name), functionCall(c, "in_progress", ""), func(index int) {
		for _, t := range Tokenize(c.args) {
			w.event("response.function_call_arguments.delta", 1, map[string]any{
				"delta": t, "item_id": done.ID, "output_index": index, "obfuscation": "xxxx",
			})
		}
		w.event("response.function_call_arguments.done", 0, map[string]any{"arguments": c.args, "item_id": done.ID, "output_index": index})
	}, done)
}
