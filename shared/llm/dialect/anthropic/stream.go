package anthropic

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
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/sse"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// stream is a streamed answer whose events are forwarded as they came.
type stream struct {
	ctx    context.Context //nolint:containedctx // of the call, whose stream this is
	body   io.ReadCloser
	reader *sse.Reader
	secret string
	held   []llm.Chunk // read before the first content came; their bytes are copies
	usage  usage
	told   llm.Usage // what the meter sees; it grows while the stream runs
	output int64     // tokens counted
	final  bool      // usage is the last word
	over   bool
}

var readers = sync.Pool{New: func() any { return new(sse.Reader) }}

// newStream returns when the first content is there, so that an error before it
// is still a failed call.
func newStream(ctx context.Context, c *llm.Candidate, resp *http.Response, header http.Header) (*llm.Reply, error) {
	s := &stream{
		ctx: ctx, body: resp.Body, secret: c.Grant.Secret,
		reader: readers.Get().(*sse.Reader), //nolint:forcetypeassert // of our own pool
	}
	s.reader.Reset(resp.Body, 0)
	if err := s.peek(); err != nil {
		s.Close()
		return nil, err
	}
	return &llm.Reply{Status: http.StatusOK, Header: header, Stream: s}, nil
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
		c.More = !c.Content || s.reader.Buffered()
		s.held = append(s.held, c)
		if c.Content {
			return nil
		}
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
		c.More = !c.Last && s.reader.Buffered()
	}
	return c, err
}

// Close implements llm.Stream.
func (s *stream) Close() {
	if s.reader == nil {
		return
	}
	_ = s.body.Close()
	readers.Put(s.reader)
	s.reader = nil
}

// read reads one event.
func (s *stream) read() (llm.Chunk, error) {
	if s.over {
		return llm.Chunk{}, io.EOF
	}
	if s.reader == nil {
		return llm.Chunk{}, wire.Broken(s.ctx, io.ErrClosedPipe)
	}
	e, err := s.reader.Next()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // nothing ends without message_stop
	}
	if err != nil {
		return llm.Chunk{}, wire.Broken(s.ctx, err)
	}
	if !e.HasData {
		return llm.Chunk{Raw: e.Raw}, nil
	}
	return s.chunk(e)
}

func (s *stream) chunk(e sse.Event) (llm.Chunk, error) {
	var doc jsonscan.Doc
	if err := answerFields.Scan(e.Data, jsonscan.Limits{}, &doc); err != nil {
		return llm.Chunk{}, wire.Garbage("the provider's stream holds something that is not JSON")
	}
	if doc.Fields[fieldError].Present() || string(e.Name) == "error" {
		p, _ := messages.Protocol.ReadError(0, e.Data)
		return llm.Chunk{}, wire.Classify(wire.StatusOf(&p), nil, wire.Clean(p, s.secret))
	}
	c := llm.Chunk{Raw: e.Raw}
	kind := doc.Fields[fieldType]
	if kind.Kind == jsonscan.String {
		s.note(&c, &doc, string(doc.Raw[kind.Start+1:kind.End-1]))
	}
	s.tell(&c)
	return c, nil
}

// note takes what the meter wants of an event.
func (s *stream) note(c *llm.Chunk, doc *jsonscan.Doc, kind string) {
	switch kind {
	case "content_block_delta":
		c.Tokens = token.Delta(weight(doc, doc.Fields[fieldDelta]))
		c.Content = c.Tokens > 0
	case "content_block_start":
		c.Tokens = token.Delta(weight(doc, doc.Fields[fieldBlock]))
		c.Content = c.Tokens > 0
	case "message_start":
		var m jsonscan.Doc
		if v := doc.Fields[fieldMessage]; v.Kind == jsonscan.Object && doc.Sub(v, answerFields, &m) == nil {
			s.usage.read(&m, m.Fields[fieldUsage])
		}
	case "message_delta":
		s.usage.read(doc, doc.Fields[fieldUsage])
		c.Content, s.final = true, true
	case "message_stop":
		c.Last, s.over, s.final = true, true, true
	}
}

// tell brings what the meter sees up to date. Before message_delta what was
// reported of the output is only its beginning: a client that leaves then has
// used what was counted.
func (s *stream) tell(c *llm.Chunk) {
	s.output += c.Tokens
	if !s.usage.said {
		return
	}
	s.told = llm.Usage{Tokens: s.usage.tokens(), Reported: s.final, ServiceTier: s.usage.tier}
	if !s.final {
		s.told.Tokens.Output = max(s.told.Tokens.Output, s.output)
	}
	c.Usage = &s.told
}

var contentFields = jsonscan.NewNames("text", "thinking", "partial_json", "name")

// weight is the length of what the model wrote: the text of a delta, or the name
// of a tool that a block begins with.
func weight(doc *jsonscan.Doc, v jsonscan.Value) (n int) {
	var d jsonscan.Doc
	if v.Kind != jsonscan.Object || doc.Sub(v, contentFields, &d) != nil {
		return 0
	}
	for i := range 4 {
		if f := d.Fields[i]; f.Kind == jsonscan.String {
			n += f.End - f.Start - 2
		}
	}
	return n
}
