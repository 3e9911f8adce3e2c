package llmsim

import (
	"encoding/json"
	"strings"
)

func readMessages(x *exchange) (*asked, *problem) {
	var r messagesRequest
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	return askClaude(x, &r, false)
}

// askClaude is shared with Vertex, whose answers know fewer fields.
func askClaude(x *exchange, r *messagesRequest, vertex bool) (*asked, *problem) {
	q, p := r.toAsk(false)
	if p != nil {
		return nil, p
	}
	return &asked{model: r.Model, write: func(f *Fault) (*script, *problem) {
		q.length = f.Tokens
		m := newMessage(r, q, vertex)
		if r.Stream {
			return m.stream(), nil
		}
		return m.whole(), nil
	}}, nil
}

func readCountTokens(x *exchange) (*asked, *problem) {
	var r messagesRequest
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	q, p := r.toAsk(true)
	if p != nil {
		return nil, p
	}
	return &asked{model: r.Model, write: func(*Fault) (*script, *problem) {
		return &script{frames: []frame{{data: mustJSON(map[string]int{"input_tokens": q.inputTokens()})}}}, nil
	}}, nil
}

// message is one Anthropic answer on its way out.
type message struct {
	r      *messagesRequest
	a      *answer
	vertex bool
	id     string
	input  int
}

func newMessage(r *messagesRequest, q *ask, vertex bool) *message {
	m := &message{r: r, a: compose(q), vertex: vertex, id: "msg_01" + token(22), input: q.inputTokens()}
	prefix := "toolu_01"
	if vertex {
		m.id, prefix = "msg_vrtx_01"+token(22), "toolu_vrtx_01"
	}
	for i := range m.a.calls {
		m.a.calls[i].id = prefix + m.a.calls[i].id
	}
	return m
}

type claudeAnswer struct {
	Model        string       `json:"model"`
	ID           string       `json:"id"`
	Type         string       `json:"type"`
	Role         string       `json:"role"`
	Content      []any        `json:"content"`
	StopReason   *string      `json:"stop_reason"`
	StopSequence *string      `json:"stop_sequence"`
	Usage        *claudeUsage `json:"usage"`
}

type claudeUsage struct {
	InputTokens   int            `json:"input_tokens"`
	CacheCreation int            `json:"cache_creation_input_tokens"`
	CacheRead     int            `json:"cache_read_input_tokens"`
	ByLifetime    *cacheCreation `json:"cache_creation,omitempty"`
	OutputTokens  int            `json:"output_tokens"`
	ServiceTier   string         `json:"service_tier,omitempty"`
	InferenceGeo  string         `json:"inference_geo,omitempty"`
}

type cacheCreation struct {
	FiveMinutes int `json:"ephemeral_5m_input_tokens"`
	OneHour     int `json:"ephemeral_1h_input_tokens"`
}

func (m *message) base(output int) claudeAnswer {
	u := &claudeUsage{InputTokens: m.input, OutputTokens: output}
	if !m.vertex {
		u.ByLifetime, u.ServiceTier, u.InferenceGeo = &cacheCreation{}, "standard", "not_available"
	}
	return claudeAnswer{Model: m.r.Model, ID: m.id, Type: "message", Role: "assistant", Content: []any{}, Usage: u}
}

func (m *message) stopReason() (reason, sequence *string) {
	s := [...]string{finishStop: "end_turn", finishLength: "max_tokens", finishTools: "tool_use", finishSequence: "stop_sequence"}[m.a.finish]
	if m.a.finish == finishSequence {
		sequence = &m.a.stop
	}
	return &s, sequence
}

type textBlock struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type thinkingBlock struct {
	Type      string `json:"type"`
	Thinking  string `json:"thinking"`
	Signature string `json:"signature"`
}

type toolUseBlock struct {
	Type   string            `json:"type"`
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Input  json.RawMessage   `json:"input"`
	Caller map[string]string `json:"caller,omitempty"`
}

func (m *message) toolUse(c toolCall, input string) toolUseBlock {
	b := toolUseBlock{Type: "tool_use", ID: c.id, Name: c.name, Input: json.RawMessage(input)}
	if !m.vertex {
		b.Caller = map[string]string{"type": "direct"}
	}
	return b
}

func (m *message) whole() *script {
	out := m.base(m.a.outputTokens())
	if len(m.a.thought) > 0 {
		out.Content = append(out.Content, thinkingBlock{"thinking", strings.Join(m.a.thought, ""), signature})
	}
	if len(m.a.text) > 0 || len(m.a.calls) == 0 {
		out.Content = append(out.Content, textBlock{"text", m.a.content()})
	}
	for _, c := range m.a.calls {
		out.Content = append(out.Content, m.toolUse(c, c.args))
	}
	out.StopReason, out.StopSequence = m.stopReason()
	sc := &script{id: m.id, input: m.input, output: m.a.outputTokens()}
	sc.add(sc.output, mustJSON(out))
	return sc
}

// signature stands for what proves a thought to be the model's own.
const signature = "c2ltdWxhdGVkIHNpZ25hdHVyZSBvZiBhIHRob3VnaHQ="
