package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// answer is one choice of a stream that is being read. Its blocks never overlap:
// where a server mixes the pieces of parallel calls, those of a later call wait
// until the one that is open is whole.
type answer struct {
	*streamReader
	index   int
	blocks  int            // how many were begun
	open    canonical.Kind // of the open block that is no call, "" none
	calls   []*call
	current int // position in calls of the one that is open or comes next
	stopped bool
}

// call is a tool call that is being read.
type call struct {
	at        int // the server's index
	id, name  string
	signature string
	begun     bool
	ended     bool
	held      string // arguments that wait
	extent    extent
}

func (a *answer) emitBlock(e canonical.Event) {
	e.Answer, e.Index = a.index, a.blocks-1
	a.emit(e)
}

// delta reads the pieces in the order in which an answer has them.
func (a *answer) delta(v, logprobs json.RawMessage) error {
	for _, piece := range []struct {
		name string
		kind canonical.Kind
	}{{"reasoning_content", canonical.Thinking}, {"reasoning", canonical.Thinking}, {"content", canonical.Text}, {"refusal", canonical.Refusal}} {
		s, ok := text(member(v, piece.name))
		if !ok || s == "" {
			continue
		}
		if err := a.say(piece.kind, s, logprobs); err != nil {
			return err
		}
		if piece.name == "reasoning_content" && member(v, "reasoning") != nil {
			v = joined(without(v, "reasoning")) // some say it under both names
		}
	}
	for _, c := range elements(member(v, "tool_calls")) {
		if err := a.callDelta(c); err != nil {
			return err
		}
	}
	if f := member(v, "function_call"); kind(f) == '{' {
		return a.callDelta(joinedOne("function", f))
	}
	return nil
}

func (a *answer) say(k canonical.Kind, s string, logprobs json.RawMessage) error {
	if a.open != k {
		if err := a.closeCall(); err != nil {
			return err
		}
		a.closeBlock()
		a.blocks++
		a.open = k
		a.emitBlock(canonical.Event{Kind: canonical.EventBlock, Block: &canonical.Block{Kind: k}})
	}
	e := canonical.Event{Kind: canonical.EventText, Text: s}
	if k == canonical.Text && !isNothing(logprobs) {
		e.LogProbs = append(json.RawMessage(nil), logprobs...)
	}
	a.emitBlock(e)
	return nil
}

func (a *answer) closeBlock() {
	if a.open != "" {
		a.emitBlock(canonical.Event{Kind: canonical.EventBlockEnd})
		a.open = ""
	}
}

// closeCall ends all calls: text comes behind them.
func (a *answer) closeCall() error {
	for a.current < len(a.calls) {
		if c := a.calls[a.current]; c.name == "" {
			return errMixed
		}
		a.beginCall()
		a.endCall()
	}
	return nil
}

func (a *answer) callDelta(v json.RawMessage) error {
	index, _ := whole(member(v, "index"))
	id, _ := text(member(v, "id"))
	f := member(v, "function")
	name, _ := text(member(f, "name"))
	args, _ := text(member(f, "arguments"))
	c := a.call(int(index), id)
	if c.name == "" {
		c.name = name
	}
	if s := googleSignature(v); s != "" {
		c.signature = s
	}
	if c.ended && args != "" {
		return errMixed
	}
	c.held += args
	a.advance()
	return nil
}

// call finds the call that a delta goes on with. A new id under the same index
// is a new call: some servers count none.
func (a *answer) call(at int, id string) *call {
	for i := len(a.calls) - 1; i >= 0; i-- {
		if c := a.calls[i]; c.at == at {
			if id == "" || c.id == "" || c.id == id {
				if c.id == "" {
					c.id = id
				}
				return c
			}
			break
		}
	}
	a.calls = append(a.calls, &call{at: at, id: id})
	return a.calls[len(a.calls)-1]
}

// advance tells what is known of the open call, and goes on to the next one when
// it is whole.
func (a *answer) advance() {
	for a.current < len(a.calls) && a.calls[a.current].name != "" {
		a.beginCall()
		c := a.calls[a.current]
		if !c.extent.closed() || a.current+1 == len(a.calls) {
			return
		}
		a.endCall()
	}
}

// beginCall opens the current call, if it is not, and tells what it holds.
func (a *answer) beginCall() {
	c := a.calls[a.current]
	if !c.begun {
		a.closeBlock()
		a.blocks++
		c.begun = true
		if c.id == "" {
			c.id = "call_" + strconv.Itoa(a.index) + "_" + strconv.Itoa(a.current)
		}
		a.emitBlock(canonical.Event{Kind: canonical.EventBlock, Block: &canonical.Block{
			Kind: canonical.ToolUse, Call: &canonical.Call{ID: c.id, Name: c.name}, Signature: c.signature,
		}})
	}
	if c.held != "" {
		c.extent.add(c.held)
		a.emitBlock(canonical.Event{Kind: canonical.EventArgs, Text: c.held})
		c.held = ""
	}
}

func (a *answer) endCall() {
	a.calls[a.current].ended = true
	a.current++
	a.emitBlock(canonical.Event{Kind: canonical.EventBlockEnd})
}

// stop ends the answer with whatever is open.
func (a *answer) stop(word string) {
	a.stopped = true
	a.closeBlock()
	for a.current < len(a.calls) {
		if a.calls[a.current].name == "" { // a server that never named it
			a.current++
			continue
		}
		a.beginCall()
		a.endCall()
	}
	a.emit(canonical.Event{Kind: canonical.EventStop, Answer: a.index, Stop: stopOf(word), Native: word})
}

// extent follows pieces of JSON text until the value that they are is whole.
type extent struct {
	depth       int
	began       bool
	inside, esc bool // of a string
}

func (x *extent) closed() bool { return x.began && x.depth == 0 && !x.inside }

func (x *extent) add(s string) {
	for i := range len(s) {
		c := s[i]
		switch {
		case x.esc:
			x.esc = false
		case x.inside:
			x.esc, x.inside = c == '\\', c != '"'
		case c == '"':
			x.inside = true
		case c == '{', c == '[':
			x.depth++
			x.began = true
		case c == '}', c == ']':
			x.depth--
		}
	}
}
