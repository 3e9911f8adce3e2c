package redis

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// The packed forms that scripts and this package share. All numbers are little
// endian; d is a float64 that holds an integer of at most 53 bits, since that is
// what Lua counts in.
//
//	counter      dddd  start of its slot (s), settled, reserved, before; a slot is a minute of the Unix clock
//	             or a calendar period, or 1 where the counter never begins anew. A start below zero: the counter misses what was before, and the time of
//	             who is seeding it stands under name?. before is what the minute before holds in all
//	before       ddd   under name<, the calendar period before: start, settled, reserved
//	epoch        dd       id (us of its beginning), when admissions begin (us)
//	reservation  c1 ddddddddd H  kind, admitted (us), requests, tokens, money, the latest minute (s) that took
//	             tokens and how many, the minute before and how many, last extension, length of the heartbeat;
//	             then the heartbeat, then H names of the counters, then the intent
//	             kind: R as admitted, X extended; under "~"+id: T swept, D swept and corrected
//	heartbeat    ddddddddd  tokens by kind in the order of dcoder.Tokens, cost
//	intent       a dcoder.UsageRecord in JSON
const (
	counterSize     = 4 * 8
	reservationHead = 1 + 9*8
	maxAmount       = 1 << 53 // beyond it a float64 skips integers
)

func appendNumber(b []byte, n int64) []byte { return appendFloat(b, float64(n)) }

func appendFloat(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}

func floatBits(n int64) uint64 { return math.Float64bits(float64(n)) }

func floatAt(s string, at int) float64 {
	var n uint64
	for i := 7; i >= 0; i-- {
		n = n<<8 | uint64(s[at+i])
	}
	return math.Float64frombits(n)
}

func numberAt(s string, at int) int64 { return int64(floatAt(s, at)) }

func clamp(n int64) int64 { return max(0, min(n, maxAmount)) }

// reservation is what Redis holds of a running call.
type reservation struct {
	at             int64 // us
	amounts        llm.Amounts
	minute, tokens int64 // the latest minute that took tokens, s, and how many it took
	minuteBefore   int64
	tokensBefore   int64
	last           int64 // extension
}

func appendReservation(b []byte, r reservation, beat []byte, set *limitSet, intent *dcoder.UsageRecord) []byte {
	b = append(b, 'R')
	for _, n := range [...]int64{
		r.at, r.amounts.Requests, r.amounts.Tokens, r.amounts.Money,
		r.minute, r.tokens, r.minuteBefore, r.tokensBefore, r.last,
	} {
		b = appendNumber(b, n)
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(beat)))
	b = append(b, beat...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(set.packed)))
	b = append(b, set.packed...)
	if intent == nil {
		return b
	}
	return appendRecord(b, intent)
}

// plainReservation is a reservation as it is admitted.
func plainReservation(at time.Time, a llm.Amounts) reservation {
	return reservation{
		at:      at.UnixMicro(),
		amounts: llm.Amounts{Requests: clamp(a.Requests), Tokens: clamp(a.Tokens), Money: clamp(a.Money)},
		minute:  at.Unix() / 60 * 60, tokens: clamp(a.Tokens),
	}
}

func appendBeat(b []byte, t dcoder.Tokens, cost dcoder.Micros) []byte {
	for _, n := range [...]int64{
		t.Input, t.Output, t.CachedInput, t.CacheWrite5m, t.CacheWrite1h,
		t.Reasoning, t.AudioInput, t.AudioOutput, cost,
	} {
		b = appendNumber(b, n)
	}
	return b
}

func readBeat(s string) (t dcoder.Tokens, cost dcoder.Micros) {
	if len(s) < 9*8 {
		return t, 0
	}
	for i, p := range [...]*int64{
		&t.Input, &t.Output, &t.CachedInput, &t.CacheWrite5m, &t.CacheWrite1h,
		&t.Reasoning, &t.AudioInput, &t.AudioOutput, &cost,
	} {
		*p = numberAt(s, i*8)
	}
	return t, cost
}

// counter is one field of the ledger as a script answered it.
type counter struct{ start, settled, reserved, before float64 }

func counterAt(s string, at int) counter {
	return counter{floatAt(s, at), floatAt(s, at+8), floatAt(s, at+16), floatAt(s, at+24)}
}

// used is what counts as settled at now: in a sliding minute the minute before
// counts by the part of it that the last sixty seconds still cover, rounded up.
func (c counter) used(w dcoder.Window, now time.Time) int64 {
	used := c.settled
	if w == dcoder.WindowMinute && c.before > 0 {
		gone := max(0, math.Floor((float64(now.UnixMicro())-c.start*1e6)/1000))
		used += math.Ceil(c.before * (60000 - gone) / 60000)
	}
	return int64(used)
}

// roomAt is when a sliding minute that holds this has room for asked, if nothing
// else comes.
func (c counter) roomAt(limit, asked int64) time.Time {
	now := c.settled + c.reserved
	start := time.Unix(int64(c.start), 0).UTC()
	free := float64(limit - asked)
	switch {
	case free < 0:
		return time.Time{} // never
	case now <= free && c.before > 0:
		return start.Add(shrinks(c.before, free-now))
	default:
		return start.Add(time.Minute + shrinks(now, free))
	}
}

// shrinks is how far into the next minute n weighs no more than free.
func shrinks(n, free float64) time.Duration {
	if n <= free {
		return 0
	}
	return time.Duration((1-free/n)*float64(time.Minute)).Truncate(time.Millisecond) + time.Millisecond
}
