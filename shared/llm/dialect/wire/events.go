package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// events reads a provider's stream as canonical events.
type events struct {
	ctx    context.Context //nolint:containedctx // of the call
	body   io.ReadCloser
	reader *sse.Reader
	native canonical.Reader
	out    []canonical.Event
	ended  bool
}

var readers = sync.Pool{New: func() any { return new(sse.Reader) }}

func (x *exchange) read(resp *http.Response) *events {
	e := &events{
		ctx: x.ctx, body: resp.Body, native: x.Native.NewReader(),
		reader: readers.Get().(*sse.Reader), //nolint:forcetypeassert // of our own pool
		out:    make([]canonical.Event, 0, 4),
	}
	e.reader.Reset(resp.Body, 0)
	return e
}

// next returns what the next event of the stream means, which may be nothing;
// the slice is good until the next call. After EventEnd it returns io.EOF, and a
// failure when the stream stops without one.
func (e *events) next() ([]canonical.Event, error) {
	if e.ended {
		return nil, io.EOF
	}
	in, err := e.reader.Next()
	if err != nil {
		return e.cut(err)
	}
	if !in.HasData {
		return nil, nil
	}
	e.out, err = e.native.Read(e.out[:0], in)
	if err != nil {
		return nil, Garbage("the provider's stream holds what is not of its protocol")
	}
	e.seek()
	return e.out, nil
}

// cut asks a protocol without a terminal event whether the answer was whole.
func (e *events) cut(err error) ([]canonical.Event, error) {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
		if ender, ok := e.native.(canonical.Ender); ok {
			e.out = ender.End(e.out[:0])
			e.seek()
		}
	}
	if e.ended {
		return e.out, nil
	}
	return nil, Broken(e.ctx, err)
}

// seek looks for the provider's own end.
func (e *events) seek() {
	for i := range e.out {
		e.ended = e.ended || e.out[i].Kind == canonical.EventEnd
	}
}

// close cancels what is left. It may be called more than once.
func (e *events) close() {
	if e.reader == nil {
		return
	}
	_ = e.body.Close()
	readers.Put(e.reader)
	e.reader = nil
}
