package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// bareID is a call's id without what rides in it.
func bareID(packed string) string {
	id, _ := callid.Unpack(packed)
	return id
}

// readCalls reads tool_calls. Thoughts that ride in ids stood before the call;
// when the client also echoes the signed blocks themselves, those count.
func (m *message) readCalls() error {
	v, ok := m.raw["tool_calls"]
	if !ok || isNull(v) {
		return nil
	}
	if kind(v) != '[' {
		return dcoder.Invalid(m.path+".tool_calls", "tool_calls must be a list")
	}
	explicit := signed(m.Blocks)
	for i, e := range elements(v) {
		b, thoughts, err := readCall(m.path+".tool_calls["+strconv.Itoa(i)+"]", e)
		if err != nil {
			return err
		}
		if len(thoughts) > 0 && !explicit {
			m.putThoughts(thoughtBlocks(thoughts), i == 0)
		}
		m.Blocks = append(m.Blocks, b)
	}
	return nil
}

// signed reports whether some reasoning among blocks has its proof.
func signed(blocks []canonical.Block) bool {
	for i := range blocks {
		if k := blocks[i].Kind; (k == canonical.Thinking || k == canonical.Redacted) && blocks[i].Signature != "" {
			return true
		}
	}
	return false
}

// putThoughts puts what rode in the first call's id first into the turn, in
// place of the unsigned text of it, and that of a later one before its call.
func (m *message) putThoughts(blocks []canonical.Block, first bool) {
	if !first {
		m.Blocks = append(m.Blocks, blocks...)
		return
	}
	for _, b := range m.Blocks {
		if b.Kind != canonical.Thinking {
			blocks = append(blocks, b)
		}
	}
	m.Blocks = blocks
}

func thoughtBlocks(thoughts []callid.Thought) (out []canonical.Block) {
	for _, t := range thoughts {
		b := canonical.Block{Kind: canonical.Thinking, Text: t.Text, Signature: t.Signature}
		if t.Redacted {
			b.Kind = canonical.Redacted
		}
		out = append(out, b)
	}
	return out
}

// readCall reads one call. Fields of its frame that are not known stand in Extra,
// those of the function under its name.
func readCall(path string, v json.RawMessage) (b canonical.Block, thoughts []callid.Thought, err error) {
	if kind(v) != '{' {
		return b, nil, dcoder.Invalid(path, "a tool call must be an object")
	}
	packed, _ := text(member(v, "id"))
	if packed == "" {
		return b, nil, dcoder.Invalid(path+".id", "a tool call needs an id")
	}
	id, cargo := callid.Unload(packed)
	call := &canonical.Call{ID: id}
	b = canonical.Block{Kind: canonical.ToolUse, Call: call, Signature: cargo.Signature}
	way := "function"
	if s, ok := text(member(v, "type")); ok && s == "custom" {
		way, call.Custom = s, true
	}
	body := member(v, way)
	call.Name, _ = text(member(body, "name"))
	if call.Name == "" {
		return b, nil, dcoder.Invalid(path+"."+way+".name", "a tool call needs the name of the tool")
	}
	if call.Arguments, err = readArguments(path, body, call.Custom); err != nil {
		return b, nil, err
	}
	frameOf(&b, v, way, body)
	return b, cargo.Thoughts, nil
}

// readArguments takes arguments as the text of an object, and nothing for one
// that is empty; the input of a custom tool stays a JSON string.
func readArguments(path string, body json.RawMessage, custom bool) (json.RawMessage, error) {
	if custom {
		if v := member(body, "input"); kind(v) == '"' {
			return v, nil
		}
		return nil, dcoder.Invalid(path+".custom.input", "input must be a string")
	}
	return argumentsOf(path+".function.arguments", member(body, "arguments"))
}

func argumentsOf(path string, v json.RawMessage) (json.RawMessage, error) {
	if v == nil || isNull(v) {
		return nil, nil
	}
	s, ok := text(v)
	if !ok {
		return nil, dcoder.Invalid(path, "arguments must be a string that holds a JSON object")
	}
	raw := json.RawMessage(s)
	switch inside := trim(raw); {
	case len(inside) == 0:
		return nil, nil
	case kind(inside) != '{' || scan(raw) != nil:
		return nil, dcoder.Invalid(path, "arguments must hold a JSON object")
	}
	return raw, nil
}

// frameOf reads what stands around a call: signature, cache mark, unknown fields.
func frameOf(b *canonical.Block, v json.RawMessage, way string, body json.RawMessage) {
	if b.Signature == "" {
		b.Signature = googleSignature(v)
	}
	b.Cache = readCache(&b.Extra, member(v, "cache_control"))
	for name, x := range without(v, "id", "type", way, "cache_control") {
		set(&b.Extra, name, x)
	}
	if member(v, "type") == nil {
		set(&b.Extra, "type", nil) // was not said
	}
	for name, x := range without(body, "name", "arguments", "input") {
		set(&b.Extra, way+"."+name, x)
	}
	if way == "function" && len(b.Call.Arguments) == 0 {
		set(&b.Extra, "function.arguments", member(body, "arguments"))
	}
}

// googleSignature reads extra_content.google.thought_signature.
func googleSignature(v json.RawMessage) string {
	s, _ := text(member(member(member(v, "extra_content"), "google"), "thought_signature"))
	return s
}
