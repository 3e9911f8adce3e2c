package llmsim

import "strings"

// chatChunk is one event of a streamed completion.
type chatChunk struct {
	ID                string      `json:"id"`
	Object            string      `json:"object"`
	Created           int64       `json:"created"`
	Model             string      `json:"model"`
	ServiceTier       string      `json:"service_tier,omitempty"`
	SystemFingerprint *string     `json:"system_fingerprint"`
	Choices           []chatDelta `json:"choices"`
	Usage             any         `json:"usage,omitempty"`
	Obfuscation       string      `json:"obfuscation,omitempty"`
	XGroq             *xGroq      `json:"x_groq,omitempty"`
}

type chatDelta struct {
	Index        int     `json:"index"`
	Delta        delta   `json:"delta"`
	Logprobs     *null   `json:"logprobs"`
	FinishReason *string `json:"finish_reason"`
}

type delta struct {
	Role      string     `json:"role,omitempty"`
	Content   any        `json:"content,omitempty"` // string, or null beside tool calls
	Reasoning string     `json:"reasoning,omitempty"`
	Channel   string     `json:"channel,omitempty"`
	ToolCalls []chatCall `json:"tool_calls,omitempty"`
	Refusal   *null      `json:"refusal,omitempty"`
}

// chatWriter writes the events of one streamed completion.
type chatWriter struct {
	c  *chat
	sc *script
}

func (c *chat) stream() *script {
	w := &chatWriter{c: c, sc: c.script(true)}
	for i := range c.choices {
		w.choice(i)
	}
	w.end()
	return w.sc
}

// choice writes role, reasoning, text or calls, and the finish.
func (w *chatWriter) choice(i int) {
	w.first(i)
	for _, t := range w.c.a.thought {
		w.delta(i, delta{Reasoning: t, Channel: "analysis"}, 1)
	}
	for _, t := range w.c.a.text {
		w.delta(i, delta{Content: t}, 1)
	}
	for n, call := range w.c.a.calls {
		w.call(i, n, call)
	}
	reason := w.c.finish()
	chunk := w.chunk(i, delta{})
	chunk.Choices[0].FinishReason = &reason
	if w.c.groq {
		chunk.XGroq = &xGroq{ID: w.c.groqID, Usage: w.c.usage()}
		if w.usageWanted() {
			chunk.Usage = w.c.usage()
		}
	}
	w.put(chunk, 0)
}

func (w *chatWriter) first(i int) {
	d := delta{Role: "assistant", Content: ""}
	if !w.c.groq {
		d.Refusal = &null{}
		if len(w.c.a.calls) > 0 {
			d.Content = null{}
		}
	}
	chunk := w.chunk(i, d)
	if w.c.groq {
		seed := groqSeed
		chunk.XGroq = &xGroq{ID: w.c.groqID, Seed: &seed}
	}
	w.put(chunk, 0)
}

// call writes one tool call: its name first, then its arguments piece by piece
// (Groq sends them at once).
func (w *chatWriter) call(i, n int, t toolCall) {
	head := chatCall{Index: &n, ID: t.id, Type: "function", Function: callFunction{Name: t.name}}
	if w.c.groq {
		head.Function.Arguments = t.args
		w.delta(i, delta{ToolCalls: []chatCall{head}}, t.tokens())
		return
	}
	w.delta(i, delta{ToolCalls: []chatCall{head}}, CountTokens(t.name))
	for _, piece := range Tokenize(t.args) {
		w.delta(i, delta{ToolCalls: []chatCall{{Index: &n, Function: callFunction{Arguments: piece}}}}, 1)
	}
}

func (w *chatWriter) delta(i int, d delta, tokens int) { w.put(w.chunk(i, d), tokens) }

func (w *chatWriter) chunk(i int, d delta) *chatChunk {
	c := &chatChunk{
		ID: w.c.id, Object: "chat.completion.chunk", Created: w.c.created, Model: w.c.r.Model,
		SystemFingerprint: &fingerprint, Choices: []chatDelta{{Index: i, Delta: d}},
	}
	if !w.c.groq {
		c.ServiceTier = "default"
		if w.usageWanted() {
			c.Usage = null{}
		}
	}
	return c
}

func (w *chatWriter) usageWanted() bool {
	return w.c.r.StreamOptions != nil && w.c.r.StreamOptions.IncludeUsage
}

// end writes the usage where it is wanted, and the terminator.
func (w *chatWriter) end() {
	if w.usageWanted() {
		chunk := w.chunk(0, delta{})
		chunk.Choices = []chatDelta{}
		chunk.Usage = w.c.usage()
		if w.c.groq {
			chunk.ServiceTier = "on_demand"
		}
		w.put(chunk, 0)
	}
	w.sc.add(0, []byte("data: [DONE]\n\n"))
}

// put pads OpenAI's events so that their length tells little of the token.
func (w *chatWriter) put(c *chatChunk, tokens int) {
	if !w.c.groq {
		c.Obfuscation = strings.Repeat("x", 1+(len(w.sc.frames)*7)%15)
	}
	w.sc.add(tokens, dataFrame(mustJSON(c)))
}
