package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// found is one orphan and the four bytes that say, once changed, that it has
// been handed on.
type found struct {
	orphan llm.Orphan
	at     int64
	after  uint32
}

var (
	errForeign = errors.New("not a journal of this version and machine")
	errTorn    = errors.New("a slot or record is torn")
)

// readSlots yields the orphans of a slot file. What is torn is reported and
// passed over: an error does not end the reading.
func readSlots(r io.ReaderAt, size int64, yield func(found, error) bool) {
	if size < headerSize {
		return // its owner died before the first slot
	}
	head := make([]byte, 16)
	if _, err := r.ReadAt(head, 0); err != nil {
		yield(found{}, fmt.Errorf("read the header: %w", err))
		return
	}
	if string(head[:8]) != magic || order.Uint32(head[8:]) != version || order.Uint32(head[12:]) != slotSize {
		yield(found{}, errForeign)
		return
	}
	buf := make([]byte, slotSize)
	for at := int64(headerSize); at+slotSize <= size; at += slotSize {
		if _, err := r.ReadAt(buf, at); err != nil {
			yield(found{}, fmt.Errorf("read a slot: %w", err))
			return
		}
		if order.Uint32(buf[atState:]) == stateFree {
			continue
		}
		o, err := readSlot(buf)
		if !yield(found{orphan: o, at: at + atState, after: stateFree}, err) {
			return
		}
	}
}

// readSlot reads a slot that is not free.
func readSlot(b []byte) (llm.Orphan, error) {
	state := order.Uint32(b[atState:])
	body, ok := checked(b[atBody:], b[atOpening:])
	if !ok || state != stateRunning && state != stateEnded {
		return llm.Orphan{}, errTorn
	}
	var o opening
	if err := json.Unmarshal(body, &o); err != nil {
		return llm.Orphan{}, fmt.Errorf("%w: %w", errTorn, err)
	}
	c, received := readCounters(b)
	out := llm.Orphan{Admission: o.admission(), Verdict: o.verdict(), Record: o.lost(c, received)}
	if state == stateEnded {
		var row dcoder.UsageRecord
		end, ok := checked(b[atBody+len(body):], b[atEnding:])
		if ok && json.Unmarshal(end, &row) == nil {
			out.Record, out.Final = row, true
		}
	}
	return out, nil
}

// checked returns the bytes whose length and sum stand at head, if they fit.
func checked(b, head []byte) ([]byte, bool) {
	n := order.Uint32(head)
	if n == 0 || int64(n) > int64(len(b)) {
		return nil, false
	}
	return b[:n], sum(b[:n]) == order.Uint32(head[4:])
}

// readRecords yields the records that were not handed on yet. A frame without
// its whole body ends the reading: it was never acknowledged. One with a wrong
// sum is reported and passed over.
func readRecords(r io.ReaderAt, size int64, yield func(found, error) bool) {
	head := make([]byte, len(recordMagic))
	if size < int64(len(head)) {
		return
	}
	if _, err := r.ReadAt(head, 0); err != nil || string(head) != recordMagic {
		yield(found{}, errors.Join(errForeign, err))
		return
	}
	frame := make([]byte, frameHead)
	for at := int64(len(head)); at+frameHead <= size; {
		if _, err := r.ReadAt(frame, at); err != nil {
			yield(found{}, fmt.Errorf("read a frame: %w", err))
			return
		}
		n := int64(order.Uint32(frame))
		if n == 0 || n > mostFrame || at+frameHead+n > size {
			return
		}
		row, err := readRecord(r, at+frameHead, n, order.Uint32(frame[4:]))
		handedOn := order.Uint32(frame[atHandedOn:]) != 0
		if !handedOn && !yield(found{orphan: llm.Orphan{Record: row, Final: true}, at: at + atHandedOn, after: 1}, err) {
			return
		}
		at += frameHead + n
	}
}

func readRecord(r io.ReaderAt, at, n int64, want uint32) (row dcoder.UsageRecord, err error) {
	body := make([]byte, n)
	if _, err := r.ReadAt(body, at); err != nil {
		return row, fmt.Errorf("read a record: %w", err)
	}
	if sum(body) != want || json.Unmarshal(body, &row) != nil {
		return row, errTorn
	}
	return row, nil
}
