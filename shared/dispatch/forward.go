package dispatch

import (
	"bytes"
	"context"
	"log/slog"
	"strconv"
	"time"
)

// Forwarder relays what this process wrote to the outbox at once, without reading
// it back. It is a short cut and nothing more: what it drops, or what a killed
// process did not forward, the relay finds in the outbox.
type Forwarder struct {
	relay *Relay
	queue chan written
}

type written struct {
	tenant string
	entry  OutboxEntry
}

const (
	forwardQueue = 4096
	forwardMost  = 1024                    // entries of one publication
	forwardWait  = 50 * time.Millisecond   // for more entries, so that many rows share an event
	forwardPause = time.Second             // after a failure
	forwardLimit = 5 * time.Second         // longest publication
	forwardGrace = 1500 * time.Millisecond // for the last ones
)

// NewForwarder returns a forwarder; Run does its work.
func NewForwarder(r *Relay) *Forwarder {
	return &Forwarder{relay: r, queue: make(chan written, forwardQueue)}
}

// Written hears of an entry that this process wrote. It never blocks: with the
// queue full the entry is left to the relay.
func (f *Forwarder) Written(tenant, entry string, records []byte) {
	select {
	case f.queue <- written{tenant, OutboxEntry{ID: entry, Records: bytes.Clone(records)}}:
	default:
	}
}

// Run forwards until ctx ends, then what is queued. Entries that were written
// while a publication was under way share the next.
func (f *Forwarder) Run(ctx context.Context) error {
	for {
		select {
		case w := <-f.queue:
			sleep(ctx, forwardWait)
			if err := f.whole(ctx, w); err != nil && ctx.Err() == nil {
				slog.Debug("usage waits in the outbox", "err", err)
				sleep(ctx, forwardPause)
			}
		case <-ctx.Done():
			return f.last(context.WithoutCancel(ctx))
		}
	}
}

// last forwards what is still queued; what fails stays in the outbox.
func (f *Forwarder) last(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, forwardGrace)
	defer cancel()
	for {
		select {
		case w := <-f.queue:
			if f.forward(ctx, w) != nil {
				return nil
			}
		default:
			return nil
		}
	}
}

// whole forwards without being broken off by the end of ctx.
func (f *Forwarder) whole(ctx context.Context, first written) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forwardLimit)
	defer cancel()
	return f.forward(ctx, first)
}

func (f *Forwarder) forward(ctx context.Context, first written) error {
	entries := map[string][]OutboxEntry{first.tenant: {first.entry}}
	for n := 1; n < forwardMost; n++ {
		select {
		case w := <-f.queue:
			entries[w.tenant] = append(entries[w.tenant], w.entry)
			continue
		default:
		}
		break
	}
	return f.relay.forwardAll(ctx, entries, merged)
}

// merged joins entries of one tenant into few, each small enough for an event.
// It is known by its first entry and how many more it holds: should a crash let
// the relay find the entries again, rows that come twice change nothing.
func merged(entries []OutboxEntry, most int) []OutboxEntry {
	var out []OutboxEntry
	for len(entries) > 0 {
		n, size := 1, len(entries[0].Records)
		for n < len(entries) && isRows(entries[n-1].Records) && isRows(entries[n].Records) && size+len(entries[n].Records) <= most {
			size += len(entries[n].Records)
			n++
		}
		out = append(out, join(entries[:n], size))
		entries = entries[n:]
	}
	return out
}

// isRows reports whether raw is an array with something in it. This process
// wrote it a moment ago, so it is not read through.
func isRows(raw []byte) bool {
	return len(raw) > 2 && raw[0] == '[' && raw[len(raw)-1] == ']'
}

func join(entries []OutboxEntry, size int) OutboxEntry {
	if len(entries) == 1 {
		return entries[0]
	}
	rows := make([]byte, 0, size)
	for i, e := range entries {
		if i > 0 {
			rows[len(rows)-1] = ','
			rows = append(rows, e.Records[1:]...)
			continue
		}
		rows = append(rows, e.Records...)
	}
	return OutboxEntry{ID: entries[0].ID + "+" + strconv.Itoa(len(entries)-1), Records: rows}
}
