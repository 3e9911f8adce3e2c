package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// keepEvery is how often a process with running calls looks whether Redis still
// knows them.
const keepEvery = 500 * time.Millisecond

// keep starts the keeper: while this process has running calls it compares the
// epochs of their tenants, and registers the calls again under a new one.
func (l *Ledger) keep() {
	if l.keeping.CompareAndSwap(false, true) {
		go l.keeper()
	}
}

func (l *Ledger) keeper() {
	t := time.NewTicker(keepEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-l.closed:
			l.keeping.Store(false)
			return
		}
		if l.running.Load() > 0 {
			l.check(context.Background())
			continue
		}
		l.keeping.Store(false)
		if l.running.Load() == 0 || !l.keeping.CompareAndSwap(false, true) {
			return
		}
	}
}

// check asks for the epochs of all tenants with running calls in one flush.
func (l *Ledger) check(ctx context.Context) {
	books := l.busy()
	if len(books) == 0 || !l.circuit.allow() {
		return
	}
	p := l.client.Pipeline()
	cmds := make([]*goredis.StringCmd, len(books))
	for i, b := range books {
		cmds[i] = p.HGet(ctx, b.ledger, "e")
	}
	_, _ = p.Exec(ctx)
	for i, b := range books {
		text, err := cmds[i].Result()
		if err != nil && !errors.Is(err, goredis.Nil) {
			l.broken(err)
			return
		}
		l.circuit.worked()
		epoch := 0.0
		if len(text) >= 16 {
			epoch = floatAt(text, 0)
		}
		if lost := b.under(epoch); len(lost) > 0 {
			l.rejoin(ctx, b, lost)
		}
	}
}

func (l *Ledger) busy() []*book {
	l.mu.Lock()
	all := make([]*book, 0, len(l.books))
	for _, b := range l.books {
		all = append(all, b)
	}
	l.mu.Unlock()
	busy := all[:0]
	for _, b := range all {
		b.mu.Lock()
		if len(b.held) > 0 {
			busy = append(busy, b)
		}
		b.mu.Unlock()
	}
	return busy
}

// mourner is a running call as it must be registered again.
type mourner struct {
	id     string
	set    *limitSet
	zone   string
	blob   raw
	expiry int64
}

// under returns copies of the calls that were not registered under the epoch.
func (b *book) under(epoch float64) []mourner {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lost []mourner
	for id, h := range b.held {
		if h.epoch != epoch {
			blob := append(raw(nil), h.blob...)
			lost = append(lost, mourner{id, h.set, h.admission.TimeZone, blob, time.Now().Add(h.expires).UnixMilli()})
		}
	}
	return lost
}

// rejoin registers running calls again. Whatever fails is found again by the
// next look.
func (l *Ledger) rejoin(ctx context.Context, b *book, lost []mourner) {
	for len(lost) > 0 {
		n := 0
		for n < len(lost) && n < mostCalls && lost[n].zone == lost[0].zone {
			n++
		}
		l.rejoinSome(ctx, b, lost[:n])
		lost = lost[n:]
	}
}

func (l *Ledger) rejoinSome(ctx context.Context, b *book, calls []mourner) {
	for range 3 {
		var c calendar
		if c.at(l.clock.now(), calls[0].zone) != nil {
			return
		}
		text, err := l.rejoinOnce(ctx, b, calls, &c)
		if err != nil || len(text) < 9 {
			return
		}
		l.clock.set(time.UnixMicro(numberAt(text, 1)))
		if text[0] != codeStale {
			b.rejoined(calls, floatAt(text, 9))
			return
		}
	}
}

func (l *Ledger) rejoinOnce(ctx context.Context, b *book, calls []mourner, c *calendar) (string, error) {
	var t tally
	var items raw
	for i := range calls {
		places := t.places(calls[i].set)
		items = appendNumber(items, calls[i].expiry)
		items = append(items, byte(len(places)))
		for _, p := range places {
			items = binary.LittleEndian.AppendUint16(items, p)
		}
	}
	fields := raw(t.appendFields(nil))
	first := raw(appendHead(nil, head{counters: len(t.fields), calls: len(calls)}, c, l.cfg.Recovery))
	args := []any{&first, &fields, &items}
	for _, f := range t.fields {
		args = append(args, f.boxed)
	}
	for i := range calls {
		args = append(args, &calls[i].id)
	}
	for i := range calls {
		args = append(args, &calls[i].blob)
	}
	return textOf(l.scripts.rejoin.run(ctx, l.client, []string{b.ledger, b.reservations, b.expiries}, args...))
}

func (b *book) rejoined(calls []mourner, epoch float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range calls {
		if h := b.held[calls[i].id]; h != nil {
			h.epoch, h.irregular = epoch, true
		}
	}
}
