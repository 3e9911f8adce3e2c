package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/llm"
)

// What a settlement is, for the script.
const (
	flagSweep   = 1  // by the sweeper: only when expired, and leave a tombstone
	flagFree    = 2  // held nothing: write the row only
	flagRelease = 4  // give back, write no row
	flagLost    = 8  // the reservation is missing though it was never settled
	flagUnsure  = 16 // the reservation is missing and may have been settled unheard: write the row only
)

// buriedFor is how long a swept call can still be corrected by its owner.
const buriedFor = time.Hour

// ending is a settlement on its way.
type ending struct {
	book  *book
	held  *held // nil when another process admitted the call
	set   *limitSet
	s     *llm.Settlement
	holds llm.Amounts // what was reserved, where it is as it was admitted
	flags byte
	plain bool  // the reservation is as it was admitted
	tried bool  // an earlier try may have been heard
	epoch int64 // under which the reservation was made
	at    int64 // when the call was admitted, us
	id    string
	row   []byte
	freed chan struct{} // of a release: closed when it is done
}

// Settle implements llm.Ledger. Rows go to Redis with the tenant's next admission
// or within Config.Linger; Settlement.Done is called when the outbox holds the
// row, when the settlement was a repeat, or when Config.OnUndeliverable took the
// record.
func (l *Ledger) Settle(s *llm.Settlement) {
	b := l.book(s.Admission.Tenant)
	set, err := b.set(s.Admission.Limits, s.Admission.TimeZone)
	if err != nil {
		set = &limitSet{}
	}
	e := &ending{
		book: b, set: set, s: s, id: s.Admission.ID, holds: s.Admission.Amounts,
		epoch: int64(epochNumber(s.Verdict.Epoch)), at: s.Verdict.Time.UnixMicro(),
	}
	switch {
	case s.Release:
		e.flags, e.freed = flagRelease, make(chan struct{})
	case !s.Verdict.Admitted:
		e.flags = flagFree
	}
	l.unhold(b, e)
	if !s.Release {
		e.encode()
	}
	l.settler.add(e)
}

// unhold ends the running call of this process.
func (l *Ledger) unhold(b *book, e *ending) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.freed != nil {
		b.releasing[e.id] = e.freed
	}
	if e.flags == flagFree {
		return
	}
	h := b.held[e.id]
	if h == nil {
		return
	}
	delete(b.held, e.id)
	l.running.Add(-1)
	e.held, e.plain, e.epoch = h, !h.irregular, int64(h.epoch)
	e.set, e.holds = h.set, h.admission.Amounts
}

func (e *ending) encode() {
	if e.held == nil {
		e.row = appendRecord(make([]byte, 0, 768), &e.s.Record)
		return
	}
	e.held.row = appendRecord(e.held.row[:0], &e.s.Record)
	e.row = e.held.row
}

func (e *ending) used() llm.Amounts {
	if e.s.Release {
		return llm.Amounts{}
	}
	return e.s.Used
}

// finish says that the row is safe.
func (e *ending) finish() {
	if e.s.Done != nil {
		e.s.Done()
	}
	e.release()
}

// release frees what the ending held.
func (e *ending) release() {
	if e.freed != nil {
		e.book.mu.Lock()
		if e.book.releasing[e.id] == e.freed {
			delete(e.book.releasing, e.id)
		}
		e.book.mu.Unlock()
		close(e.freed)
	}
	if e.held != nil {
		e.held.free()
		e.held = nil
	}
}

// undeliverable gives a row up to whoever keeps it otherwise.
func (l *Ledger) undeliverable(e *ending) {
	defer e.release()
	if e.s.Release {
		return
	}
	err := errNowhere
	if l.cfg.OnUndeliverable != nil {
		err = l.cfg.OnUndeliverable(e.s.Record)
	}
	if err == nil {
		if e.s.Done != nil {
			e.s.Done()
		}
		return
	}
	r := &e.s.Record
	l.cfg.Log.Error("a usage record could be delivered nowhere", "tenant", r.Tenant, "id", r.ID,
		"tokens", r.Tokens.Input+r.Tokens.Output, "cost", r.Cost, "error", err)
}

var errNowhere = errors.New("no other place is configured")

// settling is one script call: endings of one tenant.
type settling struct {
	book    *book
	endings []*ending
	plain   bool
	tally   tally
	json    raw
}

// split puts the endings of a tenant together, apart those whose reservation
// only Redis knows.
func split(groups []*settling, b *book, endings []*ending) []*settling {
	var open [2]*settling
	for _, e := range endings {
		kind := 0
		if e.plain || e.flags == flagFree {
			kind = 1
		}
		g := open[kind]
		if g == nil || len(g.endings) == mostCalls {
			g = &settling{book: b, plain: kind == 1}
			open[kind] = g
			groups = append(groups, g)
		}
		g.endings = append(g.endings, e)
	}
	return groups
}

// call builds the script call: what holds a reservation first, then mere rows.
func (g *settling) call(ctx context.Context, l *Ledger) call {
	holders := g.holdersFirst()
	first, last := int64(math.MaxInt64), int64(0)
	var items raw
	for i, e := range g.endings {
		var places []uint16
		if i < holders {
			places = g.tally.end(e)
			first, last = min(first, e.at), max(last, e.at)
		}
		items = e.append(items, places)
	}
	g.json = appendRows(make(raw, 0, 2+768*len(g.endings)), g.endings)
	start := g.appendHead(nil, holders, first, last, l.cfg.Recovery)
	fields := raw(g.tally.appendEndings(nil))
	b := g.book
	args := make([]any, 0, 11+len(g.tally.fields)+len(g.endings))
	args = append(args, evalsha, l.scripts.settle.sha, 4, b.boxes[0], b.boxes[1], b.boxes[2], b.boxes[4], &start, &fields, &items, &g.json)
	args = g.tally.appendNames(args)
	for _, e := range g.endings {
		args = append(args, &e.id)
	}
	return call{script: l.scripts.settle, cmd: goredis.NewCmd(ctx, args...)}
}

func (g *settling) holdersFirst() (holders int) {
	ordered := make([]*ending, 0, len(g.endings))
	for _, free := range [...]bool{false, true} {
		for _, e := range g.endings {
			if (e.flags == flagFree) == free {
				ordered = append(ordered, e)
			}
		}
		if !free {
			holders = len(ordered)
		}
	}
	g.endings = ordered
	return holders
}

func (g *settling) appendHead(b raw, holders int, first, last int64, window time.Duration) raw {
	b = binary.LittleEndian.AppendUint16(b, uint16(len(g.tally.fields)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(g.endings)))
	b = binary.LittleEndian.AppendUint16(b, uint16(holders))
	plain := byte(0)
	if g.plain && holders > 0 {
		plain = 1
	}
	b = append(b, plain)
	b = appendNumber(b, first)
	b = appendNumber(b, last)
	b = appendNumber(b, window.Microseconds())
	return appendNumber(b, buriedFor.Milliseconds())
}

// append packs an ending for the script.
func (e *ending) append(b raw, places []uint16) raw {
	b = append(b, e.flags)
	b = appendNumber(b, e.epoch)
	b = appendNumber(b, e.at)
	b = appendAmounts(b, e.used())
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.row)))
	b = append(b, byte(len(places)))
	for _, p := range places {
		b = binary.LittleEndian.AppendUint16(b, p)
	}
	return b
}

// appendRows appends the rows of endings as one JSON array.
func appendRows(b raw, endings []*ending) raw {
	b = append(b, '[')
	for _, e := range endings {
		if len(e.row) == 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, e.row...)
	}
	return append(b, ']')
}

// settled reads the script's answer: how many endings had an effect, which are
// done and which must be tried again.
func (g *settling) settled(l *Ledger, text string) (effects int, done, failed []*ending) {
	var entry string
	json := []byte(g.json)
	switch {
	case text != "" && text[0] == 'A':
		entry, done, effects = text[1:], g.endings, len(g.endings)
	case len(text) >= 2 && len(text) >= 2+int(text[1])+len(g.endings):
		n := 2 + int(text[1])
		codes := text[n : n+len(g.endings)]
		entry, json = text[2:n], []byte(text[n+len(g.endings):])
		effects, done, failed = g.missed(codes)
	default:
		l.cfg.Log.Error("the ledger's answer to a settlement is broken", "bytes", len(text))
		return 0, nil, g.endings
	}
	if entry != "" && l.cfg.OnWritten != nil {
		l.cfg.OnWritten(g.book.tenant, entry, json)
	}
	return effects, done, failed
}

// missed sorts out calls of this process whose reservation Redis has lost
// without losing its epoch (a crash between two writes of its log). They were
// never settled, so they are settled as after a loss; where an earlier try may
// have been heard only the row is written, since a row can come twice.
func (g *settling) missed(codes string) (effects int, done, failed []*ending) {
	for i, e := range g.endings {
		if codes[i] != 0 {
			effects++
		}
		if codes[i] != 0 || e.held == nil || e.flags != 0 {
			done = append(done, e)
			continue
		}
		e.flags, e.plain = flagLost, false
		if e.tried {
			e.flags = flagUnsure
		}
		failed = append(failed, e)
	}
	return effects, done, failed
}

// Drain implements llm.Ledger.
func (l *Ledger) Drain(ctx context.Context) error {
	for {
		done := l.settler.drained()
		if done == nil {
			return nil
		}
		select {
		case <-done:
		case <-ctx.Done():
			return fmt.Errorf("drain the ledger: %w", ctx.Err())
		}
	}
}
