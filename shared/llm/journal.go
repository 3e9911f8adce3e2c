package llm

import "github.com/d-coder-ai/dcoder/shared/dcoder"

// Journal remembers on this machine how far running calls have come. When the
// process dies without a word (SIGKILL, out of memory), its successor finds the
// marks that were left open and settles each of those calls with exactly the
// tokens that it had received. It outlives the process, not the machine: a
// machine that dies leaves the calls to the ledger's sweeper and their last
// heartbeat. All methods are safe for concurrent use;
// without room or a directory they do nothing.
type Journal interface {
	// Open takes a slot for an admitted call. It never fails and never returns
	// nil: without room the Mark does nothing. v.Entry, v.Room and v.Passed are
	// not kept. Worth its microseconds for calls whose answer takes a while.
	Open(a *Admission, v Verdict) Mark
	// Append keeps records that could be delivered nowhere (Redis and the broker
	// down) until a Recover hands them on. An error means that they are not kept.
	Append(records ...dcoder.UsageRecord) error
}

// Mark is the place of one running call in the Journal. One goroutine at a time.
type Mark interface {
	// Progress stores what was received from the provider up to now, in all and
	// not since the last time. It is a few stores into mapped memory: call it for
	// every chunk, before the chunk is written to the client.
	Progress(t dcoder.Tokens, cost dcoder.Micros)
	// Settled stores how the call ended, before Ledger.Settle queues the row, so
	// that a death between the two loses nothing: the successor settles with this
	// row's numbers and state instead of a lost one.
	Settled(r *dcoder.UsageRecord)
	// Close frees the slot. It belongs behind the acknowledgement: set it as
	// Settlement.Done. Later calls of any method do nothing.
	Close()
}

// Orphan is what a dead process left behind: a call to settle, or (Admission is
// nil) a record that only wants delivery.
type Orphan struct {
	Admission *Admission         // as it was admitted, nil for an appended record
	Verdict   Verdict            // without Entry, Room and Passed
	Record    dcoder.UsageRecord // the row to write: the intent with the last progress (lost, estimated), or the final one
	Final     bool               // the call had ended; only its settlement may be missing
}

// Settlement returns the orphan's end as the ledger wants it. The ledger
// ignores it when the call was settled before its process died.
func (o *Orphan) Settlement() *Settlement {
	return &Settlement{
		Admission: o.Admission, Verdict: o.Verdict, Record: o.Record,
		Used: Amounts{
			Requests: o.Admission.Amounts.Requests,
			Tokens:   o.Record.Tokens.Input + o.Record.Tokens.Output, Money: o.Record.Cost,
		},
	}
}

// NoJournal keeps nothing: what is used where no directory is configured.
type NoJournal struct{}

// Open implements Journal.
func (NoJournal) Open(*Admission, Verdict) Mark { return noMark{} }

// Append implements Journal; it says that nothing is kept.
func (NoJournal) Append(...dcoder.UsageRecord) error { return ErrNoJournal }

// ErrNoJournal is returned by Append where there is no place to write to.
var ErrNoJournal = dcoder.Unavailable("no_journal", "no journal directory can be written to", 0, nil)

type noMark struct{}

func (noMark) Progress(dcoder.Tokens, dcoder.Micros) {}
func (noMark) Settled(*dcoder.UsageRecord)           {}
func (noMark) Close()                                {}
