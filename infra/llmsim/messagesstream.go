package llmsim

// messageWriter writes the events of one streamed message. Anthropic pads the
// JSON with spaces and pings after the first event.
type messageWriter struct {
	m     *message
	sc    *script
	index int
}

func (m *message) stream() *script {
	w := &messageWriter{m: m, sc: &script{id: m.id, stream: true, input: m.input, output: m.a.outputTokens()}}
	w.put("message_start", 0, struct {
		Type    string       `json:"type"`
		Message claudeAnswer `json:"message"`
	}{"message_start", m.base(1)})
	w.sc.add(0, namedFrame("ping", []byte(`{"type": "ping"}`)))
	w.thinking()
	w.text()
	for _, c := range m.a.calls {
		w.call(c)
	}
	w.end()
	return w.sc
}

type blockStart struct {
	Type  string `json:"type"`
	Index int    `json:"index"`
	Block any    `json:"content_block"`
}

type blockDelta struct {
	Type  string `json:"type"`
	Index int    `json:"index"`
	Delta any    `json:"delta"`
}

type blockStop struct {
	Type  string `json:"type"`
	Index int    `json:"index"`
}

// block writes a content block from start to stop.
func (w *messageWriter) block(start any, tokens int, deltas func()) {
	w.put("content_block_start", tokens, blockStart{"content_block_start", w.index, start})
	deltas()
	w.put("content_block_stop", 0, blockStop{"content_block_stop", w.index})
	w.index++
}

func (w *messageWriter) delta(kind, field, value string, tokens int) {
	w.put("content_block_delta", tokens, blockDelta{"content_block_delta", w.index, map[string]string{"type": kind, field: value}})
}

func (w *messageWriter) thinking() {
	if len(w.m.a.thought) == 0 {
		return
	}
	w.block(thinkingBlock{Type: "thinking"}, 0, func() {
		for _, t := range w.m.a.thought {
			w.delta("thinking_delta", "thinking", t, 1)
		}
		w.delta("signature_delta", "signature", signature, 0)
	})
}

func (w *messageWriter) text() {
	if len(w.m.a.text) == 0 && len(w.m.a.calls) > 0 {
		return
	}
	w.block(textBlock{Type: "text"}, 0, func() {
		for _, t := range w.m.a.text {
			w.delta("text_delta", "text", t, 1)
		}
	})
}

func (w *messageWriter) call(c toolCall) {
	w.block(w.m.toolUse(c, "{}"), CountTokens(c.name), func() {
		w.delta("input_json_delta", "partial_json", "", 0)
		for _, t := range Tokenize(c.args) {
			w.delta("input_json_delta", "partial_json", t, 1)
		}
	})
}

type messageEnd struct {
	Type  string `json:"type"`
	Delta struct {
		StopReason   *string `json:"stop_reason"`
		StopSequence *string `json:"stop_sequence"`
	} `json:"delta"`
	Usage any `json:"usage"`
}

func (w *messageWriter) end() {
	out := messageEnd{Type: "message_delta"}
	out.Delta.StopReason, out.Delta.StopSequence = w.m.stopReason()
	if w.m.vertex {
		out.Usage = map[string]int{"output_tokens": w.sc.output}
	} else {
		out.Usage = claudeUsage{InputTokens: w.m.input, OutputTokens: w.sc.output}
	}
	w.put("message_delta", 0, out)
	w.put("message_stop", 0, map[string]string{"type": "message_stop"})
}

func (w *messageWriter) put(event string, tokens int, v any) {
	b := mustJSON(v)
	for range len(w.sc.frames) * 5 % 13 {
		b = append(b[:len(b)-1], ' ', '}')
	}
	w.sc.add(tokens, namedFrame(event, b))
}
