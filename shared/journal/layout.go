package journal

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// A slot file is a header page and then slots. All numbers are in the machine's
// own byte order: a file never leaves it.
//
//	header  8  magic   4  version   4  slot size
//	slot    4  state   4  length of the opening   4  its CRC-32C   4  length of the ending   4  its CRC-32C
//	   64   copy A of the counters
//	  192   copy B of the counters
//	  320   opening: JSON of admission and verdict; then the ending: JSON of the final row
//
// The state is stored last when a slot is taken, and first when it is freed.
// Progress writes the copies in turn, so that one of them is always whole.
const (
	magic      = "DCJRNL\x01\n"
	version    = 1
	headerSize = 4096
	slotSize   = 8192

	atState      = 0
	atOpening    = 4
	atOpeningSum = 8
	atEnding     = 12
	atEndingSum  = 16
	atCopyA      = 64
	atCopyB      = 192
	atBody       = 320
)

// The states of a slot.
const (
	stateFree    = 0
	stateRunning = 0x52554e31 // an accident rarely spells it
	stateEnded   = 0x454e4431
)

const counterWords = 11 // sequence, eight kinds of tokens, cost, check

type counters struct {
	seq    uint64
	tokens dcoder.Tokens
	cost   dcoder.Micros
}

var (
	order    = binary.NativeEndian
	castagno = crc32.MakeTable(crc32.Castagnoli)
)

func sum(b []byte) uint32 { return crc32.Checksum(b, castagno) }

// put stores the counters: the check goes last, and a copy whose check does not
// fit is torn.
func (c *counters) put(b *[counterWords * 8]byte) {
	t := &c.tokens
	order.PutUint64(b[0:8], c.seq)
	order.PutUint64(b[8:16], uint64(t.Input))
	order.PutUint64(b[16:24], uint64(t.Output))
	order.PutUint64(b[24:32], uint64(t.CachedInput))
	order.PutUint64(b[32:40], uint64(t.CacheWrite5m))
	order.PutUint64(b[40:48], uint64(t.CacheWrite1h))
	order.PutUint64(b[48:56], uint64(t.Reasoning))
	order.PutUint64(b[56:64], uint64(t.AudioInput))
	order.PutUint64(b[64:72], uint64(t.AudioOutput))
	order.PutUint64(b[72:80], uint64(c.cost))
	order.PutUint64(b[80:88], c.check())
}

// check mixes all words; neighbours in time differ in it even where only the
// sequence differs.
func (c *counters) check() uint64 {
	t := &c.tokens
	h := c.seq*0x9e3779b97f4a7c15 + 1
	for _, w := range [...]int64{
		t.Input, t.Output, t.CachedInput, t.CacheWrite5m, t.CacheWrite1h, t.Reasoning, t.AudioInput, t.AudioOutput, c.cost,
	} {
		h = bits.RotateLeft64(h^uint64(w), 13) * 0x9e3779b97f4a7c15
	}
	return h
}

// readCounters returns the newer whole copy, or ok false when nothing was
// stored yet.
func readCounters(slot []byte) (c counters, ok bool) {
	for _, at := range [...]int{atCopyA, atCopyB} {
		got, whole := readCopy(slot[at : at+counterWords*8])
		if whole && got.seq > c.seq {
			c, ok = got, true
		}
	}
	return c, ok
}

func readCopy(b []byte) (c counters, whole bool) {
	word := func(i int) int64 { return int64(order.Uint64(b[8*i:])) }
	c = counters{
		seq: uint64(word(0)),
		tokens: dcoder.Tokens{
			Input: word(1), Output: word(2), CachedInput: word(3), CacheWrite5m: word(4),
			CacheWrite1h: word(5), Reasoning: word(6), AudioInput: word(7), AudioOutput: word(8),
		},
		cost: word(9),
	}
	return c, c.seq > 0 && uint64(word(10)) == c.check()
}
