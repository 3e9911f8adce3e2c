package redis

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm"
)

// raw is an argument that is boxed without an allocation.
type raw []byte

// MarshalBinary gives the client the bytes as they are.
func (r *raw) MarshalBinary() ([]byte, error) { return *r, nil }

// held is one call of this process: first a question, then, when it is
// admitted, a running call until it is settled.
type held struct {
	id        string
	admission llm.Admission // a copy: the caller may use its own again
	set       *limitSet
	blob      raw // the reservation
	row       []byte
	expiry    int64 // ms of Redis' clock
	expires   time.Duration
	key       string // virtual key id, "" without one

	// The question under way.
	answered   chan answer
	left       bool // nobody waits for the answer; guarded by Ledger.mu
	lastAnswer answer
	more       llm.Amounts
	claimed    bool // the flight is the call's; a second question does not change that
	beat       raw
	seq        int64

	// The running call; guarded by book.mu.
	epoch     float64
	irregular bool // extended or seen before: only Redis knows what it holds
}

// answer is the ledger's word on one question.
type answer struct {
	verdict llm.Verdict
	code    byte
	opens   time.Time // when admissions begin again
	err     error
}

// What a script says about a call.
const (
	codeRefused    = 0
	codeAdmitted   = 1
	codeCold       = 2
	codeRecovering = 3
	codeGone       = 4
	codeAgain      = 5 // was admitted before
	codeStale      = 'T'
)

var heldPool = sync.Pool{New: func() any { return &held{answered: make(chan answer, 1)} }}

func newHeld(a *llm.Admission, set *limitSet, now time.Time) *held {
	h := heldPool.Get().(*held)
	h.id, h.admission, h.set = a.ID, *a, set
	h.expires = a.Expires
	if h.expires <= 0 {
		h.expires = time.Minute
	}
	h.key, h.left = a.Key, false
	h.more, h.beat, h.seq, h.claimed = llm.Amounts{}, h.beat[:0], 0, false
	h.epoch, h.irregular = 0, false
	h.blob = appendReservation(h.blob[:0], plainReservation(now, a.Amounts), nil, set, a.Intent)
	return h
}

// free gives h back for the next call. Nobody else may know it any more.
func (h *held) free() {
	h.admission, h.set = llm.Admission{}, nil
	heldPool.Put(h)
}

// date writes the time of the flush into the reservation.
func (h *held) date(now time.Time, minute int64) {
	putNumber(h.blob[1:], now.UnixMicro())
	putNumber(h.blob[33:], minute)
	h.expiry = now.Add(h.expires).UnixMilli()
}

func putNumber(b []byte, n int64) {
	binary.LittleEndian.PutUint64(b, floatBits(n))
}

// grown keeps the copy of a running call's reservation like the one in Redis,
// in case Redis loses it.
func (b *book) grown(id string, ext *held, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.held[id]
	if h == nil {
		return
	}
	r, _, _, intent, err := readReservation("R" + string(h.blob[1:]))
	if err != nil {
		return
	}
	r.extend(ext.more, at, ext.seq)
	h.blob = appendReservation(h.blob[:0], r, ext.beat, h.set, nil)
	h.blob = append(h.blob, intent...)
	if h.irregular {
		h.blob[0] = 'X'
	}
}

// extend adds to a reservation as the script does.
func (r *reservation) extend(more llm.Amounts, at time.Time, seq int64) {
	if more == (llm.Amounts{}) || seq <= r.last {
		return
	}
	r.amounts.Requests += clamp(more.Requests)
	r.amounts.Tokens += clamp(more.Tokens)
	r.amounts.Money += clamp(more.Money)
	r.last = seq
	if minute := at.Unix() / 60 * 60; minute != r.minute {
		r.minuteBefore, r.tokensBefore = r.minute, r.tokens
		r.minute, r.tokens = minute, 0
	}
	r.tokens += clamp(more.Tokens)
}
