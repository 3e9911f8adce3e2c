package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
)

var _ dispatch.DeadLetters = (*Broker)(nil)

// List implements dispatch.DeadLetters, oldest first.
func (b *Broker) List(ctx context.Context, f dispatch.LetterFilter) ([]dispatch.Letter, error) {
	subject, err := b.letters(f)
	if err != nil {
		return nil, err
	}
	s, err := b.deadStream(ctx)
	if err != nil {
		return nil, err
	}
	out := []dispatch.Letter{}
	for next := f.After + 1; len(out) < f.Limit; {
		m, err := b.letterAt(ctx, s, next, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return out, nil
		}
		if err != nil {
			return nil, unavailable(err)
		}
		out = append(out, letter(m))
		next = m.Sequence + 1
	}
	return out, nil
}

// Replay implements dispatch.DeadLetters: the event becomes due at once for the
// function that gave it up, and for no other; then the letter is deleted.
func (b *Broker) Replay(ctx context.Context, id uint64) error {
	s, err := b.deadStream(ctx)
	if err != nil {
		return err
	}
	raw, err := b.letterAt(ctx, s, id)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return dcoder.NotFound("dead letter", strconv.FormatUint(id, 10))
	}
	if err != nil {
		return unavailable(err)
	}
	l := letter(raw)
	if err := errors.Join(checkFunction(l.Function), checkTenant(l.Tenant), checkType(l.Type)); err != nil {
		return &dcoder.Error{Status: 422, Code: "not_an_event", Message: "the dead letter names no function, tenant or type to send it to", Cause: err}
	}
	m := &nats.Msg{Subject: b.cfg.branch("retry", l.Function, l.Tenant, l.Type), Header: carry(raw.Header), Data: raw.Data}
	m.Header.Set(headerFailures, "0")
	m.Header.Set(nats.MsgIdHdr, fmt.Sprintf("replay|%d|%d", id, raw.Time.UnixNano()))
	if err := b.publish(ctx, m); err != nil {
		return err
	}
	return b.deleteLetter(ctx, s, id)
}

func (b *Broker) letters(f dispatch.LetterFilter) (string, error) {
	function, tenant := "*", "*"
	if f.Function != "" {
		if err := checkFunction(f.Function); err != nil {
			return "", err
		}
		function = f.Function
	}
	if f.Tenant != "" {
		if !isToken(f.Tenant) {
			return "", dcoder.Invalid("tenant", "a tenant id has 1 to 64 characters of a-z, 0-9 and _")
		}
		tenant = f.Tenant
	}
	return b.cfg.branch("dead", function, tenant, ">"), nil
}

func (b *Broker) deadStream(ctx context.Context) (jetstream.Stream, error) {
	_, js, err := b.connect()
	if err != nil {
		return nil, unavailable(err)
	}
	if err := b.ensureOnce(ctx); err != nil {
		return nil, unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	s, err := js.Stream(ctx, b.cfg.stream(kindDead))
	if err != nil {
		return nil, unavailable(err)
	}
	return s, nil
}

func (b *Broker) letterAt(ctx context.Context, s jetstream.Stream, seq uint64, opts ...jetstream.GetMsgOpt) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	return s.GetMsg(ctx, seq, opts...)
}

func (b *Broker) deleteLetter(ctx context.Context, s jetstream.Stream, seq uint64) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	err := s.DeleteMsg(ctx, seq)
	if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	return unavailable(fmt.Errorf("delete dead letter %d: %w", seq, err))
}

// letter reads a dead letter; of one whose event cannot be decoded it keeps what
// the subject says.
func letter(m *jetstream.RawStreamMsg) dispatch.Letter {
	l := dispatch.Letter{ID: m.Sequence, Code: m.Header.Get(headerCode), Died: headerTime(m.Header, headerDied)}
	place := strings.SplitN(m.Subject, ".", 4) // prefix-dead . function . tenant . type
	if len(place) == 4 {
		l.Function, l.Tenant, l.Type = place[1], place[2], place[3]
	}
	l.Status, _ = strconv.Atoi(m.Header.Get(headerStatus))
	l.Failures, _ = strconv.Atoi(m.Header.Get(headerFailures))
	if l.Died.IsZero() {
		l.Died = m.Time.Truncate(time.Millisecond)
	}
	if e, err := decode(m.Header, m.Data); err == nil {
		l.EventID, l.Source, l.Time = e.ID, e.Source, e.Time
	}
	return l
}
