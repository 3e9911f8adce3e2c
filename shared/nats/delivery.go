package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

// delivery is one message on loan.
type delivery struct {
	q *queue
	m jetstream.Msg
}

// Event implements dispatch.Delivery.
func (d *delivery) Event() (dcoder.Envelope, error) {
	e, err := decode(d.m.Headers(), d.m.Data())
	if err != nil {
		return e, err
	}
	if tenant, typ := d.q.place(d.m.Subject()); e.Tenant != tenant || e.Type != typ {
		return e, errors.New("the event is not of its subject's tenant and type")
	}
	return e, nil
}

// Failures implements dispatch.Delivery: what was counted before it was parked,
// or the deliveries that ended without an answer.
func (d *delivery) Failures() int {
	if n, err := strconv.Atoi(d.m.Headers().Get(headerFailures)); err == nil {
		return max(n, 0)
	}
	meta, err := d.m.Metadata()
	if err != nil || meta.NumDelivered == 0 {
		return 0
	}
	return int(meta.NumDelivered - 1)
}

// Working implements dispatch.Delivery.
func (d *delivery) Working() error { return d.m.InProgress() }

// Done implements dispatch.Delivery.
func (d *delivery) Done(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.q.b.cfg.Timeout)
	defer cancel()
	return d.m.DoubleAck(ctx)
}

// Defer implements dispatch.Delivery.
func (d *delivery) Defer(after time.Duration) error { return d.m.NakWithDelay(after) }

// Park implements dispatch.Delivery.
func (d *delivery) Park(ctx context.Context, failures int, due time.Time) error {
	return d.move(ctx, "retry", func(h nats.Header) {
		h.Set(headerFailures, strconv.Itoa(failures))
		h.Set(headerDue, due.UTC().Format(time.RFC3339Nano))
	})
}

// Bury implements dispatch.Delivery.
func (d *delivery) Bury(ctx context.Context, why dispatch.Reason) error {
	return d.move(ctx, "dead", func(h nats.Header) {
		h.Set(headerFunction, d.q.function)
		h.Set(headerFailures, strconv.Itoa(why.Failures))
		h.Set(headerStatus, strconv.Itoa(why.Status))
		h.Set(headerCode, why.Code)
		h.Set(headerDied, time.Now().UTC().Format(time.RFC3339Nano))
	})
}

// move publishes the message's next place, then acknowledges this one. The
// Nats-Msg-Id is made from where the message lies, so that a move that was
// interrupted in between and is done again leaves one copy.
func (d *delivery) move(ctx context.Context, kind string, mark func(nats.Header)) error {
	meta, err := d.m.Metadata()
	if err != nil {
		return fmt.Errorf("read the message's place: %w", err)
	}
	tenant, typ := d.q.place(d.m.Subject())
	m := &nats.Msg{
		Subject: d.q.b.cfg.branch(kind, d.q.function, tenant, typ),
		Header:  carry(d.m.Headers()), Data: d.m.Data(),
	}
	mark(m.Header)
	m.Header.Set(nats.MsgIdHdr, fmt.Sprintf("%s|%s|%s|%d|%d",
		kind, d.q.function, meta.Stream, meta.Sequence.Stream, meta.Timestamp.UnixNano()))
	if err := d.q.b.publish(ctx, m); err != nil {
		return err
	}
	return d.Done(ctx)
}
