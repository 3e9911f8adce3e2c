package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Straight is the way of usage records around a ledger that cannot be reached:
// to the broker, and to the journal when that is away too. It implements Spare.
type Straight struct {
	publisher dcoder.Publisher
	journal   Journal
	queue     chan dcoder.UsageRecord
}

const (
	straightQueue = 4096
	straightBatch = 64
	straightPause = 3 * time.Second // for the broker, before the journal takes a batch
)

var errStraightFull = errors.New("the queue of usage records around the ledger is full")

// NewStraight returns a Straight whose Run does the work. journal may be nil.
func NewStraight(p dcoder.Publisher, j Journal) *Straight {
	if j == nil {
		j = NoJournal{}
	}
	return &Straight{publisher: p, journal: j, queue: make(chan dcoder.UsageRecord, straightQueue)}
}

// Keep implements Spare: it hands the record on soon. A process that is killed
// before that loses it.
func (s *Straight) Keep(r dcoder.UsageRecord) {
	if err := s.enqueue(r); err != nil {
		slog.Error("a usage record is lost", "tenant", r.Tenant, "call", r.ID, "tokens", r.Tokens.Input+r.Tokens.Output, "cost", r.Cost, "error", err)
	}
}

// Take answers for a record from now on: it is in the journal, whose recovery
// hands it on even after a kill, or queued where there is no journal. An error
// means that the record is nowhere. It does not block for longer than a write.
func (s *Straight) Take(r dcoder.UsageRecord) error {
	if s.journal.Append(r) == nil {
		return nil
	}
	return s.enqueue(r)
}

// enqueue puts a record before Run, and into the journal when there is no room.
func (s *Straight) enqueue(r dcoder.UsageRecord) error {
	select {
	case s.queue <- r:
		return nil
	default:
	}
	if err := s.journal.Append(r); err != nil {
		return errors.Join(errStraightFull, err)
	}
	return nil
}

// Run hands records on until ctx ends, and then what is queued.
func (s *Straight) Run(ctx context.Context) error {
	for {
		select {
		case r := <-s.queue:
			s.hand(ctx, s.batch(r))
		case <-ctx.Done():
			return s.Flush(context.WithoutCancel(ctx))
		}
	}
}

// Flush hands on what is queued.
func (s *Straight) Flush(ctx context.Context) error {
	for {
		select {
		case r := <-s.queue:
			s.hand(ctx, s.batch(r))
		default:
			return nil
		}
	}
}

// batch takes what is queued behind r.
func (s *Straight) batch(r dcoder.UsageRecord) []dcoder.UsageRecord {
	batch := []dcoder.UsageRecord{r}
	for len(batch) < straightBatch {
		select {
		case r := <-s.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

func (s *Straight) hand(ctx context.Context, batch []dcoder.UsageRecord) {
	ctx, cancel := context.WithTimeout(ctx, straightPause)
	defer cancel()
	err := s.publish(ctx, batch)
	if err == nil {
		return
	}
	if keep := s.journal.Append(batch...); keep != nil {
		for _, r := range batch {
			slog.Error("a usage record is lost", "tenant", r.Tenant, "call", r.ID, "tokens", r.Tokens.Input+r.Tokens.Output, "cost", r.Cost,
				"error", errors.Join(err, keep))
		}
	}
}

// Deliver hands one record on and returns when the broker holds it.
func (s *Straight) Deliver(ctx context.Context, r dcoder.UsageRecord) error {
	ctx, cancel := context.WithTimeout(ctx, straightPause)
	defer cancel()
	return s.publish(ctx, []dcoder.UsageRecord{r})
}

// publish sends one event for each record: its id makes a repeat harmless.
func (s *Straight) publish(ctx context.Context, batch []dcoder.UsageRecord) error {
	events := make([]dcoder.Envelope, len(batch))
	for i := range batch {
		r := &batch[i]
		data, err := json.Marshal(dcoder.UsageRecorded{Records: batch[i : i+1]})
		if err != nil {
			return err
		}
		events[i] = dcoder.Envelope{
			ID: fmt.Sprintf("straight-%s-%d-%d", r.ID, r.Attempt, r.Revision), Source: "/chat", Type: dcoder.UsageRecorded{}.EventType(), Tenant: r.Tenant,
			Platform: r.Platform, Correlation: r.RequestID, Actor: r.Key, Time: time.Now().UTC(), Data: data,
		}
	}
	return s.publisher.Publish(ctx, events...)
}
