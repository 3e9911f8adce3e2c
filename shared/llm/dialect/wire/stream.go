package wire

import (
	"errors"
	"io"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// stream is a translated stream. Its chunks are frames of the client's protocol.
type stream struct {
	*exchange
	events *events
	writer canonical.Writer
	buffer *llm.Buffer // frames of one chunk
	held   *llm.Chunk  // what came up to the first content
	usage  canonical.Usage
	told   llm.Usage // what the meter sees; it grows while the stream runs
	some   bool      // told means something
	final  bool      // an answer has stopped: reported usage is the last word
	output int64     // tokens counted
}

// streamed returns when the first content is there, so that an error before it
// is still a failed call.
func (x *exchange) streamed(resp *http.Response) (*llm.Reply, error) {
	s := &stream{
		exchange: x, events: x.read(resp), writer: x.req.Inbound.NewWriter(x.asked), buffer: llm.NewBuffer(4 << 10),
	}
	if err := s.peek(); err != nil {
		s.Close()
		return nil, err
	}
	return &llm.Reply{Status: http.StatusOK, Header: x.visible(resp.Header), Stream: s}, nil
}

// peek reads up to the first content, or to the end; all of it is one chunk.
func (s *stream) peek() error {
	var all llm.Chunk
	for !all.Content && !all.Last {
		c, err := s.read()
		if err != nil {
			return err
		}
		all.Tokens += c.Tokens
		all.Content, all.Last, all.More = c.Content, c.Last, c.More
		if c.Usage != nil {
			all.Usage = c.Usage
		}
	}
	all.Raw = s.buffer.B
	s.held = &all
	return nil
}

// Next implements llm.Stream.
func (s *stream) Next() (llm.Chunk, error) {
	if s.buffer == nil {
		return llm.Chunk{}, Broken(s.ctx, io.ErrClosedPipe)
	}
	if s.held != nil {
		c := *s.held
		s.held = nil
		return c, nil
	}
	s.buffer.B = s.buffer.B[:0]
	c, err := s.read()
	c.Raw = s.buffer.B
	return c, err
}

// Close implements llm.Stream.
func (s *stream) Close() {
	s.events.close()
	s.buffer.Release()
	s.buffer = nil
}

// read appends the frames of the provider's next event to the buffer.
func (s *stream) read() (c llm.Chunk, err error) {
	es, err := s.events.next()
	if errors.Is(err, io.EOF) {
		return c, io.EOF
	}
	if err != nil {
		return c, err
	}
	for i := range es {
		e := &es[i]
		if e.Kind == canonical.EventError {
			return c, s.inside(e.Err)
		}
		s.count(e, &c)
		s.buffer.B = s.writer.Write(s.buffer.B, e)
	}
	s.tell(&c)
	c.More = !c.Last && s.events.reader.Buffered()
	return c, nil
}

// count notes what an event is to the meter.
func (s *stream) count(e *canonical.Event, c *llm.Chunk) {
	switch e.Kind {
	case canonical.EventText, canonical.EventArgs:
		n := token.Delta(len(e.Text))
		c.Tokens += n
		c.Content = c.Content || n > 0
	case canonical.EventBlock:
		if e.Block != nil && e.Block.Call != nil {
			c.Tokens += token.Delta(len(e.Block.Call.Name))
			c.Content = true
		}
	case canonical.EventWhole:
		c.Content = true
	case canonical.EventStop:
		c.Content, s.final = true, true
	case canonical.EventUsage:
		s.usage.Merge(e.Usage)
		e.Usage, s.some = &s.usage, true
	case canonical.EventEnd:
		c.Last, s.final = true, true
	}
}

// tell brings what the meter sees up to date. Until an answer has stopped, what
// a provider reported of the output is only the beginning: a client that leaves
// then has used what was counted.
func (s *stream) tell(c *llm.Chunk) {
	s.output += c.Tokens
	if !s.some {
		return
	}
	s.told = llm.Usage{Tokens: s.usage.Tokens, Reported: s.usage.Reported && s.final, ServiceTier: tier(&s.usage)}
	if !s.final {
		s.told.Tokens.Output = max(s.told.Tokens.Output, s.output)
	}
	c.Usage = &s.told
}
