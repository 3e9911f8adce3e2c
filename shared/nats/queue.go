package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

const (
	// mostFresh is how many messages of a function may be on loan. It bounds the
	// dispatcher's memory while a function scales from zero.
	mostFresh = 4096
	// mostParked is large, since a parked message that is not yet due keeps its
	// place among those on loan.
	mostParked = 1 << 16
	// prefetch is how many messages wait in this process for Next. They are not
	// kept alive there, so there are few.
	prefetch = 256
	// pullFor is how long one request for messages stands. A server that forgot it
	// is asked again after that.
	pullFor = 5 * time.Second
	// closeFor is how long Close waits for what is on its way.
	closeFor = 50 * time.Millisecond
)

var _ dispatch.Queues = (*Broker)(nil)

// Fresh implements dispatch.Queues: one durable consumer with the function's name.
func (b *Broker) Fresh(ctx context.Context, t dispatch.Target) (dispatch.Queue, error) {
	filters := make([]string, 0, len(t.Types))
	for typ := range t.Types {
		if err := checkType(typ); err != nil {
			return nil, err
		}
		filters = append(filters, b.cfg.subject("*", typ))
	}
	slices.Sort(filters)
	return b.open(ctx, kindEvents, t.Function, filters, mostFresh)
}

// Parked implements dispatch.Queues.
func (b *Broker) Parked(ctx context.Context, t dispatch.Target) (dispatch.Queue, error) {
	return b.open(ctx, kindRetry, t.Function, []string{b.cfg.branch("retry", t.Function, "*", ">")}, mostParked)
}

// open makes the durable consumer stand and starts to pull from it.
func (b *Broker) open(ctx context.Context, kind, function string, filters []string, loan int) (dispatch.Queue, error) {
	if err := checkFunction(function); err != nil {
		return nil, err
	}
	_, js, err := b.connect()
	if err != nil {
		return nil, unavailable(err)
	}
	if err := b.Ensure(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	consumer, err := js.CreateOrUpdateConsumer(ctx, b.cfg.stream(kind), jetstream.ConsumerConfig{
		Durable: function, FilterSubjects: filters,
		DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: b.cfg.AckWait, MaxAckPending: loan,
		MaxDeliver: -1, // a server that counts strands messages silently; the dispatcher counts
	})
	if err != nil {
		return nil, fmt.Errorf("ensure consumer %s of %s: %w", function, b.cfg.stream(kind), err)
	}
	return &queue{b: b, function: function, consumer: consumer}, nil
}

// queue pulls batch after batch. Package jetstream's endless iterator was tried:
// under load it lost count of what it had asked for and stood still for seconds.
type queue struct {
	b        *Broker
	function string
	consumer jetstream.Consumer
	batch    jetstream.MessageBatch // under way; nil when the next is to be asked for
	end      context.CancelFunc     // of the batch
}

// Next implements dispatch.Queue. What is not due goes back until it is.
func (q *queue) Next(ctx context.Context) (dispatch.Delivery, error) {
	for {
		m, err := q.next(ctx)
		if err != nil {
			return nil, err
		}
		if m == nil {
			continue
		}
		if wait := time.Until(headerTime(m.Headers(), headerDue)); wait > 0 {
			if err := m.NakWithDelay(wait); err != nil {
				slog.Debug("give back a parked event", "err", err)
			}
			continue
		}
		return &delivery{q: q, m: m}, nil
	}
}

// next returns a message of the batch under way, or nil when that ended.
func (q *queue) next(ctx context.Context) (jetstream.Msg, error) {
	if q.batch == nil {
		if err := q.pull(); err != nil {
			return nil, fmt.Errorf("pull for %s: %w", q.function, err)
		}
	}
	select {
	case m, open := <-q.batch.Messages():
		if open {
			return m, nil
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	err := q.batch.Error()
	q.end()
	q.batch = nil
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("pull for %s: %w", q.function, err)
	}
	return nil, nil
}

// pull asks for the next batch.
func (q *queue) pull() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), pullFor)
	if q.batch, err = q.consumer.Fetch(prefetch, jetstream.FetchContext(ctx)); err != nil {
		q.batch = nil
		cancel()
		return err
	}
	q.end = cancel
	return nil
}

// Close implements dispatch.Queue. What was fetched and not handed out goes back;
// what is still on its way comes back when its loan runs out.
func (q *queue) Close() {
	if q.batch == nil {
		return
	}
	defer q.end()
	for {
		select {
		case m, open := <-q.batch.Messages():
			if !open {
				return
			}
			_ = m.Nak() // the loan runs out by itself where this fails
		case <-time.After(closeFor):
			return
		}
	}
}

// place returns tenant and type as the message's subject has them.
func (q *queue) place(subject string) (tenant, typ string) {
	p := q.b.cfg.Prefix
	if rest, ok := strings.CutPrefix(subject, p+"."); ok {
		tenant, typ, _ = strings.Cut(rest, ".")
		return tenant, typ
	}
	rest := strings.TrimPrefix(subject, p+"-retry."+q.function+".")
	tenant, typ, _ = strings.Cut(rest, ".")
	return tenant, typ
}
