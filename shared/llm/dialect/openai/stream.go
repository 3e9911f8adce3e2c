package openai

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// stream is a streamed answer. Its events are forwarded as they came, but for
// the usage that only the gateway asked for.
type stream struct {
	ctx    context.Context //nolint:containedctx // of the call, whose stream this is
	body   io.ReadCloser
	reader *sse.Reader
	hide   bool // the client did not ask for usage
	items  bool // it is a streamed response
	rename bool // reasoning comes under another name than clients know
	secret string
	held   []llm.Chunk // read before the first content came; their bytes are copies
	bytes  []byte      // of one rewritten event
	usage  llm.Usage
	tier   string // what the provider says it serves the call as
	over   bool
	closed bool
}

var readers = sync.Pool{New: func() any { return new(sse.Reader) }}

// stream returns when the first content is there, so that an error before it is
// still a failed call.
func (d *Dialect) stream(ctx context.Context, req *llm.Request, c *llm.Candidate, resp *http.Response) (*llm.Reply, error) {
	s := &stream{
		ctx: ctx, body: resp.Body, reader: readers.Get().(*sse.Reader), //nolint:forcetypeassert // of our own pool
		hide: !req.WantsUsage && d.flavour.AsksUsage, secret: c.Grant.Secret,
		items: req.Kind == llm.Response, rename: d.flavour.Reasoning,
	}
	s.reader.Reset(resp.Body, 0)
	if err := s.peek(); err != nil {
		s.Close()
		return nil, err
	}
	return &llm.Reply{Status: resp.StatusCode, Header: visible(resp.Header), Stream: s}, nil
}

// peek reads up to the first content, or to the end.
func (s *stream) peek() error {
	for {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c.Raw = bytes.Clone(c.Raw)
		s.held = append(s.held, c)
		if c.Content {
			s.held[len(s.held)-1].More = s.reader.Buffered()
			return nil
		}
		s.held[len(s.held)-1].More = true
	}
}

// Next implements llm.Stream.
func (s *stream) Next() (llm.Chunk, error) {
	if len(s.held) > 0 {
		c := s.held[0]
		s.held = s.held[1:]
		return c, nil
	}
	c, err := s.read()
	if err == nil {
		c.More = s.reader.Buffered()
	}
	return c, err
}

// Close implements llm.Stream.
func (s *stream) Close() {
	if s.closed {
		return
	}
	s.closed = true
	_ = s.body.Close()
	readers.Put(s.reader)
	s.reader = nil
}

// read reads one event.
func (s *stream) read() (llm.Chunk, error) {
	if s.over {
		return llm.Chunk{}, io.EOF
	}
	e, err := s.reader.Next()
	if err != nil {
		return llm.Chunk{}, wire.Broken(s.ctx, cutOff(err))
	}
	if !e.HasData {
		return llm.Chunk{Raw: e.Raw}, nil
	}
	if string(e.Data) == "[DONE]" {
		s.over = true
		return llm.Chunk{Raw: e.Raw, Last: true}, nil
	}
	return s.chunk(e)
}

// cutOff tells an end without [DONE] from a good one.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *stream) chunk(e sse.Event) (llm.Chunk, error) {
	if s.items {
		return s.responseEvent(e)
	}
	var doc jsonscan.Doc
	if err := answerFields.Scan(e.Data, jsonscan.Limits{}, &doc); err != nil {
		return llm.Chunk{}, wire.Garbage("the provider's stream holds something that is not JSON")
	}
	if doc.Fields[fieldError].Present() || string(e.Name) == "error" {
		return llm.Chunk{}, eventFailure(e.Data, s.secret)
	}
	c := llm.Chunk{Raw: e.Raw}
	c.Tokens, c.Content = content(&doc)
	if doc.Fields[fieldTier].Kind == jsonscan.String {
		s.tier = tierIn(&doc, fieldTier)
	}
	if t, ok := usageIn(&doc); ok {
		s.usage = llm.Usage{Tokens: t, Reported: true, ServiceTier: s.tier}
		c.Usage = &s.usage
	}
	if s.rename {
		c.Raw = s.renamed(&doc, c.Raw)
	}
	if s.hide && doc.Fields[fieldUsage].Kind != jsonscan.None {
		c.Raw = s.hidden(&doc, c)
	}
	return c, nil
}

// hidden is a chunk without its usage: nothing when usage was all there was.
func (s *stream) hidden(doc *jsonscan.Doc, c llm.Chunk) []byte {
	if c.Usage != nil && doc.Empty(doc.Fields[fieldChoices]) {
		return nil
	}
	s.bytes = append(s.bytes[:0], "data: "...)
	s.bytes = doc.AppendWithout(s.bytes, doc.Fields[fieldUsage])
	s.bytes = append(s.bytes, '\n', '\n')
	return s.bytes
}
