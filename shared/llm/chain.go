package llm

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Coats is what the coats need. Journal and Spare may be nil; durations of zero
// take their defaults.
type Coats struct {
	Dialects map[string]Dialect // by ProviderGrant.Dialect
	Ledger   Ledger
	Fresh    Freshness
	Journal  Journal
	Spare    Spare

	Events *Events // of failovers; nil: nobody hears of them

	Observer Observer // of how calls went; nil: nobody looks

	Shelf  Shelf  // of kept answers; nil: none are kept
	Sealer Sealer // of what goes to the shelf

	Cooling  Cooling         // when a failing deployment is left alone
	Timeouts dcoder.Timeouts // where neither alias nor tenant says any

	Beat         time.Duration // between heartbeats of a running call; default 15 s
	RetryBudget  time.Duration // no try begins later than this after the first; default 30 s
	RetryPause   time.Duration // before the first repetition, doubled and jittered; default 200 ms
	RetryMost    int           // tries in all; default 3
	LedgerPeriod time.Duration // longest wait for a heartbeat; default 2 s

	health  *cooldowns
	flights *flights
}

// Freshness keeps snapshots as new as the ledger says that they must be.
type Freshness interface {
	// Fresh returns snap itself while it is as new as the generations (and, when
	// dirty, at most a second old), else a newer one; an error when the
	// credential behind it is no longer good.
	Fresh(ctx context.Context, snap *dcoder.Snapshot, tenantGen, keyGen dcoder.Generation, dirty bool) (*dcoder.Snapshot, error)
	// Renew returns the newest snapshot whatever snap is; errors as Fresh.
	Renew(ctx context.Context, snap *dcoder.Snapshot) (*dcoder.Snapshot, error)
}

// Spare takes usage records while the ledger cannot be reached: it publishes
// them straight or keeps them on disk. It must not block.
type Spare interface {
	Keep(r dcoder.UsageRecord)
}

// Chain returns a call with all its coats. This is their order: what a coat does
// on the way in happens before what stands to its right, and on the way out
// after it.
func Chain(c Coats) Model {
	c.defaults()
	return meter{guarded{compressing{plan{failover{exact{admit{reguarded{answered{retry{tried{call{}}, &c}, &c}, &c}, &c}, &c}, &c}, &c}, &c}, &c}, &c}
}

func (c *Coats) defaults() {
	if c.Journal == nil {
		c.Journal = NoJournal{}
	}
	c.health, c.flights = newCooldowns(c.Cooling), &flights{}
	c.Beat = or(c.Beat, 15*time.Second)
	c.RetryBudget = or(c.RetryBudget, 30*time.Second)
	c.RetryPause = or(c.RetryPause, 200*time.Millisecond)
	c.LedgerPeriod = or(c.LedgerPeriod, 2*time.Second)
	if c.RetryMost == 0 {
		c.RetryMost = 3
	}
}

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// call is the innermost model: the dialect of the candidate that is tried.
type call struct{}

// Complete implements Model.
func (call) Complete(ctx context.Context, req *Request) (*Reply, error) {
	c := req.Candidate()
	if req.Kind == Count {
		return count(ctx, req, c)
	}
	return c.Dialect.Complete(ctx, req, c)
}
