package canonical

import "github.com/d-coder-ai/dcoder/shared/sse"

// Protocol translates one protocol to the canonical form and from it. All
// methods are pure and safe for concurrent use. Errors of ReadRequest and
// WriteRequest are *dcoder.Error with a status of 400 that names the field as the
// client wrote it.
type Protocol interface {
	Shape() Shape

	// ReadRequest reads a request. It keeps parts of body.
	ReadRequest(body []byte) (*Request, error)
	// WriteRequest writes r for the model of o.
	WriteRequest(r *Request, o *Options) ([]byte, error)

	// ReadReply reads a whole answer of status 200.
	ReadReply(body []byte) (*Reply, error)
	// WriteReply writes an answer to r, the request that was asked.
	WriteReply(a *Reply, r *Request) ([]byte, error)

	// NewReader returns what reads one stream of this protocol.
	NewReader() Reader
	// NewWriter returns what writes one stream of this protocol, the answer to r.
	NewWriter(r *Request) Writer

	// ReadError reads the body of an error answer; ok is false when it is none.
	ReadError(status int, body []byte) (p Problem, ok bool)
}

// Reader turns a stream's events into canonical ones.
type Reader interface {
	// Read appends what e means to dst. An error means that e is not of this
	// protocol.
	Read(dst []Event, e sse.Event) ([]Event, error)
}

// Ender is a Reader of a protocol whose streams have no event of their own for
// their end (Google's): the bytes just stop, and only then is it known what the
// last word on usage and on why each answer ended was.
type Ender interface {
	// End appends what the end of the bytes means to dst: EventStop, EventUsage and
	// EventEnd when the answer was whole, nothing when it broke off.
	End(dst []Event) []Event
}

// Writer turns canonical events into frames of a stream.
type Writer interface {
	// Write appends the frames, whole, that e causes to dst; often none.
	Write(dst []byte, e *Event) []byte
}

// Options say for which model a request is written and what it can do.
type Options struct {
	Model   string // the provider's id
	Ability Ability

	// DropUnsupported leaves out what the model cannot do, and names it in
	// Dropped, instead of refusing the request.
	DropUnsupported bool
	Dropped         []string // names as the client wrote them, filled in by the writer

	// DefaultMaxTokens stands in where the protocol needs a bound that the client
	// did not give; 0: Ability.OutputMax.
	DefaultMaxTokens int64
}

// Thinks says in which words a model is told how to reason.
type Thinks uint8

// The ways.
const (
	ThinksNot      Thinks = iota // it has no reasoning to control
	ThinksEffort                 // by a word: low, medium, high
	ThinksBudget                 // by a number of tokens
	ThinksAdaptive               // it decides; an effort may be given besides
)

// Ability is what a model can do, as far as translation depends on it. The zero
// value is a model of which nothing is known: everything is passed on.
type Ability struct {
	Known bool // the fields below mean something

	OutputMax       int64 // tokens of an answer, 0 unknown
	Thinks          Thinks
	Efforts         []string // words that it takes; empty: low, medium, high
	CannotTurnOff   bool     // reasoning cannot be switched off
	ThinksUnasked   bool     // it reasons unless that is switched off
	NoForcedTools   bool     // no call can be forced, neither of a tool nor of any
	Schema          bool     // structured output by a JSON schema
	JSONObject      bool     // structured output as any JSON object
	SchemaWithTools bool     // both at once
	Prefill         bool     // it continues an assistant turn
	Vision          bool
	Documents       bool
	AudioInput      bool
	Tools           bool
	NoTemperature   bool // sampling parameters are refused
	OneSampling     bool // temperature and top_p exclude each other
	LogProbs        bool
	Many            bool  // n above 1
	StopMost        int   // most stop sequences, 0: no bound known
	CallIDs         bool  // Gemini: functionCall parts carry ids
	SignedCalls     bool  // Gemini: the first call of a turn in the history must be signed
	RichSchema      bool  // Gemini: takes JSON Schema as it is, besides Google's own dialect of it
	BudgetLeast     int64 // fewest tokens of a ThinksBudget, 0: no bound known
	BudgetMost      int64 // most tokens of a ThinksBudget, 0: no bound known
}

// Drop reports whether an unsupported parameter may be left out, and remembers
// its name; when not, the writer refuses the request.
func (o *Options) Drop(name string) bool {
	if o.DropUnsupported {
		o.Dropped = append(o.Dropped, name)
	}
	return o.DropUnsupported
}
