package callid

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// Forms of the bytes behind the sum.
const (
	plain    = 0
	deflated = 1
)

// worthwhile is from how many bytes on compression is tried: thinking is text,
// and signatures are base64, of which a quarter is air.
const worthwhile = 96

// mostStretched bounds what an id, which a client wrote, may expand to, bytes.
const mostStretched = 1 << 20

var (
	writers = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(nil, flate.BestSpeed) // the level is a good one
		return w
	}}
	readers = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}
)

// squeeze returns b compressed where that is shorter.
func squeeze(b []byte) (form byte, out []byte) {
	if len(b) < worthwhile {
		return plain, b
	}
	w := writers.Get().(*flate.Writer) //nolint:forcetypeassert // of our own pool
	defer writers.Put(w)
	var z bytes.Buffer
	w.Reset(&z)
	_, _ = w.Write(b) // a buffer takes everything
	_ = w.Close()
	if z.Len() >= len(b) {
		return plain, b
	}
	return deflated, z.Bytes()
}

// stretch is the way back; ok is false for bytes that squeeze did not make.
func stretch(form byte, b []byte) (out []byte, ok bool) {
	if form == plain {
		return b, true
	}
	if form != deflated {
		return nil, false
	}
	r := readers.Get().(io.ReadCloser) //nolint:forcetypeassert // of our own pool
	defer readers.Put(r)
	if r.(flate.Resetter).Reset(bytes.NewReader(b), nil) != nil { //nolint:forcetypeassert // flate promises it
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(r, mostStretched+1))
	return out, err == nil && len(out) <= mostStretched
}
