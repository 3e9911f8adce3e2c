package llmsim

import (
	"encoding/json"
	"strings"
)

// chatCompletion is the plain answer of OpenAI and of Groq.
type chatCompletion struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"`
	Created           int64        `json:"created"`
	Model             string       `json:"model"`
	Choices           []chatChosen `json:"choices"`
	Usage             *chatUsage   `json:"usage"`
	UsageBreakdown    *null        `json:"usage_breakdown,omitempty"`
	ServiceTier       string       `json:"service_tier"`
	SystemFingerprint *string      `json:"system_fingerprint"`
	XGroq             *xGroq       `json:"x_groq,omitempty"`
}

type chatChosen struct {
	Index        int      `json:"index"`
	Message      chatSaid `json:"message"`
	Logprobs     *null    `json:"logprobs"`
	FinishReason string   `json:"finish_reason"`
}

type chatSaid struct {
	Role        string     `json:"role"`
	Content     *string    `json:"content"`
	Reasoning   string     `json:"reasoning,omitempty"` // Groq
	ToolCalls   []chatCall `json:"tool_calls,omitempty"`
	Refusal     *null      `json:"refusal,omitempty"`
	Annotations *[]string  `json:"annotations,omitempty"`
}

// null is JSON's null where a pointer to it is set, and absent where not.
type null struct{}

// MarshalJSON implements json.Marshaler.
func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

type xGroq struct {
	ID    string     `json:"id"`
	Seed  *int       `json:"seed,omitempty"`
	Usage *chatUsage `json:"usage,omitempty"`
}

var fingerprint = "fp_d5c0de0001"

const groqSeed = 42

func (c *chat) whole() *script {
	out := chatCompletion{
		ID: c.id, Object: "chat.completion", Created: c.created, Model: c.r.Model,
		Usage: c.usage(), ServiceTier: "default", SystemFingerprint: &fingerprint,
	}
	if c.groq {
		seed := groqSeed
		out.UsageBreakdown, out.ServiceTier, out.XGroq = &null{}, "on_demand", &xGroq{ID: c.groqID, Seed: &seed}
	}
	for i := range c.choices {
		out.Choices = append(out.Choices, chatChosen{Index: i, Message: c.said(), FinishReason: c.finish()})
	}
	sc := c.script(false)
	sc.add(sc.output, mustJSON(out))
	return sc
}

func (c *chat) said() chatSaid {
	m := chatSaid{Role: "assistant", ToolCalls: c.outCalls(), Reasoning: strings.Join(c.a.thought, "")}
	if len(c.a.calls) == 0 || c.groq {
		text := c.a.content()
		m.Content = &text
	}
	if !c.groq {
		m.Refusal, m.Annotations = &null{}, &[]string{}
	}
	return m
}

// mustJSON encodes the simulator's own types, which always encode.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("llmsim: " + err.Error())
	}
	return b
}
