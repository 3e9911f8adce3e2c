package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

var _ dcoder.Publisher = (*Broker)(nil)

// Publish implements dcoder.Publisher: it sends all events, then waits for the
// stream's acknowledgement of each. Repeats within the duplicate window are
// dropped by the stream. Errors are *dcoder.Error: 400 names a malformed
// attribute, 413 an event over the server's limit, 503 everything that a retry
// may mend (server away, stream full).
func (b *Broker) Publish(ctx context.Context, events ...dcoder.Envelope) error {
	if len(events) == 0 {
		return nil
	}
	msgs := make([]*nats.Msg, len(events))
	for i, e := range events {
		m, err := b.message(e)
		if err != nil {
			return err
		}
		msgs[i] = m
	}
	return b.publish(ctx, msgs...)
}

// message writes an event as a NATS message in CloudEvents' binary mode.
func (b *Broker) message(e dcoder.Envelope) (*nats.Msg, error) {
	if err := checkTenant(e.Tenant); err != nil {
		return nil, err
	}
	if err := checkType(e.Type); err != nil {
		return nil, err
	}
	if e.ID == "" || e.Source == "" {
		return nil, dcoder.Invalid("id", "an event has an id and a source")
	}
	m := &nats.Msg{Subject: b.cfg.subject(e.Tenant, e.Type), Header: encode(e), Data: e.Data}
	m.Header.Set(nats.MsgIdHdr, e.Source+"|"+e.ID)
	return m, nil
}

// publish sends messages and returns when the streams hold every one of them.
func (b *Broker) publish(ctx context.Context, msgs ...*nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	_, js, err := b.connect()
	if err != nil {
		return unavailable(err)
	}
	if err := b.ensureOnce(ctx); err != nil {
		return unavailable(err)
	}
	err = publishAll(ctx, js, b.cfg, msgs)
	if errors.Is(err, jetstream.ErrNoStreamResponse) { // the streams were removed meanwhile
		if err = b.Ensure(ctx); err == nil {
			err = publishAll(ctx, js, b.cfg, msgs)
		}
	}
	return publicError(err)
}

func publishAll(ctx context.Context, js jetstream.JetStream, cfg Config, msgs []*nats.Msg) error {
	futures := make([]jetstream.PubAckFuture, len(msgs))
	for i, m := range msgs {
		m.Reply = "" // set by an earlier try
		f, err := js.PublishMsgAsync(m, jetstream.WithStallWait(cfg.Timeout), jetstream.WithRetryAttempts(1))
		if err != nil {
			return fmt.Errorf("publish to %s: %w", m.Subject, err)
		}
		futures[i] = f
	}
	for i, f := range futures {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return fmt.Errorf("publish to %s: %w", msgs[i].Subject, err)
		case <-ctx.Done():
			return fmt.Errorf("publish to %s: %w", msgs[i].Subject, ctx.Err())
		}
	}
	return nil
}

func publicError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload):
		return &dcoder.Error{Status: 413, Code: "event_too_large", Message: "the event is larger than the broker takes", Cause: err}
	default:
		return unavailable(err)
	}
}
