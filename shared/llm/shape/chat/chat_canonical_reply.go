package chat

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

var errNotReply = errors.New("not a chat completion")

// readReply reads a whole answer. What is not known of it stands in Extra: of the
// answer, of the choice, and of the message in a block of the kind Opaque.
func readReply(body []byte) (*canonical.Reply, error) {
	if err := scan(body); err != nil {
		return nil, fmt.Errorf("a chat completion: %w", err)
	}
	raw := without(trim(body))
	if kind(raw["choices"]) != '[' {
		return nil, errNotReply
	}
	a := &canonical.Reply{Origin: canonical.Chat}
	a.ID, _ = text(raw["id"])
	a.Model, _ = text(raw["model"])
	a.Created, _ = whole(raw["created"])
	a.Usage = usageIn(raw["usage"], raw["x_groq"])
	a.Usage.ServiceTier, _ = text(raw["service_tier"])
	for _, c := range elements(raw["choices"]) {
		answer, err := readChoiceOf(c)
		if err != nil {
			return nil, err
		}
		a.Choices = append(a.Choices, answer)
	}
	a.Extra = without(trim(body), "id", "object", "model", "created", "choices", "usage", "service_tier")
	return a, nil
}

// usageIn finds usage where OpenAI has it, or where Groq has it.
func usageIn(usage, groq json.RawMessage) (u canonical.Usage) {
	for _, v := range []json.RawMessage{usage, member(groq, "usage")} {
		if found := readUsage(v); found != nil {
			return *found
		}
	}
	return u
}

func readChoiceOf(v json.RawMessage) (c canonical.Answer, err error) {
	index, _ := whole(member(v, "index"))
	c.Index = int(index)
	c.Native, _ = text(member(v, "finish_reason"))
	c.Stop = stopOf(c.Native)
	if probabilities := member(v, "logprobs"); !isNothing(probabilities) {
		c.LogProbs = probabilities
	}
	c.Extra = without(v, "index", "finish_reason", "message", "logprobs")
	m := member(v, "message")
	if kind(m) != '{' {
		return c, errNotReply
	}
	c.Blocks, err = answerBlocks(m)
	return c, err
}

// answerBlocks reads the message of an answer: reasoning, text, refusal, calls,
// and the rest.
func answerBlocks(v json.RawMessage) (out []canonical.Block, err error) {
	m := message{raw: without(v), path: "message"}
	out = m.thoughts()
	if s, ok := text(m.raw["content"]); ok {
		out = append(out, canonical.Block{Kind: canonical.Text, Text: s, Signature: googleSignature(v)})
	}
	if s, ok := text(m.raw["refusal"]); ok {
		out = append(out, canonical.Block{Kind: canonical.Refusal, Text: s})
	}
	for i, e := range elements(m.raw["tool_calls"]) {
		b, err := answerCall(i, e)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	if c := m.raw["function_call"]; kind(c) == '{' {
		b, err := answerCall(0, joinedOne("function", c))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	if rest := without(v, "role", "content", "refusal", "tool_calls", "function_call"); rest != nil {
		out = append(out, canonical.Block{Kind: canonical.Opaque, Extra: rest})
	}
	return out, nil
}

// answerCall reads a call of an answer, whose arguments a model wrote: they may
// be cut off where the answer was.
func answerCall(i int, v json.RawMessage) (b canonical.Block, err error) {
	if kind(v) != '{' {
		return b, errNotReply
	}
	call := &canonical.Call{}
	call.ID, _ = text(member(v, "id"))
	if call.ID == "" {
		call.ID = fmt.Sprintf("call_%d", i)
	}
	if custom := member(v, "custom"); custom != nil {
		call.Custom = true
		call.Name, _ = text(member(custom, "name"))
		call.Arguments = member(custom, "input")
	} else {
		f := member(v, "function")
		call.Name, _ = text(member(f, "name"))
		args, _ := text(member(f, "arguments"))
		call.Arguments = json.RawMessage(args)
	}
	return canonical.Block{Kind: canonical.ToolUse, Call: call, Signature: googleSignature(v)}, nil
}
