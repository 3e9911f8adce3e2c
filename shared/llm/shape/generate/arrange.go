package generate

import (
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// turn is one content of a request.
type turn struct {
	role   string
	blocks []canonical.Block
}

// opening stands in for a user's turn where there is none: contents must begin
// with one.
const opening = "."

// arrange brings a conversation into Gemini's order: instructions apart; turns of
// one speaker joined, the user first; behind the calls of a turn one content with
// exactly their results, in the order of the calls and by the functions' names;
// then what else the user said.
func arrange(r *canonical.Request) (system []canonical.Block, turns []turn, err error) {
	system, said := r.Turns()
	system = saying(system)
	a := arrangement{field: named(r, "messages")}
	for _, m := range said {
		if m.Role == canonical.Assistant {
			err = a.model(m.Blocks)
		} else {
			err = a.user(m.Blocks)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if err := a.answered(); err != nil {
		return nil, nil, err
	}
	if len(a.turns) == 0 || a.turns[0].role != "user" {
		first := turn{"user", []canonical.Block{{Kind: canonical.Text, Text: opening}}}
		a.turns = append([]turn{first}, a.turns...)
	}
	return system, a.turns, nil
}

// saying drops the blocks that would be written as nothing.
func saying(blocks []canonical.Block) (out []canonical.Block) {
	for _, b := range blocks {
		switch b.Kind {
		case canonical.Thinking, canonical.Redacted, canonical.Opaque:
			continue
		case canonical.Text, canonical.Refusal:
			if b.Text == "" && b.Signature == "" {
				continue
			}
		}
		out = append(out, b)
	}
	return out
}

type arrangement struct {
	field string // in which errors stand
	turns []turn
	calls []*canonical.Call // of the last turn, not answered yet
}

func (a *arrangement) add(role string, blocks []canonical.Block) {
	if len(blocks) > 0 {
		a.turns = append(a.turns, turn{role, blocks})
	}
}

func (a *arrangement) model(blocks []canonical.Block) error {
	if err := a.answered(); err != nil {
		return err
	}
	blocks = saying(blocks)
	for i := range blocks {
		if blocks[i].Kind == canonical.ToolUse {
			a.calls = append(a.calls, blocks[i].Call)
		}
	}
	a.add("model", blocks)
	return nil
}

// answered refuses calls without results: Gemini wants as many responses as there
// were calls.
func (a *arrangement) answered() error {
	if len(a.calls) == 0 {
		return nil
	}
	ids := make([]string, len(a.calls))
	for i, c := range a.calls {
		ids[i] = c.ID
	}
	return dcoder.Invalid(a.field, "these tool calls have no result: %s", strings.Join(ids, ", "))
}

func (a *arrangement) user(blocks []canonical.Block) error {
	results := make([]canonical.Block, 0, len(a.calls))
	order := map[int]int{}
	var others []canonical.Block
	for _, b := range blocks {
		if b.Kind != canonical.ToolResult {
			others = append(others, b)
			continue
		}
		at := slices.IndexFunc(a.calls, func(c *canonical.Call) bool { return c != nil && c.ID == b.Result.ID })
		if at < 0 {
			return dcoder.Invalid(a.field, "the tool result %q answers no call of the turn before it", b.Result.ID)
		}
		order[at] = len(results)
		results = append(results, withName(b, a.calls[at].Name))
		a.calls[at] = nil
		others = append(others, pictures(b.Result.Blocks)...)
	}
	if err := a.settle(); err != nil {
		return err
	}
	sorted := make([]canonical.Block, len(results))
	for i, at := range inOrder(order) {
		sorted[i] = results[at]
	}
	a.add("user", sorted)
	a.add("user", saying(others))
	return nil
}

// settle drops the calls that are answered; others are an error.
func (a *arrangement) settle() error {
	a.calls = slices.DeleteFunc(a.calls, func(c *canonical.Call) bool { return c == nil })
	return a.answered()
}

// inOrder returns the values of m by their keys.
func inOrder(m map[int]int) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = m[k]
	}
	return keys
}

func withName(b canonical.Block, name string) canonical.Block {
	result := *b.Result
	result.Name = name
	b.Result = &result
	return b
}

// pictures are the media of a result: a response holds text, so they follow it.
func pictures(blocks []canonical.Block) (out []canonical.Block) {
	for _, b := range blocks {
		if b.Media != nil && b.Media.Text == "" {
			out = append(out, b)
		}
	}
	return out
}
