package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
)

// said says a recording's request in the protocol of kind, as a client would
// that has heard the answers before it in that protocol, too: what a provider
// must get back (signatures, ids) has to survive a client that echoes only what
// its protocol defines.
func (b *book) say(r *recording, kind llm.Kind) ([]byte, error) {
	asked, err := r.meaning()
	if err != nil {
		return nil, err
	}
	if r.before == nil {
		return write(asked, r, kind)
	}
	before, err := r.before.meaning()
	if err != nil {
		return nil, err
	}
	answers, rest := split(before, asked)
	if answers == nil { // not the same conversation
		return write(asked, r, kind)
	}
	now := *asked // what was said before, with the cache marks of now
	now.Messages = asked.Messages[:len(before.Messages)]
	body, err := write(&now, r, kind)
	if err != nil {
		return nil, err
	}
	first, err := b.say(r.before, kind)
	if err != nil {
		return nil, err
	}
	past := body
	if r.before.before != nil {
		past = first // with the echoes in it
	}
	heard, err := r.before.hear(kind, first)
	if err != nil {
		return nil, fmt.Errorf("hear the answer before: %w", err)
	}
	echo, ids, err := echoOf(kind, r.before.stream, heard)
	if err != nil {
		return nil, err
	}
	later := *asked
	places := make([]string, len(ids))
	for i := range ids {
		places[i] = fmt.Sprintf("call-%d-%s", i, strings.TrimPrefix(r.name[len(r.file):], "#"))
	}
	later.System, later.Messages = nil, renamed(answers, rest, places)
	tail, err := write(&later, r, kind)
	if err != nil {
		return nil, err
	}
	for i := range ids { // as the client heard them: writers shorten ids for providers
		tail = bytes.ReplaceAll(tail, []byte(`"`+places[i]+`"`), []byte(`"`+ids[i]+`"`))
	}
	return joined(kind, body, past, echo, tail)
}

// write says a request in the protocol of kind, as to the gateway and not as to
// a provider: marks that only the gateway takes stay.
func write(asked *canonical.Request, r *recording, kind llm.Kind) ([]byte, error) {
	said := *asked
	said.Model, said.Stream = r.model, r.stream
	if kind == llm.Chat && r.kind == llm.Message && r.native {
		said = asChat(said)
	}
	return inbound[kind].WriteRequest(&said, &canonical.Options{Model: r.model})
}

// split finds what was answered after before, and what the client said then.
func split(before, asked *canonical.Request) (answers, rest []canonical.Message) {
	n := len(before.Messages)
	if len(asked.Messages) <= n || asked.Messages[n].Role != canonical.Assistant {
		return nil, nil
	}
	end := n
	for end < len(asked.Messages) && asked.Messages[end].Role == canonical.Assistant {
		end++
	}
	return asked.Messages[n:end], asked.Messages[end:]
}

// hear returns the recorded answer as a client of kind gets it.
func (r *recording) hear(kind llm.Kind, body []byte) ([]byte, error) {
	if r.Response.Code != http.StatusOK {
		return nil, fmt.Errorf("status %d", r.Response.Code)
	}
	if !r.native || kind == r.kind || r.speaks(kind) {
		_, a := r.play(kind, body)
		return a.body, a.err
	}
	asked, err := inbound[kind].ReadRequest(body)
	if err != nil {
		return nil, err
	}
	a := r.tell(kind, asked)
	return a.body, a.err
}

// echoOf is what a plain client puts into its history of an answer, and the ids
// of the calls in it.
func echoOf(kind llm.Kind, stream bool, body []byte) (items []any, ids []string, err error) {
	switch kind {
	case llm.Chat:
		return echoChat(stream, body)
	case llm.Message:
		return echoMessage(stream, body)
	default:
	}
	d, err := decode(body)
	if stream {
		if d, err = lastResponse(body); err != nil {
			return nil, nil, err
		}
	}
	for _, item := range d.at("output").list() {
		items = append(items, item.v)
		if item.at("type").str() == "function_call" {
			ids = append(ids, item.at("call_id").str())
		}
	}
	return items, ids, err
}

func lastResponse(body []byte) (d doc, err error) {
	all, err := events(body)
	if err != nil {
		return d, err
	}
	last, err := decode(all[len(all)-1])
	return last.at("response"), err
}

// echoChat keeps role, content and tool_calls and nothing else.
func echoChat(stream bool, body []byte) ([]any, []string, error) {
	m := map[string]any{"role": "assistant"}
	var calls []chattest.Call
	if stream {
		s, err := chattest.Check(body, chattest.Expect{Usage: hasUsage(body)})
		if err != nil {
			return nil, nil, err
		}
		m["content"], calls = s.Answers[0].Content, s.Answers[0].Calls
	} else {
		d, err := decode(body)
		if err != nil {
			return nil, nil, err
		}
		answer := d.at("choices", 0, "message")
		m["content"] = answer.at("content").v
		for _, c := range answer.at("tool_calls").list() {
			calls = append(calls, chattest.Call{ID: c.at("id").str(), Name: c.at("function", "name").str(), Arguments: c.at("function", "arguments").str()})
		}
	}
	var said []any
	var ids []string
	for _, c := range calls {
		ids = append(ids, c.ID)
		said = append(said, map[string]any{"id": c.ID, "type": "function", "function": map[string]any{"name": c.Name, "arguments": c.Arguments}})
	}
	if said != nil {
		m["tool_calls"] = said
	}
	return []any{m}, ids, nil
}

// echoMessage keeps the content blocks, as Anthropic's SDKs do.
func echoMessage(stream bool, body []byte) ([]any, []string, error) {
	var blocks []any
	var ids []string
	if !stream {
		d, err := decode(body)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range d.at("content").list() {
			blocks = append(blocks, c.v)
			if c.at("type").str() == "tool_use" {
				ids = append(ids, c.at("id").str())
			}
		}
		return []any{map[string]any{"role": "assistant", "content": blocks}}, ids, nil
	}
	m, err := messagestest.Check(body)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range m.Blocks {
		b := map[string]any{"type": c.Type}
		switch c.Type {
		case "text":
			b["text"] = c.Text
		case "thinking":
			b["thinking"], b["signature"] = c.Text, c.Signature
		case "tool_use":
			d, _ := decode([]byte(c.Input))
			b["id"], b["name"], b["input"] = c.ID, c.Name, d.v
			ids = append(ids, c.ID)
		default:
			return nil, nil, fmt.Errorf("a block of type %q", c.Type)
		}
		blocks = append(blocks, b)
	}
	return []any{map[string]any{"role": "assistant", "content": blocks}}, ids, nil
}

// asChat cuts a conversation as clients of chat completions do, who may mark
// what shall be cached.
func asChat(r canonical.Request) canonical.Request {
	var out []canonical.Message
	if len(r.System) > 0 {
		out = append(out, canonical.Message{Role: canonical.System, Blocks: r.System, Plain: r.SystemPlain})
	}
	for _, m := range r.Messages {
		rest := m
		rest.Blocks = nil
		for _, b := range m.Blocks {
			if b.Result != nil {
				result := canonical.Message{Role: canonical.ToolRole, Blocks: []canonical.Block{b}, Plain: b.Result.Plain}
				if b.Cache != nil {
					result.Extra = canonical.Extra{"cache_control": json.RawMessage(`{"type":"ephemeral"}`)}
				}
				out = append(out, result)
			} else {
				rest.Blocks = append(rest.Blocks, b)
			}
		}
		if len(rest.Blocks) > 0 {
			out = append(out, rest)
		}
	}
	r.System, r.Messages, r.Origin, r.Extra = nil, out, canonical.Chat, nil
	if r.Reasoning != nil && r.Reasoning.Budget != nil {
		r.Reasoning, r.Extra = nil, canonical.Extra{"reasoning_effort": json.RawMessage(`"medium"`)}
	}
	return r
}

// renamed gives calls and their results the ids under which the client heard of
// the calls.
func renamed(answers, rest []canonical.Message, ids []string) (out []canonical.Message) {
	to, calls, results := map[string]string{}, 0, 0
	for _, m := range append(slices.Clone(answers), rest...) {
		m.Blocks = slices.Clone(m.Blocks)
		for i := range m.Blocks {
			b := &m.Blocks[i]
			switch {
			case b.Call != nil && calls < len(ids):
				c := *b.Call
				to[c.ID], c.ID, b.Call = ids[calls], ids[calls], &c
				calls++
			case b.Result != nil && results < len(ids):
				c := *b.Result
				id, known := to[c.ID]
				if !known || c.ID == "" {
					id = ids[results]
				}
				c.ID, b.Result = id, &c
				results++
			}
		}
		out = append(out, m)
	}
	return out
}

// joined is body with the conversation of first, the echo and what came later.
func joined(kind llm.Kind, body, first []byte, echo []any, later []byte) ([]byte, error) {
	name := "messages"
	if kind == llm.Response {
		name = "input"
	}
	var out, was, then map[string]any
	for _, x := range []struct {
		raw []byte
		to  *map[string]any
	}{{body, &out}, {first, &was}, {later, &then}} {
		if err := json.Unmarshal(x.raw, x.to); err != nil {
			return nil, err
		}
	}
	all := listed(was[name])
	all = append(all, echo...)
	out[name] = append(all, afterAnswer(listed(then[name]))...)
	return json.Marshal(out)
}

// afterAnswer is what stands behind the last thing that an assistant said.
func afterAnswer(items []any) []any {
	for i := len(items) - 1; i >= 0; i-- {
		d := doc{items[i]}
		if t := d.at("type").str(); d.at("role").str() == "assistant" || t == "function_call" || t == "reasoning" {
			return items[i+1:]
		}
	}
	return items
}

// listed is a list of items, also of a bare text.
func listed(v any) []any {
	if s, ok := v.(string); ok {
		return []any{map[string]any{"type": "message", "role": "user", "content": s}}
	}
	l, _ := v.([]any)
	return l
}

func hasUsage(body []byte) bool {
	all, _ := events(body)
	for _, raw := range all {
		d, _ := decode(raw)
		if d.at("usage").v != nil {
			return true
		}
	}
	return false
}
