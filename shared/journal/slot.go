package journal

import "os"

// slot is one place of a slot file: memory that is the file (or, where there is
// no mapping, its copy that flush writes through).
type slot struct {
	mem  []byte
	at   int64 // offset in file
	file *os.File
}

// begin stores the opening and takes the slot; false when it does not fit.
func (s slot) begin(opening []byte) bool {
	if len(opening) > slotSize-atBody {
		return false
	}
	copy(s.mem[atBody:], opening)
	order.PutUint32(s.mem[atOpening:], uint32(len(opening)))
	order.PutUint32(s.mem[atOpeningSum:], sum(opening))
	order.PutUint32(s.mem[atEnding:], 0)
	clear(s.mem[atCopyA:atBody])
	s.flush(0, atBody+len(opening))
	s.state(stateRunning)
	return true
}

// end stores the final row behind the opening, if it fits.
func (s slot) end(row []byte) {
	at := atBody + int(order.Uint32(s.mem[atOpening:]))
	if len(row) > slotSize-at {
		return
	}
	copy(s.mem[at:], row)
	order.PutUint32(s.mem[atEnding:], uint32(len(row)))
	order.PutUint32(s.mem[atEndingSum:], sum(row))
	s.flush(0, at+len(row))
	s.state(stateEnded)
}

// count stores the counters into the copy whose turn it is.
func (s slot) count(c *counters) {
	at := atCopyA
	if c.seq%2 == 0 {
		at = atCopyB
	}
	c.put((*[counterWords * 8]byte)(s.mem[at:]))
	s.flush(at, counterWords*8)
}

func (s slot) clear() { s.state(stateFree) }

func (s slot) state(v uint32) {
	order.PutUint32(s.mem[atState:], v)
	s.flush(atState, 4)
}
