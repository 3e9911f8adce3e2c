// Package llm is the contract with language models: what a call is, the ledger
// that admits it, and the coats (meter, plan, admit, retry) that every call
// wears on its way to a provider. It does no I/O of its own; dialects, stores
// and the upstream client are handed in.
package llm

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Ledger decides whether a call fits its limits, holds what it may use while it
// runs, and writes down what it used. All methods are safe for concurrent use;
// calls of one tenant that arrive together are decided together. Admit and Extend
// bound their own wait to a few seconds, so that callers need no timer each.
type Ledger interface {
	// Admit reserves the amounts in every limit of the admission, or nothing.
	// The same ID again returns the first verdict. An error means that the
	// ledger could not be asked, not that the call was refused.
	Admit(ctx context.Context, a *Admission) (Verdict, error)
	// Extend tells how far a running call has come (heartbeat) and asks for more
	// where more is wanted. A refused verdict leaves the reservation as it was.
	Extend(ctx context.Context, e *Extension) (Verdict, error)
	// Settle replaces the reservation by what was used and puts the record into
	// the outbox in the same step. It queues and returns at once; a settlement
	// whose reservation is gone corrects the counters once and raises the
	// record's revision.
	Settle(s *Settlement)
	// Drain returns when every queued settlement is written, or ctx ends.
	Drain(ctx context.Context) error
}

// Amounts is what a call takes from its limits.
type Amounts struct {
	Requests int64         // 1, or 0 for a cached answer's correction
	Tokens   int64         // input and output together
	Money    dcoder.Micros //
}

// Admission asks for room for one call.
type Admission struct {
	ID       string              // the gateway's own id of the call (UUIDv7), never a client's
	Tenant   string              //
	Key      string              // virtual key id: its generation is returned
	Limits   []dcoder.Limit      // those that hold for this call; subjects filled in
	TimeZone string              // IANA name, of the tenant's periods
	Amounts  Amounts             // the reservation
	Expires  time.Duration       // without a heartbeat for so long the reservation is swept; default 60 s
	Intent   *dcoder.UsageRecord // what a sweeper needs to write the row of a lost call: everything known before the answer
	Entry    string              // key of the exact-cache entry to fetch in the same flush, "" for none
	Flight   string              // key under which Holder claims the call that fills Entry, "" for no claim
	Holder   string              // who claims: this process
}

// Verdict is the ledger's answer.
type Verdict struct {
	Admitted  bool
	TenantGen dcoder.Generation // newer than the snapshot's: reload it before the request goes on
	KeyGen    dcoder.Generation
	Dirty     bool           // a change is being committed: trust a snapshot for a second at most
	Time      time.Time      // Redis' clock at admission: decides the periods
	Epoch     string         // of the ledger's counters; changes when Redis lost them
	Exceeded  *Exceeded      // why not, when not admitted
	Passed    []dcoder.Limit // alert-only limits that this call goes beyond
	Room      []Room         // what is left of the limits of requests and tokens, for rate-limit headers
	Entry     []byte         // the exact-cache entry, nil when there is none
	Voided    time.Time      // when anything of the tenant's cache was last declared void; zero: never
	Holder    string         // who holds the flight, "" when that is unknown
	Claimed   bool           // the flight was free, and is the asker's now
}

// Exceeded names the limit that refused a call.
type Exceeded struct {
	Limit    dcoder.Limit
	Used     int64 // settled
	Reserved int64 // held by running calls
	Asked    int64
	Reset    time.Time // when room may come back; zero when unknown
}

// Room is what is left of one limit after the verdict.
type Room struct {
	Limit     dcoder.Limit
	Remaining int64
	Reset     time.Time
}

// Extension is the heartbeat of a running call.
type Extension struct {
	Admission *Admission
	Verdict   Verdict       // of Admit
	SoFar     dcoder.Tokens // what was delivered up to now
	Cost      dcoder.Micros // of SoFar
	More      Amounts       // to reserve on top; zero for a mere heartbeat
}

// Settlement ends a call. One whose Verdict was not Admitted held nothing: its
// row (a refusal is a row too) goes to the outbox and no counter moves.
type Settlement struct {
	Admission *Admission
	Verdict   Verdict            // of Admit
	Used      Amounts            // what it really took
	Record    dcoder.UsageRecord // the row; Revision 1
	Done      func()             // called once, when the row is written or otherwise safe; may be nil; must not block
	Release   bool               // give the reservation back and write no row: the call is admitted again under new limits
}
