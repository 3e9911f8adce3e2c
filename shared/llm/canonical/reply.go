package canonical

import (
	"encoding/json"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Stop says why an answer ended.
type Stop string

// The reasons. A reason that nobody knows is StopEnd, never an error.
const (
	StopEnd      Stop = "end"      // the model was done
	StopSequence Stop = "sequence" // a stop sequence came
	StopLength   Stop = "length"   // the most tokens, or the context window, were used up
	StopTools    Stop = "tools"    // it wants tools used
	StopFilter   Stop = "filter"   // refused, or blocked by the provider's safety filters
	StopPause    Stop = "pause"    // a long turn of the provider's own tools; to be continued
)

// Reply is a whole answer.
type Reply struct {
	Origin  Shape
	ID      string
	Model   string
	Created int64 // Unix seconds, 0 when the protocol does not say
	Choices []Answer
	Usage   Usage
	Extra   Extra
}

// Answer is one of the answers to a call.
type Answer struct {
	Index    int
	Blocks   []Block
	Stop     Stop
	Native   string // the provider's own word for Stop
	Sequence string // the stop sequence that came
	LogProbs json.RawMessage
	Extra    Extra
}

// Usage is what a call used, in OpenAI's meaning of the words: Input includes
// what was read from and written to prompt caches, Output includes reasoning.
type Usage struct {
	dcoder.Tokens
	Reported    bool
	ServiceTier string
	Extra       Extra // what only Origin counts (server tools, ...)
}

// EventKind says what a streamed event brings.
type EventKind uint8

// The kinds of events, in the order in which a stream has them: EventStart, then
// for each block of an answer EventBlock, its deltas and EventBlockEnd, then
// EventStop for each answer, EventUsage any number of times anywhere (the last
// one counts, field by field), and EventEnd. Blocks of one answer do not overlap,
// but for tool calls of protocols that mix the deltas of parallel calls.
const (
	EventStart    EventKind = iota + 1 // ID, Model, Created
	EventBlock                         // Block: Kind, and Call with ID and Name; no content yet, but a call's Signature where it is known
	EventText                          // Text: more of a Text, Thinking or Refusal block
	EventArgs                          // Text: more of a call's arguments, as JSON text
	EventSign                          // Text: Signature of the block, whole
	EventWhole                         // Block: a whole block that does not come in pieces (Opaque, Redacted, Image)
	EventBlockEnd                      // Block, when an Extra of it is known only now; else nil
	EventStop                          // Stop, Native, Sequence
	EventUsage                         // Usage
	EventError                         // Err: an error inside the stream; nothing follows
	EventEnd                           // the provider's own end of a whole answer
	EventPing                          // nothing, but the provider lives
)

// Event is one piece of a streamed answer. Answer and Index say of which answer
// and of which of its blocks, counted from 0.
type Event struct {
	Kind    EventKind
	Answer  int
	Index   int
	ID      string
	Model   string
	Created int64
	Block   *Block
	Text    string
	Stop    Stop
	Native  string
	// Sequence is the stop sequence that came.
	Sequence string
	LogProbs json.RawMessage // with EventText
	Usage    *Usage
	Err      *Problem
}

// Problem is an error object of a protocol, before it is classified.
type Problem struct {
	Status  int    // 0 when the protocol does not say
	Type    string // "overloaded_error"
	Code    string
	Message string
	Param   string
	After   time.Duration // how long the provider asks to wait, when its body says so
}
