package llm

import (
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// Kind is what a call asks of a model.
type Kind uint8

// The kinds of a call.
const (
	Chat       Kind = iota // messages in, a message out
	Completion             // a prompt in, text out
	Embedding              // texts in, vectors out
	Message                // Anthropic's shape of Chat
	Response               // OpenAI's Responses: items in, items out
	Count                  // Message, whose tokens are to be counted and nothing else
)

// Talks reports whether the answer is words.
func (k Kind) Talks() bool { return k != Embedding && k != Count }

// Request is one call: what the client sent, who it is, and what the coats found
// out about it on its way in. It belongs to one goroutine.
type Request struct {
	ID          string // the gateway's own id of the call, UUIDv7
	RequestID   string // X-Request-Id
	TraceParent string // W3C, "" for none
	Route       string // "/v1/chat/completions"
	Kind        Kind
	Begun       time.Time

	// Inbound is the protocol of Doc, for dialects that speak another one; nil
	// where no dialect translates.
	Inbound canonical.Protocol

	Beta string // anthropic-beta, as the client of a Message wrote it

	Doc  jsonscan.Doc // the client's body, scanned; never changed
	Body *Buffer      // what Doc.Raw stands in

	Model      string // as the client wrote it
	Stream     bool
	WantsUsage bool // the client itself asked for usage in the stream
	MaxTokens  int64
	Choices    int64 // answers asked for, >= 1
	Text       token.Text

	Principal *dcoder.Principal
	Snapshot  *dcoder.Snapshot

	// Filled in by the coats.
	Candidates []Candidate // by plan, in the order in which they are tried
	Tries      int         // by retry, of the provider
	Admission  Admission   // by admit
	Verdict    Verdict     // by admit
	Degraded   bool        // by admit: served without the ledger

	// Dropped names the parameters that the served model cannot take and that the
	// tenant's policy lets go: filled in by the dialect, told in a header.
	Dropped []string

	// WantsEstimate says that the client asked what the call is reckoned to cost.
	WantsEstimate bool

	meaning *canonical.Request

	guardedUnder *dcoder.Snapshot // by guard: whose policy was applied to the input
	guardDid     string           // by guard: as dcoder.UsageRecord.Guard
	asSent       *Buffer          // by guard: what sentRaw stands in, once Doc is masked
	sentRaw      []byte

	cache caching // by exact

	compression compression // by compressing

	rest      []Candidate // by plan: what failover may go to, grouped by service
	brought   brought     // the caller's own credential
	hop       *hop        // by failover: set while another service is tried
	watch     watch       // for timeouts
	steps     Steps       // for observers
	under     *dcoder.Request
	giveUp    time.Time    // by retry: no try begins later
	room      [2]Candidate // of Candidates, so that most plans allocate nothing
	at        atomic.Int32 // index of the candidate that is tried
	intent    dcoder.UsageRecord
	asked     reservation  // by admit
	input     int64        // estimated tokens of the input
	delivered atomic.Int64 // output tokens counted in what was received
	firstMS   int64        // to the first content
}

// Candidate is one concrete model that may serve a call.
type Candidate struct {
	Grant   dcoder.ProviderGrant
	Model   string // the provider's own id
	Price   *dcoder.Price
	Dialect Dialect

	health *health
	lead   bool // the route may choose it first; others are for failover only
}

// Candidate returns the candidate that is being tried, nil before the plan.
func (r *Request) Candidate() *Candidate {
	at := int(r.at.Load())
	if at >= len(r.Candidates) {
		return nil
	}
	return &r.Candidates[at]
}

// Delivered returns how many output tokens were counted in what was received.
func (r *Request) Delivered() int64 { return r.delivered.Load() }

// Canonical returns what the client asks, whatever protocol it wrote it in. It
// is read once and must not be changed. Errors are 400 and name the field.
func (r *Request) Canonical() (*canonical.Request, error) {
	if r.meaning == nil {
		if r.Inbound == nil {
			return nil, dcoder.Invalid("model", "the model %s cannot be called on this route", quoted(r.Model))
		}
		m, err := r.Inbound.ReadRequest(r.Doc.Raw)
		if err != nil {
			return nil, err
		}
		r.meaning = m
	}
	return r.meaning, nil
}
