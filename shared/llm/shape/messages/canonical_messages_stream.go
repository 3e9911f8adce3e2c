package messages

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// streamWriter writes one stream. The API's blocks come one after the other and
// never at once: what belongs to a block that is not the open one waits.
type streamWriter struct {
	answerWriter
	r       *canonical.Request
	begun   bool // message_start is out
	ended   bool // message_stop is out
	id      string
	model   string
	usage   canonical.Usage
	stop    canonical.Event
	next    int      // index of the block that comes next
	open    *writing // the block that is out and has not ended
	waiting []*writing
	done    map[int]canonical.Kind // blocks that are out and have ended
}

// writing is a block that is being written.
type writing struct {
	from  int // its index in the canonical stream
	block canonical.Block
	text  []byte // waits to be written; of a call that is open, all of it
	sign  string
	ended bool
}

// NewWriter implements canonical.Protocol.
func (protocol) NewWriter(r *canonical.Request) canonical.Writer {
	return &streamWriter{r: r, answerWriter: answerWriter{own: r.Origin == canonical.Messages}, done: map[int]canonical.Kind{}}
}

// Write implements canonical.Writer.
func (s *streamWriter) Write(dst []byte, e *canonical.Event) []byte {
	if s.ended || e.Answer != 0 { // the API has one answer to a call
		return dst
	}
	s.b = dst
	switch e.Kind {
	case canonical.EventStart:
		s.id, s.model = e.ID, e.Model
	case canonical.EventUsage:
		s.usage.Merge(e.Usage)
	case canonical.EventBlock:
		s.block(e.Index, e.Block)
	case canonical.EventWhole:
		s.whole(e)
	case canonical.EventText, canonical.EventArgs, canonical.EventSign:
		s.delta(e)
	case canonical.EventBlockEnd:
		s.end(e.Index)
	case canonical.EventStop:
		s.stop = *e
	case canonical.EventEnd:
		s.finish()
	}
	dst, s.b = s.b, nil
	return dst
}

// frame begins an event of the stream; close ends it.
func (s *streamWriter) frame(name string) {
	s.b = append(append(append(s.b, "event: "...), name...), "\ndata: "...)
	s.output.open('{')
	s.member("type", name)
}

func (s *streamWriter) close() { s.b = append(s.b, "}\n\n"...) }

// begin writes message_start before anything else. The input is the provider's
// count where that came already, else the gateway's estimate; message_delta has
// the last word.
func (s *streamWriter) begin() {
	if s.begun {
		return
	}
	s.begun = true
	u := s.usage
	if u.Input == 0 {
		u.Input = s.r.InputEstimate
	}
	u.Output = min(u.Output, 1)
	s.frame("message_start")
	s.key("message")
	s.output.open('{')
	s.head(s.id, firstOf(s.model, s.r.Model))
	s.key("content")
	s.raw([]byte("[]"))
	s.key("stop_reason")
	s.raw([]byte("null"))
	s.key("stop_sequence")
	s.raw([]byte("null"))
	s.key("usage")
	s.output.usage(&u, false)
	s.output.close('}')
	s.close()
}

// block begins a block, or puts it behind the open one.
func (s *streamWriter) block(from int, b *canonical.Block) {
	now := &writing{from: from, block: canonical.Block{Kind: canonical.Text}}
	if b != nil {
		now.block = *b
	}
	if now.block.Kind != canonical.Thinking && now.block.Call == nil {
		now.block.Kind = canonical.Text
	}
	if s.open != nil && s.complete(s.open) {
		s.shut()
	}
	if s.open != nil {
		s.waiting = append(s.waiting, now)
		return
	}
	s.start(now)
}

// complete reports whether nothing can follow in an open block although its end
// was not said: some protocols say it for all calls at the end of the answer. A
// call is complete when its arguments are a whole object, anything else when
// another block begins.
func (s *streamWriter) complete(w *writing) bool {
	return w.ended || w.block.Call == nil || len(w.text) > 0 && json.Valid(w.text)
}

// start writes content_block_start, and what waited.
func (s *streamWriter) start(w *writing) {
	s.begin()
	s.open = w
	s.frame("content_block_start")
	s.number("index", int64(s.next))
	s.key("content_block")
	s.output.open('{')
	switch b := &w.block; b.Kind {
	case canonical.Thinking:
		s.b = append(s.b, `"type":"thinking","thinking":"","signature":""`...)
	case canonical.ToolUse:
		s.call(b)
		s.key("input")
		s.raw([]byte("{}"))
	default:
		s.b = append(s.b, `"type":"text","text":""`...)
	}
	s.output.close('}')
	s.close()
	if len(w.text) > 0 {
		s.piece(w, string(w.text))
	}
	if w.sign != "" {
		s.signature(w.sign)
	}
}

// piece writes a content_block_delta.
func (s *streamWriter) piece(w *writing, text string) {
	switch w.block.Kind {
	case canonical.Thinking:
		s.change("thinking_delta", "thinking", text)
	case canonical.ToolUse:
		s.change("input_json_delta", "partial_json", text)
	default:
		s.change("text_delta", "text", text)
	}
}

func (s *streamWriter) signature(v string) { s.change("signature_delta", "signature", v) }

func (s *streamWriter) change(kind, name, text string) {
	s.frame("content_block_delta")
	s.number("index", int64(s.next))
	s.key("delta")
	s.output.open('{')
	s.member("type", kind)
	s.member(name, text)
	s.output.close('}')
	s.close()
}

// delta writes more of the open block, or keeps it for a block that waits.
func (s *streamWriter) delta(e *canonical.Event) {
	w := s.find(e.Index)
	if e.Text == "" || w == nil && e.Kind != canonical.EventText {
		return
	}
	if w == nil { // nobody said that it begins, or it goes on behind another
		s.block(e.Index, &canonical.Block{Kind: s.done[e.Index]})
		w = s.find(e.Index)
	}
	if e.Kind == canonical.EventSign {
		s.signed(w, e.Text)
		return
	}
	if w != s.open || w.block.Call != nil {
		w.text = append(w.text, e.Text...)
	}
	if w == s.open {
		s.piece(w, e.Text)
	}
}

// signed writes what proves a thought; a call's own proof rides in its id, which
// is out already.
func (s *streamWriter) signed(w *writing, signature string) {
	switch {
	case w.block.Kind != canonical.Thinking:
	case w == s.open:
		s.signature(signature)
	default:
		w.sign = signature
	}
}

func (s *streamWriter) find(from int) *writing {
	if s.open != nil && s.open.from == from {
		return s.open
	}
	for _, w := range s.waiting {
		if w.from == from {
			return w
		}
	}
	return nil
}

func (s *streamWriter) end(from int) {
	w := s.find(from)
	if w == nil {
		return
	}
	w.ended = true
	if w == s.open {
		s.shut()
	}
	s.advance()
}

// shut writes content_block_stop.
func (s *streamWriter) shut() {
	s.frame("content_block_stop")
	s.number("index", int64(s.next))
	s.close()
	s.done[s.open.from] = s.open.block.Kind
	s.open = nil
	s.next++
}

// advance opens the blocks that waited, up to one that has not ended.
func (s *streamWriter) advance() {
	for s.open == nil && len(s.waiting) > 0 {
		w := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.start(w)
		if w.ended {
			s.shut()
		}
	}
}

// whole writes a block that does not come in pieces.
func (s *streamWriter) whole(e *canonical.Event) {
	if e.Block == nil || !shows(e.Block, false) {
		return
	}
	b := *e.Block
	if b.Kind != canonical.Redacted {
		s.pieces(e.Index, &b)
		return
	}
	s.drain()
	s.begin()
	s.frame("content_block_start")
	s.number("index", int64(s.next))
	s.key("content_block")
	s.answerWriter.block(&b)
	s.close()
	s.open = &writing{from: e.Index}
	s.shut()
}

// pieces writes a whole block the way others come.
func (s *streamWriter) pieces(from int, b *canonical.Block) {
	text, signature := b.Text, b.Signature
	if b.Call != nil {
		text = string(input(b.Call.Arguments))
	}
	s.block(from, b)
	s.delta(&canonical.Event{Kind: canonical.EventText, Index: from, Text: text})
	s.delta(&canonical.Event{Kind: canonical.EventSign, Index: from, Text: signature})
	s.end(from)
}

// drain ends every block.
func (s *streamWriter) drain() {
	for s.open != nil || len(s.waiting) > 0 {
		if s.open != nil {
			s.shut()
		}
		s.advance()
	}
}

// finish writes why the message ended, what it used, and its end.
func (s *streamWriter) finish() {
	s.begin()
	s.drain()
	s.ended = true
	u := s.usage
	if u.Input == 0 {
		u.Input = s.r.InputEstimate
	}
	s.frame("message_delta")
	s.key("delta")
	s.output.open('{')
	s.ending(s.stop.Stop, s.stop.Native, s.stop.Sequence)
	s.output.close('}')
	s.key("usage")
	s.output.usage(&u, false)
	s.close()
	s.frame("message_stop")
	s.close()
}
