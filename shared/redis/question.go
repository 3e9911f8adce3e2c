package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// group is one script call: calls of one tenant that are decided together, and
// settlements of that tenant that ride along and are written first.
type group struct {
	book    *book
	extend  bool
	calls   []*held
	riders  []*ending
	answers []answer
	kept    []kept // what is asked of the shelf for each call; empty: nothing for any

	// What is asked, in buffers that are used again.
	tally                           tally
	gens                            []string
	args                            []any
	head, packed, asks, moves, rows raw
}

func (g *group) reset() {
	clear(g.calls)
	clear(g.riders)
	clear(g.answers)
	clear(g.kept)
	clear(g.args)
	g.tally.reset()
	g.book, g.calls, g.riders, g.answers = nil, g.calls[:0], g.riders[:0], g.answers[:0]
	g.kept, g.args, g.gens = g.kept[:0], g.args[:0], g.gens[:0]
}

// activeEvery is how often a process says that a tenant is active.
const activeEvery = 30 * time.Second

// active lists the tenant among the active before its first admission, so that
// the sweeper and the relay find what a killed process leaves behind.
func (g *group) active(ctx context.Context, now time.Time, others []goredis.Cmder) []goredis.Cmder {
	if since := now.Sub(g.book.active); since >= 0 && since < activeEvery {
		return others
	}
	g.book.active = now
	return append(others, goredis.NewIntCmd(ctx, "zadd", activeKey, now.Unix(), g.book.tenant))
}

// call builds the script call.
func (g *group) call(ctx context.Context, l *Ledger, now time.Time) call {
	s, b := l.scripts.admit, g.book
	if g.extend {
		s = l.scripts.extend
	} else {
		g.riders = l.settler.board(b, b.calendar.minute, g.riders)
	}
	g.collect()
	h := head{len(g.tally.fields), len(g.gens), len(g.calls), len(g.riders)}
	g.head = appendHead(g.head[:0], h, &b.calendar, l.cfg.Recovery)
	g.args = append(g.args, evalsha, s.sha, 5, b.boxes[0], b.boxes[1], b.boxes[2], b.boxes[3], b.boxes[4],
		&g.head, &g.packed, &g.asks, &g.moves, &g.rows)
	g.args = g.tally.appendNames(g.args)
	for _, key := range g.gens {
		g.args = append(g.args, b.generation(key))
	}
	for _, e := range g.riders {
		g.args = append(g.args, &e.id)
	}
	g.appendCalls(now)
	return call{script: s, cmd: goredis.NewCmd(ctx, g.args...)}
}

func (g *group) appendCalls(now time.Time) {
	if g.extend {
		for _, h := range g.calls {
			g.args = append(g.args, &h.id)
		}
		for _, h := range g.calls {
			g.args = append(g.args, &h.beat)
		}
		return
	}
	for _, h := range g.calls {
		h.date(now, g.book.calendar.minute)
		g.args = append(g.args, &h.expiry, &h.id)
	}
	for _, h := range g.calls {
		g.args = append(g.args, &h.id, &h.blob)
	}
}

// collect unites the fields of all calls, sums what is asked of each, and packs
// both for the script.
func (g *group) collect() {
	g.asks = g.asks[:0]
	for _, h := range g.calls {
		places := g.tally.places(h.set)
		asked := h.admission.Amounts
		if g.extend {
			asked = h.more
			g.asks = appendNumber(g.asks, h.seq)
			g.asks = appendNumber(g.asks, h.expiry)
		}
		g.asks = appendAmounts(g.asks, asked)
		g.asks = append(g.asks, byte(len(places)))
		for i, p := range places {
			g.asks = binary.LittleEndian.AppendUint16(g.asks, p)
			g.tally.asked[p] += float64(amountOf(asked, h.set.fields[i].metric))
		}
		if h.key != "" && !slices.Contains(g.gens, h.key) {
			g.gens = append(g.gens, h.key)
		}
	}
	g.moves, g.rows = g.moves[:0], g.rows[:0]
	if len(g.riders) > 0 {
		for _, e := range g.riders {
			g.tally.end(e)
		}
		g.moves = g.tally.appendMoves(g.moves)
		g.rows = appendRows(g.rows, g.riders)
	}
	g.packed = g.tally.appendFields(g.packed[:0])
}

// fail answers every call with an error.
func (g *group) fail(err error) {
	for range g.calls {
		g.answers = append(g.answers, answer{err: err})
	}
}

// reply is a script's answer, unpacked as far as all calls share it.
type reply struct {
	text     string
	now      time.Time
	epoch    float64
	name     string
	opens    time.Time
	dirty    bool
	ride     byte // 0 nobody rode, 1 all riders are written, 2 none is
	entry    string
	gens     int // offsets
	counters int
	codes    int // 0: all admitted
}

const replyHead = 1 + 3*8 + 3

// unpack reads what all calls of a group share.
func (g *group) unpack(text string) (r reply, ok bool) {
	if len(text) < replyHead {
		return r, false
	}
	r = reply{text: text, dirty: text[25] != 0, ride: text[26], gens: replyHead + int(text[27])}
	r.counters = r.gens + 8*(1+len(g.gens))
	end := r.counters + counterSize*len(g.tally.fields)
	if text[0] == 'S' {
		r.codes = end
		end += codeSize * len(g.calls)
	}
	if len(text) != end {
		return r, false
	}
	r.entry = text[replyHead:r.gens]
	r.now = time.UnixMicro(numberAt(text, 1)).UTC()
	r.epoch = floatAt(text, 9)
	r.opens = time.UnixMicro(numberAt(text, 17))
	return r, true
}

// read hands the script's answer to the calls and the riders.
func (g *group) read(l *Ledger, cmd *goredis.Cmd) {
	text, err := textOf(cmd)
	if err != nil {
		l.broken(err)
		g.fail(unavailable(err, l.circuit.retryAfter()))
		l.settler.unboard(g.book, g.riders, true)
		return
	}
	l.circuit.worked()
	if len(text) == 9 && text[0] == codeStale {
		l.clock.set(time.UnixMicro(numberAt(text, 1)))
		for range g.calls {
			g.answers = append(g.answers, answer{code: codeStale})
		}
		l.settler.unboard(g.book, g.riders, false)
		return
	}
	r, ok := g.unpack(text)
	if !ok {
		g.fail(dcoder.Internal(fmt.Errorf("the ledger answered %d bytes", len(text))))
		l.settler.unboard(g.book, g.riders, true)
		return
	}
	r.name = g.book.epochName(r.epoch)
	l.clock.set(r.now)
	for i, h := range g.calls {
		g.answers = append(g.answers, g.answer(&r, i, h))
	}
	if !g.extend {
		l.hold(g, r.epoch)
	}
	g.arrive(l, &r)
}

// arrive ends the riders' journey.
func (g *group) arrive(l *Ledger, r *reply) {
	if len(g.riders) == 0 {
		return
	}
	if r.ride != 1 {
		l.settler.unboard(g.book, g.riders, false)
		return
	}
	if r.entry != "" && l.cfg.OnWritten != nil {
		l.cfg.OnWritten(g.book.tenant, r.entry, slices.Clone(g.rows))
	}
	l.settler.landed(g.riders)
}

// broken opens the circuit unless Redis itself answered.
func (l *Ledger) broken(err error) {
	var said goredis.Error
	if !errors.As(err, &said) || goredis.IsLoadingError(err) || goredis.IsMasterDownError(err) {
		l.circuit.failed()
	}
}

// codeSize is the size of one call's verdict: code, place of a field, used, reserved.
const codeSize = 1 + 2 + 8 + 8

func (g *group) answer(r *reply, i int, h *held) answer {
	a := answer{code: codeAdmitted, opens: r.opens}
	v := &a.verdict
	v.Time, v.Epoch, v.Dirty = r.now, r.name, r.dirty
	v.TenantGen = dcoder.Generation(numberAt(r.text, r.gens))
	if k := slices.Index(g.gens, h.key); k >= 0 {
		v.KeyGen = dcoder.Generation(numberAt(r.text, r.gens+8*(k+1)))
	}
	at := r.codes + codeSize*i
	if r.codes > 0 {
		a.code = r.text[at]
	}
	v.Admitted = a.code == codeAdmitted || a.code == codeAgain
	if a.code == codeRefused {
		v.Exceeded = g.exceeded(r, at, h)
	}
	if v.Admitted || a.code == codeRefused {
		g.rooms(r, h, v)
	}
	if len(g.kept) > 0 {
		g.kept[i].into(v, h)
	}
	return a
}

// exceeded names the limit that refused.
func (g *group) exceeded(r *reply, at int, h *held) *llm.Exceeded {
	place := uint16(r.text[at+1]) | uint16(r.text[at+2])<<8
	e := &llm.Exceeded{Used: numberAt(r.text, at+3), Reserved: numberAt(r.text, at+11)}
	asked := h.admission.Amounts
	if g.extend {
		asked = h.more
	}
	i := slices.Index(g.tally.places(h.set), place)
	if i < 0 {
		return e
	}
	f := &h.set.fields[i]
	if f.deny >= 0 {
		e.Limit = h.set.limits[f.deny]
	}
	e.Asked = amountOf(asked, f.metric)
	e.Reset = g.book.calendar.ends[f.window].UTC()
	switch {
	case !f.ends.IsZero():
		e.Reset = f.ends
	case f.window == lasting:
		e.Reset = r.now.Add(time.Second)
	case windows[f.window] == dcoder.WindowMinute:
		e.Reset = counterAt(r.text, r.counters+counterSize*int(place)).roomAt(e.Limit.Max, e.Asked)
	}
	return e
}

// rooms fills in what is left of each limit, and which ones were passed.
func (g *group) rooms(r *reply, h *held, v *llm.Verdict) {
	if h.set.rooms > 0 {
		v.Room = make([]llm.Room, 0, h.set.rooms)
	}
	places := g.tally.places(h.set)
	for i := range h.set.limits {
		limit := &h.set.limits[i]
		at := h.set.of[i]
		if at < 0 || h.set.fields[at].share != "" {
			continue // the platform's: its room is not the tenant's to know
		}
		f := &h.set.fields[at]
		c := counterAt(r.text, r.counters+counterSize*int(places[at]))
		used := c.used(limit.Window, r.now) + int64(c.reserved)
		if limit.Action == dcoder.ActionAlert && used > limit.Max && v.Admitted {
			v.Passed = append(v.Passed, *limit)
		}
		if limit.Metric != dcoder.MetricMoney {
			v.Room = append(v.Room, llm.Room{
				Limit: *limit, Remaining: max(0, limit.Max-used), Reset: g.book.calendar.ends[f.window].UTC(),
			})
		}
	}
}
