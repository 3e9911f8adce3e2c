package responsestest

import (
	"encoding/json"
	"errors"
	"fmt"
)

// item is one item of the output and how far it is.
type item struct {
	id, kind string
	done     bool
	raw      json.RawMessage // when done
	parts    []*piece        // of a message's content, or of reasoning
	summary  []*piece
	args     string
	argsDone bool
	said     string
	thought  string
	call     *Call
}

// piece is a part of an item that grows.
type piece struct {
	kind     string
	text     string
	textDone bool
	done     bool
}

// fields are an item's that the rules look at.
type fields struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Role      string `json:"role"`
	Status    string `json:"status"`
	Name      string `json:"name"`
	CallID    string `json:"call_id"`
	Arguments string `json:"arguments"`
	Input     string `json:"input"`
	Content   []part `json:"content"`
	Summary   []part `json:"summary"`
}

// parse reads an item; of kinds that have no pieces here only id and type.
func parse(raw json.RawMessage) (f fields, err error) {
	var head struct{ ID, Type string }
	if err = json.Unmarshal(raw, &head); err != nil {
		return f, err
	}
	f.ID, f.Type = head.ID, head.Type
	switch head.Type {
	case "message", "reasoning", "function_call", "custom_tool_call":
		err = json.Unmarshal(raw, &f)
	}
	if err == nil && (f.ID == "" || f.Type == "") {
		err = errors.New("an item needs an id and a type")
	}
	return f, err
}

func newItem(raw json.RawMessage) (*item, error) {
	f, err := parse(raw)
	switch {
	case err != nil:
		return nil, err
	case len(f.Content) > 0 || f.Arguments != "" || f.Input != "":
		return nil, errors.New("an item begins empty")
	case f.Type == "message" && (f.Role != "assistant" || f.Status != "in_progress"):
		return nil, errors.New("a message begins as the assistant's, in_progress")
	case (f.Type == "function_call" || f.Type == "custom_tool_call") && (f.CallID == "" || f.Name == "" || f.Status != "in_progress"):
		return nil, errors.New("a call begins with call_id and name, in_progress")
	}
	return &item{id: f.ID, kind: f.Type}, nil
}

// event takes an event of the item.
func (it *item) event(e *event) error {
	switch e.Type {
	case "response.content_part.added":
		return open(&it.parts, e.Content, e.Part, it.kind == "message" || it.kind == "reasoning")
	case "response.output_text.delta":
		return grow(it.parts, e.Content, e.Delta, "output_text")
	case "response.refusal.delta":
		return grow(it.parts, e.Content, e.Delta, "refusal")
	case "response.reasoning_text.delta":
		return grow(it.parts, e.Content, e.Delta, "reasoning_text")
	case "response.output_text.done", "response.reasoning_text.done":
		return whole(it.parts, e.Content, e.Text)
	case "response.refusal.done":
		return whole(it.parts, e.Content, e.Refusal)
	case "response.content_part.done":
		return shut(it.parts, e.Content, e.Part)
	case "response.reasoning_summary_part.added":
		return open(&it.summary, e.Summary, e.Part, it.kind == "reasoning")
	case "response.reasoning_summary_text.delta":
		return grow(it.summary, e.Summary, e.Delta, "summary_text")
	case "response.reasoning_summary_text.done":
		return whole(it.summary, e.Summary, e.Text)
	case "response.reasoning_summary_part.done":
		return shut(it.summary, e.Summary, e.Part)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		return it.argument(e)
	case "response.function_call_arguments.done":
		return it.arguments(e.Args)
	case "response.custom_tool_call_input.done":
		return it.arguments(e.Input)
	}
	return nil // what only some items have: searches, annotations
}

func (it *item) argument(e *event) error {
	if it.argsDone || e.Delta == nil || it.kind != "function_call" && it.kind != "custom_tool_call" {
		return errors.New("no arguments are expected")
	}
	it.args += *e.Delta
	return nil
}

func (it *item) arguments(all string) error {
	if it.argsDone || all != it.args {
		return fmt.Errorf("the arguments are %q and not %q", all, it.args)
	}
	it.argsDone = true
	return nil
}

// finish compares the whole item with its pieces.
func (it *item) finish(raw json.RawMessage) error {
	f, err := parse(raw)
	if err != nil {
		return err
	}
	if f.ID != it.id || f.Type != it.kind {
		return errors.New("the item became another one")
	}
	it.done, it.raw = true, raw
	switch it.kind {
	case "message":
		it.said, err = compare(it.parts, f.Content)
	case "reasoning":
		if it.thought, err = compare(it.summary, f.Summary); err == nil {
			_, err = compare(it.parts, f.Content)
		}
	case "function_call", "custom_tool_call":
		if !it.argsDone || it.args != f.Arguments+f.Input {
			err = errors.New("the arguments are not those that were streamed")
		} else if f.Type == "function_call" && !json.Valid([]byte(f.Arguments)) {
			err = errors.New("the arguments are no JSON")
		}
		it.call = &Call{f.CallID, f.Name, f.Arguments + f.Input}
	}
	return err
}
