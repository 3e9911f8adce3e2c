package messages

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// conversation writes system and messages.
func (w *writer) conversation() error {
	if w.own {
		w.system(w.r.System, w.r.SystemPlain)
		w.key("messages")
		w.open('[')
		for i := range w.r.Messages {
			m := &w.r.Messages[i]
			if err := w.turn(m.Role, m.Blocks, m.Plain, m.Extra); err != nil {
				return err
			}
		}
		w.close(']')
		return nil
	}
	system, turns, err := w.turns()
	if err != nil {
		return err
	}
	w.system(system, w.r.SystemPlain && len(system) == 1)
	w.key("messages")
	w.open('[')
	for i := range turns {
		if err := w.turn(turns[i].role, turns[i].blocks, turns[i].plain, nil); err != nil {
			return err
		}
	}
	w.close(']')
	return nil
}

func (w *writer) system(blocks []canonical.Block, plain bool) {
	if blocks == nil {
		return
	}
	w.key("system")
	if plain && len(blocks) == 1 && blocks[0].Cache == nil {
		w.str(blocks[0].Text)
		return
	}
	_ = w.blocks(blocks) // text always can be written
}

func (w *writer) turn(role canonical.Role, blocks []canonical.Block, plain bool, extra canonical.Extra) error {
	w.open('{')
	w.member("role", string(role))
	w.key("content")
	if plain && len(blocks) == 1 && blocks[0].Kind == canonical.Text && blocks[0].Cache == nil {
		w.str(blocks[0].Text)
	} else if err := w.blocks(blocks); err != nil {
		return err
	}
	w.extra(extra)
	w.close('}')
	return nil
}

// turn is what one side says until the other does.
type turn struct {
	role   canonical.Role
	blocks []canonical.Block
	plain  bool
	at     string // the message that the turn begins with, as the client counts
}

// turns cuts a conversation of another protocol into turns as the API wants
// them: instructions apart, results of tools first in the user's turn, thinking
// first in the assistant's, no text of nothing, users first.
func (w *writer) turns() (system []canonical.Block, turns []turn, err error) {
	system = texts(nil, w.r.System)
	for i := range w.r.Messages {
		m := &w.r.Messages[i]
		at := w.at(i)
		switch m.Role {
		case canonical.System, canonical.Developer:
			system = texts(system, m.Blocks)
		case canonical.Assistant:
			blocks, err := assistantBlocks(m.Blocks, at)
			if err != nil {
				return nil, nil, err
			}
			turns = joined(turns, canonical.Assistant, blocks, m.Plain, at)
		default:
			turns = joined(turns, canonical.User, userBlocks(m.Blocks), m.Plain, at)
		}
	}
	for i := range turns {
		turns[i].blocks = first(turns[i].blocks, turns[i].role)
	}
	if err := paired(turns); err != nil {
		return nil, nil, err
	}
	w.unsigned = inLoop(turns)
	if turns, err = w.prefill(turns); err != nil {
		return nil, nil, err
	}
	if len(turns) == 0 || turns[0].role == canonical.Assistant {
		begin := turn{role: canonical.User, blocks: []canonical.Block{{Kind: canonical.Text, Text: "."}}, plain: true}
		turns = append([]turn{begin}, turns...)
	}
	return system, turns, nil
}

// at names a message as its client does.
func (w *writer) at(i int) string {
	switch w.r.Origin {
	case canonical.Responses:
		return numbered("input", i)
	case canonical.Generate:
		return numbered("contents", i)
	}
	return numbered("messages", i)
}

// joined adds what a speaker says to the turn that is running, or begins one.
func joined(turns []turn, role canonical.Role, blocks []canonical.Block, plain bool, at string) []turn {
	if len(blocks) == 0 {
		return turns
	}
	if n := len(turns); n > 0 && turns[n-1].role == role {
		last := &turns[n-1]
		last.blocks = append(last.blocks[:len(last.blocks):len(last.blocks)], blocks...)
		last.plain = false
		return turns
	}
	return append(turns, turn{role, blocks, plain && len(blocks) == 1, at})
}

func blank(b *canonical.Block) bool {
	return b.Kind == canonical.Text && strings.TrimSpace(b.Text) == ""
}

// texts appends the instructions among blocks: the API takes text there only.
func texts(to, blocks []canonical.Block) []canonical.Block {
	for i := range blocks {
		if blocks[i].Kind == canonical.Text && !blank(&blocks[i]) {
			to = append(to, blocks[i])
		}
	}
	return to
}

func userBlocks(blocks []canonical.Block) (out []canonical.Block) {
	for i := range blocks {
		if b := &blocks[i]; !blank(b) && b.Kind != canonical.Opaque {
			out = append(out, *b)
		}
	}
	return out
}

// assistantBlocks leaves out reasoning that nobody signed, and checks what the
// tools were called with.
func assistantBlocks(blocks []canonical.Block, at string) (out []canonical.Block, err error) {
	for i := range blocks {
		b := blocks[i]
		switch {
		case blank(&b), b.Kind == canonical.Opaque:
			continue
		case (b.Kind == canonical.Thinking || b.Kind == canonical.Redacted) && b.Signature == "":
			continue
		case b.Kind == canonical.Refusal:
			b = canonical.Block{Kind: canonical.Text, Text: b.Text}
		case b.Kind == canonical.ToolUse:
			call := *b.Call
			if call.Arguments, err = arguments(call.Arguments, at, call.Name); err != nil {
				return nil, err
			}
			b.Call = &call
		}
		out = append(out, b)
	}
	return out, nil
}

// arguments is what a tool was called with, an object; nothing is an empty one.
func arguments(raw json.RawMessage, at, name string) (json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return json.RawMessage("{}"), nil
	}
	if raw[0] != '{' || !json.Valid(raw) {
		return nil, dcoder.Invalid(at, "%s: the arguments of the call of %q are not a JSON object", at, name)
	}
	return raw, nil
}

// first moves what must stand first in a turn: results of tools in the user's,
// signed reasoning in the assistant's.
func first(blocks []canonical.Block, role canonical.Role) []canonical.Block {
	leads := func(b *canonical.Block) bool {
		if role == canonical.Assistant {
			return b.Kind == canonical.Thinking || b.Kind == canonical.Redacted
		}
		return b.Kind == canonical.ToolResult
	}
	sorted := true
	for i := 1; i < len(blocks); i++ {
		sorted = sorted && (!leads(&blocks[i]) || leads(&blocks[i-1]))
	}
	if sorted {
		return blocks
	}
	out := make([]canonical.Block, 0, len(blocks))
	for _, lead := range []bool{true, false} {
		for i := range blocks {
			if leads(&blocks[i]) == lead {
				out = append(out, blocks[i])
			}
		}
	}
	return out
}

// inLoop reports whether the last turn brings results of tools that were called
// without a thought.
func inLoop(turns []turn) bool {
	n := len(turns)
	if n < 2 || turns[n-1].blocks[0].Kind != canonical.ToolResult {
		return false
	}
	lead := turns[n-2].blocks[0].Kind
	return lead != canonical.Thinking && lead != canonical.Redacted
}

// paired checks that every call of a tool has its result in the next turn, and
// every result its call: the API refuses both, and so does this, by name.
func paired(turns []turn) error {
	var open []string
	for i := range turns {
		t := &turns[i]
		var calls []string
		for j := range t.blocks {
			switch b := &t.blocks[j]; b.Kind {
			case canonical.ToolUse:
				calls = append(calls, b.Call.ID)
			case canonical.ToolResult:
				at := indexOf(open, b.Result.ID)
				if at < 0 {
					return dcoder.Invalid(t.at, "%s: the result %q answers no tool call of the message before it", t.at, b.Result.ID)
				}
				open = append(open[:at], open[at+1:]...)
			}
		}
		if len(open) > 0 {
			return unanswered(t.at, open)
		}
		open = calls
	}
	if len(open) > 0 {
		return unanswered(turns[len(turns)-1].at, open)
	}
	return nil
}

func unanswered(at string, ids []string) error {
	return dcoder.Invalid(at, "%s: these tool calls have no result in the message that follows: %s", at, strings.Join(ids, ", "))
}

func indexOf(list []string, s string) int {
	for i := range list {
		if list[i] == s {
			return i
		}
	}
	return -1
}

// prefill looks at an assistant's turn at the end, which the model continues:
// newer models refuse it, and none takes white space at its end.
func (w *writer) prefill(turns []turn) ([]turn, error) {
	n := len(turns)
	if n == 0 || turns[n-1].role != canonical.Assistant {
		return turns, nil
	}
	last := &turns[n-1]
	if w.o.Ability.Known && !w.o.Ability.Prefill {
		return nil, dcoder.Invalid(last.at, "%s: %s does not continue an assistant message; the last message must be the user's or a tool's", last.at, w.model())
	}
	end := len(last.blocks) - 1
	if last.blocks[end].Kind == canonical.Text {
		last.blocks = append([]canonical.Block(nil), last.blocks...)
		last.blocks[end].Text = strings.TrimRight(last.blocks[end].Text, " \t\r\n")
	}
	return turns, nil
}

// cleanID is a form of a call's id that the API takes; nothing rides in it.
func cleanID(id string) string { return callid.Load(id, callid.Cargo{}) }
