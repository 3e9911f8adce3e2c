package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	kindEvents = "EVENTS"
	kindRetry  = "RETRY"
	kindDead   = "DEAD"
)

// Ensure makes the three streams stand as configured. It is idempotent; several
// processes may do it at once.
func (b *Broker) Ensure(ctx context.Context) error {
	_, js, err := b.connect()
	if err != nil {
		return err
	}
	for _, cfg := range b.streams() {
		if err := b.ensureStream(ctx, js, cfg); err != nil {
			return fmt.Errorf("ensure stream %s: %w", cfg.Name, err)
		}
	}
	b.mu.Lock()
	b.ensured = true
	b.mu.Unlock()
	return nil
}

// ensureStream creates a stream where it is missing. One that stands is left as
// it is: its limits belong to the operator from then on.
func (b *Broker) ensureStream(ctx context.Context, js jetstream.JetStream, cfg jetstream.StreamConfig) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	_, err := js.Stream(ctx, cfg.Name)
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	_, err = js.CreateStream(ctx, cfg)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil // another process was faster
	}
	return err
}

func (b *Broker) streams() []jetstream.StreamConfig {
	c := b.cfg
	base := jetstream.StreamConfig{
		Retention: jetstream.LimitsPolicy,
		// New messages are refused rather than old ones dropped: what is refused
		// still stands in an outbox, what is dropped stands nowhere.
		Discard:     jetstream.DiscardNew,
		Storage:     jetstream.FileStorage,
		Duplicates:  c.Duplicates,
		AllowDirect: true,
	}
	if c.Memory {
		base.Storage = jetstream.MemoryStorage
	}
	events, retry, dead := base, base, base
	events.Name, events.Subjects = c.stream(kindEvents), []string{c.Prefix + ".*.>"}
	events.MaxBytes, events.MaxAge = c.EventBytes, 7*24*time.Hour
	retry.Name, retry.Subjects = c.stream(kindRetry), []string{c.Prefix + "-retry.*.*.>"}
	retry.MaxBytes = c.OtherBytes // no age: a retry ends by its outcome
	dead.Name, dead.Subjects = c.stream(kindDead), []string{c.Prefix + "-dead.*.*.>"}
	dead.MaxBytes, dead.MaxAge = c.OtherBytes, 90*24*time.Hour
	return []jetstream.StreamConfig{events, retry, dead}
}

// ensureOnce ensures the streams before a process' first publication.
func (b *Broker) ensureOnce(ctx context.Context) error {
	b.mu.Lock()
	done := b.ensured
	b.mu.Unlock()
	if done {
		return nil
	}
	return b.Ensure(ctx)
}

// Trim makes room in the event stream once it is more than half full, by
// dropping what every consumer has acknowledged. Nothing unread is dropped.
func (b *Broker) Trim(ctx context.Context) error {
	_, js, err := b.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 6*b.cfg.Timeout)
	defer cancel()
	s, err := js.Stream(ctx, b.cfg.stream(kindEvents))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil // nobody has published yet
	}
	if err != nil {
		return fmt.Errorf("look up the event stream: %w", err)
	}
	info := s.CachedInfo()
	if info.Config.MaxBytes <= 0 || int64(info.State.Bytes)*2 < info.Config.MaxBytes {
		return nil
	}
	floor, err := readByAll(ctx, s, info.State.LastSeq)
	if err != nil || floor < info.State.FirstSeq {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSequence(floor+1))
}

// Delivered reports whether everything that was published before the call has been
// taken in: no consumer has work left, nothing waits for a retry, and there are no
// dead letters.
func (b *Broker) Delivered(ctx context.Context) (bool, error) {
	_, js, err := b.connect()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, 6*b.cfg.Timeout)
	defer cancel()
	for _, kind := range [...]string{kindRetry, kindDead, kindEvents} {
		s, err := js.Stream(ctx, b.cfg.stream(kind))
		if err != nil {
			return false, fmt.Errorf("look up the stream %s: %w", kind, err)
		}
		state := s.CachedInfo().State
		if kind != kindEvents && state.Msgs > 0 {
			return false, nil
		}
		if kind == kindEvents {
			floor, err := readByAll(ctx, s, state.LastSeq)
			return err == nil && floor == state.LastSeq, err
		}
	}
	return true, nil
}

// readByAll returns the highest sequence up to which no consumer has work left;
// 0 when the stream has no consumer. last was read before the consumers were,
// so one with nothing pending has passed it.
func readByAll(ctx context.Context, s jetstream.Stream, last uint64) (uint64, error) {
	floor, seen := last, false
	consumers := s.ListConsumers(ctx)
	for c := range consumers.Info() {
		seen = true
		if c.NumPending > 0 || c.NumAckPending > 0 {
			floor = min(floor, c.AckFloor.Stream)
		}
	}
	if err := consumers.Err(); err != nil {
		return 0, fmt.Errorf("list the consumers: %w", err)
	}
	if !seen {
		return 0, nil
	}
	return floor, nil
}
