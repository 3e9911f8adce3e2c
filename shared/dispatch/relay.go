package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Relay moves usage records from the outbox to the broker: one usage.recorded
// event for each entry, whose id is made from the entry's, so that the broker
// drops repeats. An entry is deleted after the broker holds its event.
type Relay struct {
	Outbox    Outbox
	Publisher dcoder.Publisher
	MinAge    time.Duration // younger entries are left to the process that settled them; default 2 s
	Every     time.Duration // pause between rounds; default 1 s
	MostEvent int           // bytes of records in one event; default 512 KiB
}

const (
	relayPage    = 64               // entries of one publication
	relayPages   = 64               // pages of one tenant in one round, so that no tenant stalls others
	relayTenants = 8                // tenants at once
	relayLease   = 30 * time.Second //
	relayRound   = 5 * time.Minute  // longest round
	maxEvent     = 512 << 10        // Relay.MostEvent by default; NATS takes 1 MiB
)

// Job relays again and again; a round that fails is logged and tried again.
func (r *Relay) Job() Job {
	return Job{Name: "relay", Every: cmpOr(r.Every, time.Second), Limit: relayRound, Do: func(ctx context.Context) error {
		_, err := r.Once(ctx)
		return err
	}}
}

// Run relays until ctx ends.
func (r *Relay) Run(ctx context.Context) error {
	r.Job().Run(ctx)
	return nil
}

// Once visits every tenant that may have entries waiting and returns how many
// entries it moved.
func (r *Relay) Once(ctx context.Context) (int, error) {
	tenants, err := r.Outbox.Tenants(ctx)
	if err != nil {
		return 0, fmt.Errorf("list tenants of the outbox: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(relayTenants)
	moved := make([]int, len(tenants))
	for i, t := range tenants {
		g.Go(func() (err error) {
			moved[i], err = r.tenant(ctx, t)
			return err
		})
	}
	err = g.Wait()
	sum := 0
	for _, n := range moved {
		sum += n
	}
	return sum, err
}

// tenant moves what one tenant has waiting, unless another relay does. The
// first failure ends the whole round: the broker or the outbox is away.
func (r *Relay) tenant(ctx context.Context, tenant string) (int, error) {
	release, ok, err := r.Outbox.Lease(ctx, tenant, relayLease)
	if err != nil {
		return 0, fmt.Errorf("lease the outbox of %s: %w", tenant, err)
	}
	if !ok {
		return 0, nil
	}
	defer release()
	moved, end := 0, time.Now().Add(relayLease/2)
	for range relayPages {
		entries, err := r.Outbox.Pending(ctx, tenant, cmpOr(r.MinAge, 2*time.Second), relayPage)
		if err != nil {
			return moved, fmt.Errorf("read the outbox of %s: %w", tenant, err)
		}
		if err := r.Forward(ctx, tenant, entries...); err != nil {
			return moved, err
		}
		moved += len(entries)
		if len(entries) < relayPage || time.Now().After(end) {
			break
		}
	}
	return moved, nil
}

// Forward publishes entries and deletes them once the broker holds them. The
// process that wrote an entry may call it at once; doing it twice is harmless.
func (r *Relay) Forward(ctx context.Context, tenant string, entries ...OutboxEntry) error {
	return r.forwardAll(ctx, map[string][]OutboxEntry{tenant: entries}, asTheyAre)
}

func asTheyAre(entries []OutboxEntry, _ int) []OutboxEntry { return entries }

func (r *Relay) mostEvent() int { return cmpOr(r.MostEvent, maxEvent) }

// forwardAll publishes the entries of several tenants together, in the shape that
// events shall have, and deletes them.
func (r *Relay) forwardAll(ctx context.Context, entries map[string][]OutboxEntry, shape func([]OutboxEntry, int) []OutboxEntry) error {
	var events []dcoder.Envelope
	for tenant, list := range entries {
		for _, e := range shape(list, r.mostEvent()) {
			events = append(events, usageEvents(tenant, e, r.mostEvent())...)
		}
	}
	if len(events) == 0 {
		return nil
	}
	if err := r.publish(ctx, events); err != nil {
		return fmt.Errorf("publish %d usage events: %w", len(events), err)
	}
	return r.deleteAll(ctx, entries)
}

const deletesAtOnce = 8

func (r *Relay) deleteAll(ctx context.Context, entries map[string][]OutboxEntry) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(deletesAtOnce)
	for tenant, list := range entries {
		ids := make([]string, len(list))
		for i, e := range list {
			ids[i] = e.ID
		}
		g.Go(func() error {
			if err := r.Outbox.Delete(ctx, tenant, ids...); err != nil {
				return fmt.Errorf("delete from the outbox of %s: %w", tenant, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// publish hands events to the broker; when it refuses one for good, each goes
// alone, so that the refused one cannot hold up the others.
func (r *Relay) publish(ctx context.Context, events []dcoder.Envelope) error {
	err := r.Publisher.Publish(ctx, events...)
	var refused *dcoder.Error
	if err == nil || len(events) == 1 || !errors.As(err, &refused) || refused.Status >= 500 {
		return err
	}
	for _, e := range events {
		if err := r.Publisher.Publish(ctx, e); err != nil {
			slog.Error("usage event refused", "tenant", e.Tenant, "event", e.ID, "err", err)
			return err
		}
	}
	return nil
}

// usageEvents writes an entry as one event, or as several when it is too large
// for one; the parts and their ids depend on the entry alone.
func usageEvents(tenant string, e OutboxEntry, most int) []dcoder.Envelope {
	id := tenant + "-" + e.ID
	if len(e.Records) <= most && json.Valid(e.Records) {
		return []dcoder.Envelope{usageEvent(tenant, id, e.Records)}
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(e.Records, &rows); err != nil {
		// Not ours to read: as a string it passes the wire, fails to decode at the
		// function, and so ends as a dead letter that an operator can look at.
		slog.Error("undecodable entry in the usage outbox", "tenant", tenant, "entry", e.ID, "err", err)
		text, _ := json.Marshal(string(e.Records[:min(len(e.Records), most)]))
		return []dcoder.Envelope{usageEvent(tenant, id, text)}
	}
	var out []dcoder.Envelope
	for i, part := range split(rows, most) {
		raw, _ := json.Marshal(part)
		out = append(out, usageEvent(tenant, id+"."+strconv.Itoa(i), raw))
	}
	return out
}

func usageEvent(tenant, id string, records []byte) dcoder.Envelope {
	data := make([]byte, 0, len(records)+len(`{"records":}`))
	data = append(append(append(data, `{"records":`...), records...), '}')
	return dcoder.Envelope{
		ID: id, Source: "/chat", Type: dcoder.UsageRecorded{}.EventType(), Tenant: tenant,
		Platform: dcoder.DefaultPlatform, Time: time.Now().UTC(), Data: data,
	}
}

// split cuts rows into runs of at most size bytes, and at least one row each.
func split(rows []json.RawMessage, size int) [][]json.RawMessage {
	var out [][]json.RawMessage
	start, sum := 0, 0
	for i, row := range rows {
		if sum > 0 && sum+len(row) > size {
			out, start, sum = append(out, rows[start:i]), i, 0
		}
		sum += len(row) + 1
	}
	return append(out, rows[start:])
}
