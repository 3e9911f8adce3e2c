package redis

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Status of a lost call's row: the client's connection ended with the process,
// and nobody knows what it had received by then.
const statusLost = 499

// idleAfter is how long a tenant stays listed as active after its last call.
const idleAfter = time.Hour

const mostSwept = 100 // reservations of a tenant in one go

// Sweep writes the rows of calls whose process died: intent and last heartbeat
// of every reservation that has expired, as lost and estimated. Any process may
// sweep at any time; each reservation is swept once. It returns how many rows it
// wrote; a tenant that fails does not keep the others from being swept.
func (l *Ledger) Sweep(ctx context.Context) (int, error) {
	now, err := l.scripts.now(ctx, l.client, activeKey)
	if err != nil {
		return 0, unavailable(err, time.Second)
	}
	active, err := l.client.ZRangeWithScores(ctx, activeKey, 0, -1).Result()
	if err != nil {
		return 0, unavailable(err, time.Second)
	}
	swept := 0
	var failed []error
	for some := range slices.Chunk(active, mostLooks) {
		tenants, err := l.due(ctx, now, some)
		failed = append(failed, err)
		for _, t := range tenants {
			n, err := l.SweepTenant(ctx, t)
			swept += n
			if err != nil {
				failed = append(failed, fmt.Errorf("sweep %s: %w", t, err))
			}
		}
	}
	return swept, errors.Join(failed...)
}

const mostLooks = 256 // tenants that are looked at in one flush

// due returns the tenants that have expired reservations or have been idle.
func (l *Ledger) due(ctx context.Context, now time.Time, active []goredis.Z) (tenants []string, err error) {
	p := l.client.Pipeline()
	oldest := make([]*goredis.StringSliceCmd, len(active))
	for i, z := range active {
		oldest[i] = p.ZRangeByScore(ctx, namesOf(z.Member.(string)).expiries, &goredis.ZRangeBy{
			Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: 1,
		})
	}
	if _, err := p.Exec(ctx); err != nil {
		return nil, fmt.Errorf("look for expired reservations: %w", err)
	}
	for i, z := range active {
		idle := now.Unix()-int64(z.Score) >= int64(idleAfter.Seconds())
		if idle || len(oldest[i].Val()) > 0 {
			tenants = append(tenants, z.Member.(string))
		}
	}
	return tenants, nil
}

// SweepTenant sweeps one tenant, and takes it off the list of active ones when
// nothing has been under way for an hour.
func (l *Ledger) SweepTenant(ctx context.Context, tenant string) (int, error) {
	b := l.book(tenant)
	swept := 0
	for {
		now, ids, err := l.expired(ctx, b)
		if err != nil {
			return swept, err
		}
		if len(ids) == 0 {
			return swept, l.retire(ctx, b, now)
		}
		n, err := l.bury(ctx, b, ids)
		swept += n
		if err != nil || n == 0 || len(ids) < mostSwept {
			return swept, err
		}
	}
}

// expired returns the ids whose time is over by Redis' clock.
func (l *Ledger) expired(ctx context.Context, b *book) (time.Time, []string, error) {
	now, err := l.scripts.now(ctx, l.client, b.ledger)
	if err != nil {
		return now, nil, err
	}
	ids, err := l.client.ZRangeByScore(ctx, b.expiries, &goredis.ZRangeBy{
		Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: mostSwept,
	}).Result()
	return now, ids, err
}

// bury turns expired reservations into rows and removes expired tombstones.
func (l *Ledger) bury(ctx context.Context, b *book, ids []string) (int, error) {
	var tombs []any
	var live []string
	for _, id := range ids {
		if id[0] == '~' {
			tombs = append(tombs, id)
		} else {
			live = append(live, id)
		}
	}
	g := &settling{book: b}
	texts, err := l.client.HMGet(ctx, b.reservations, append(live, "")...).Result()
	if err != nil {
		return 0, err
	}
	for i, id := range live {
		text, ok := texts[i].(string)
		if !ok { // listed without a reservation
			tombs = append(tombs, id)
			continue
		}
		e, err := lost(b, id, text)
		if err != nil {
			l.cfg.Log.Error("a reservation cannot be read; it stays", "tenant", b.tenant, "id", id, "error", err)
			continue
		}
		g.endings = append(g.endings, e)
	}
	if len(tombs) > 0 {
		if err := l.scripts.bury.run(ctx, l.client, []string{b.reservations, b.expiries}, tombs...).Err(); err != nil {
			return 0, err
		}
	}
	if len(g.endings) == 0 {
		return 0, nil
	}
	return l.sweepGroup(ctx, g)
}

func (l *Ledger) sweepGroup(ctx context.Context, g *settling) (int, error) {
	calls := []call{g.call(ctx, l)}
	execute(ctx, l.client, calls)
	text, err := textOf(calls[0].cmd)
	if err != nil {
		return 0, err
	}
	written, _, _ := g.settled(l, text)
	return written, nil
}

// lost makes the settlement of a call that nobody settles.
func lost(b *book, id, text string) (*ending, error) {
	r, beat, fields, intent, err := readReservation(text)
	if err != nil {
		return nil, err
	}
	row := dcoder.UsageRecord{V: 1, ID: id, Attempt: 1, Tenant: b.tenant}
	if intent != "" {
		if err := json.Unmarshal([]byte(intent), &row); err != nil {
			return nil, fmt.Errorf("read the intent: %w", err)
		}
	}
	row.Tokens, row.Cost = readBeat(beat)
	row.Time = time.UnixMicro(r.at).UTC()
	row.Revision, row.State, row.Estimated = 1, dcoder.UsageLost, true
	if row.Status == 0 {
		row.Status = statusLost
	}
	used := llm.Amounts{Requests: r.amounts.Requests, Tokens: row.Tokens.Input + row.Tokens.Output, Money: row.Cost}
	set := &limitSet{fields: fields}
	for i := range fields {
		set.places = append(set.places, uint16(i))
	}
	return &ending{
		book: b, set: set, id: id, holds: r.amounts, flags: flagSweep, row: appendRecord(nil, &row),
		s: &llm.Settlement{
			Admission: &llm.Admission{ID: id, Tenant: b.tenant, Amounts: r.amounts},
			Verdict:   llm.Verdict{Admitted: true, Time: row.Time}, Used: used, Record: row,
		},
	}, nil
}

var errShort = errors.New("a reservation that is too short")

// readReservation unpacks what appendReservation packed.
func readReservation(s string) (r reservation, beat string, fields []field, intent string, err error) {
	if len(s) < reservationHead+2 || s[0] != 'R' && s[0] != 'X' {
		return r, "", nil, "", errShort
	}
	for i, p := range [...]*int64{
		&r.at, &r.amounts.Requests, &r.amounts.Tokens, &r.amounts.Money,
		&r.minute, &r.tokens, &r.minuteBefore, &r.tokensBefore, &r.last,
	} {
		*p = numberAt(s, 1+8*i)
	}
	beat, rest, ok := sized(s[reservationHead:])
	packed, intent, ok2 := sized(rest)
	if !ok || !ok2 {
		return r, "", nil, "", errShort
	}
	fields, err = readFields(packed)
	return r, beat, fields, intent, err
}

// sized splits a text that begins with its length.
func sized(s string) (text, rest string, ok bool) {
	if len(s) < 2 {
		return "", "", false
	}
	n := int(binary.LittleEndian.Uint16([]byte(s[:2])))
	if len(s) < 2+n {
		return "", "", false
	}
	return s[2 : 2+n], s[2+n:], true
}

// retire takes a tenant off the list of active ones, unless it was listed again.
func (l *Ledger) retire(ctx context.Context, b *book, now time.Time) error {
	score, err := l.client.ZScore(ctx, activeKey, b.tenant).Result()
	if errors.Is(err, goredis.Nil) {
		return nil
	}
	if err != nil || now.Unix()-int64(score) < int64(idleAfter.Seconds()) {
		return err
	}
	p := l.client.Pipeline()
	open, waiting := p.ZCard(ctx, b.expiries), p.XLen(ctx, b.outbox)
	if _, err := p.Exec(ctx); err != nil {
		return err
	}
	if open.Val()+waiting.Val() > 0 {
		return nil
	}
	return l.scripts.retire.run(ctx, l.client, []string{activeKey}, b.tenant, strconv.FormatFloat(score, 'f', -1, 64)).Err()
}
