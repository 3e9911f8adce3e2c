package llm

import (
	"sync"
	"sync/atomic"
)

// Buffer is a pooled body that more than one reader may still hold: the client's
// request while an upstream transport, which may read on after its answer, sends
// it. The last Release gives it back.
type Buffer struct {
	B    []byte
	refs atomic.Int32
}

// Sizes of pooled buffers, bytes; larger ones are left to the collector.
const (
	smallBuffer = 8 << 10
	largeBuffer = 256 << 10
)

var smallBuffers, largeBuffers sync.Pool

// NewBuffer returns an empty buffer with room for size bytes, held once.
func NewBuffer(size int) *Buffer {
	var b *Buffer
	switch {
	case size <= smallBuffer:
		b = pooled(&smallBuffers, smallBuffer)
	case size <= largeBuffer:
		b = pooled(&largeBuffers, largeBuffer)
	default:
		b = &Buffer{B: make([]byte, 0, size)}
	}
	b.refs.Store(1)
	return b
}

func pooled(p *sync.Pool, size int) *Buffer {
	if b, ok := p.Get().(*Buffer); ok {
		return b
	}
	return &Buffer{B: make([]byte, 0, size)}
}

// Retain adds a holder.
func (b *Buffer) Retain() { b.refs.Add(1) }

// Release drops a holder.
func (b *Buffer) Release() {
	if b == nil || b.refs.Add(-1) != 0 {
		return
	}
	size := cap(b.B)
	b.B = b.B[:0]
	switch {
	case size >= largeBuffer && size <= 2*largeBuffer:
		largeBuffers.Put(b)
	case size >= smallBuffer && size < largeBuffer:
		smallBuffers.Put(b)
	}
}
