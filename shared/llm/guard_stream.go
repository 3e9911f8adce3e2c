package llm

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/guard"
)

// guardedStream reads the texts of a streamed answer as they come. Where policy
// only alerts, every event goes on at once. Where it masks or blocks, an event
// waits until no later text can make a finding begin in it: for the rest of a
// word as a rule, and never for more than a finding is long.
type guardedStream struct {
	Stream
	w        guardedCall
	want     guard.Category
	holds    bool
	channels []*channel
	queue    []held
	spare    []held // whose buffers are used again
	found    []dcoder.GuardFinding
	told     bool
	out      []byte // of one rewritten event
	text     []byte
	err      error // what comes behind the queue
}

// channel is one text of an answer, which events carry on: a choice's content, a
// tool call's arguments.
type channel struct {
	key     uint64
	scanner guard.Scanner
	length  int
	seen    int // findings that were told
}

// held is an event that waits, with what it carries of which text.
type held struct {
	chunk  Chunk
	raw    []byte
	pieces []piece
}

type piece struct {
	of       *channel // nil: a text by itself
	from     int      // offset in the channel's text
	to       int
	start    int // of the characters in the event
	end      int
	findings []guard.Finding // of a text by itself
}

func newGuardedStream(w guardedCall, s Stream) *guardedStream {
	want := w.rules.categories &^ guard.Injection
	return &guardedStream{
		Stream: s, w: w, want: want,
		holds: w.rules.any(want, dcoder.GuardMask, dcoder.GuardBlock),
	}
}

// Next implements Stream.
func (s *guardedStream) Next() (Chunk, error) {
	if s.holds {
		return s.nextHeld()
	}
	c, err := s.Stream.Next()
	if err != nil {
		s.over()
		return c, err
	}
	if err := s.tools(c.Raw); err != nil {
		return Chunk{}, err
	}
	if len(c.Raw) > 0 && s.want != 0 {
		s.read(c.Raw, nil)
	}
	if c.Last {
		s.over() // before the row of a whole answer is noted
	}
	return c, nil
}

// Close implements Stream; what was found is told, however the stream ends.
func (s *guardedStream) Close() {
	s.over()
	s.Stream.Close()
}

// over ends every text and tells what was found.
func (s *guardedStream) over() {
	if s.told {
		return
	}
	s.told = true
	for _, c := range s.channels {
		c.scanner.Close()
		s.note(c)
	}
	s.w.alert("output", s.found)
}

func (s *guardedStream) tools(raw []byte) error {
	name, foreign := s.w.foreignCall(raw)
	if !foreign {
		return nil
	}
	return s.w.called(name)
}

// nextHeld returns the first event that may go.
func (s *guardedStream) nextHeld() (Chunk, error) {
	for {
		if err := s.blocked(); err != nil {
			return Chunk{}, err
		}
		if len(s.queue) > 0 && (s.err != nil || s.free(&s.queue[0])) {
			return s.release(), nil //nolint:nilerr // what came before the error goes first
		}
		if s.err != nil {
			return Chunk{}, s.err
		}
		c, err := s.Stream.Next()
		if err == nil {
			err = s.tools(c.Raw)
		}
		if err != nil {
			s.end(err)
			continue
		}
		s.hold(c)
	}
}

// end decides what is left when nothing more comes.
func (s *guardedStream) end(err error) {
	s.err = err
	if !errors.Is(err, io.EOF) {
		s.queue = nil // an undecided rest is not shown
	}
	for _, c := range s.channels {
		c.scanner.Close()
		s.note(c)
	}
}

func (s *guardedStream) hold(c Chunk) {
	var h held
	if n := len(s.spare); n > 0 {
		h, s.spare = s.spare[n-1], s.spare[:n-1]
	}
	h.chunk, h.raw, h.pieces = c, append(h.raw[:0], c.Raw...), h.pieces[:0]
	s.read(h.raw, &h.pieces)
	s.queue = append(s.queue, h)
}

// free reports whether all texts of an event are decided.
func (s *guardedStream) free(h *held) bool {
	for i := range h.pieces {
		if p := &h.pieces[i]; p.of != nil && p.to > p.of.scanner.Safe() {
			return false
		}
	}
	return true
}

// release takes the first event out and masks it.
func (s *guardedStream) release() Chunk {
	h := s.queue[0]
	s.queue = append(s.queue[:0], s.queue[1:]...)
	c := h.chunk
	s.out = s.masked(s.out[:0], &h)
	c.Raw = s.out
	if len(s.queue) > 0 {
		c.More = s.err != nil || s.free(&s.queue[0])
	}
	if c.Last {
		s.over()
	}
	h.chunk = Chunk{}
	s.spare = append(s.spare, h)
	return c
}

// masked appends an event with what was found replaced: the label stands where a
// finding begins, and its other parts are left out.
func (s *guardedStream) masked(dst []byte, h *held) []byte {
	at := 0
	for i := range h.pieces {
		p := &h.pieces[i]
		found := p.findings
		if p.of != nil {
			found = p.of.scanner.Found()
		}
		chars := h.raw[p.start:p.end]
		done := p.from
		for _, f := range found {
			if f.End <= done || f.Start >= p.to || s.w.rules.of(f.Category) != dcoder.GuardMask {
				continue
			}
			from, to := max(f.Start, done), min(f.End, p.to)
			dst = append(dst, h.raw[at:p.start+guard.Escaped(chars, from-p.from)]...)
			if f.Start >= done {
				dst = appendLabel(dst, f.Rule)
			}
			at, done = p.start+guard.Escaped(chars, to-p.from), to
		}
	}
	return append(dst, h.raw[at:]...)
}

// blocked returns the refusal when something was found that ends the answer.
func (s *guardedStream) blocked() error {
	for _, f := range s.found {
		for i, c := range categories {
			if f.Category == c.String() && s.w.rules.mode[i] == dcoder.GuardBlock {
				s.told, s.queue = true, nil
				s.err = s.w.block("output", s.found, guard.Finding{Category: c, Rule: f.Rule}, f.Field)
				s.found = nil
				return s.err
			}
		}
	}
	return nil
}

// note collects what a channel found since.
func (s *guardedStream) note(c *channel) {
	all := c.scanner.Found()
	for ; c.seen < len(all); c.seen++ {
		s.found = add(s.found, all[c.seen], "answer")
	}
}

// read gives the texts of an event to their scanners; pieces, where asked for,
// say which they are.
func (s *guardedStream) read(raw []byte, pieces *[]piece) {
	response := s.w.req.Kind == Response
	for t := (guard.Strings{Raw: raw}); t.Next(); {
		if t.Start == t.End {
			continue
		}
		switch {
		case isDelta(t.Name, response):
			s.carryOn(raw, t.Start, t.End, keyOf(raw, t.Name, t.Start), pieces)
		case response && pieces != nil && t.End-t.Start >= 8: // texts told once more as a whole
			s.byItself(raw, t.Start, t.End, pieces)
		}
	}
}

// isDelta reports whether a member carries a text on, in the events of a shape.
func isDelta(name []byte, response bool) bool {
	if response {
		return string(name) == "delta"
	}
	switch string(name) {
	case "content", "text", "arguments", "partial_json", "thinking", "reasoning_content", "reasoning", "refusal":
		return true
	}
	return false
}

func (s *guardedStream) carryOn(raw []byte, start, end int, key uint64, pieces *[]piece) {
	c := s.channel(key)
	text := raw[start:end]
	if bytes.IndexByte(text, '\\') >= 0 {
		s.text = guard.Unescape(s.text[:0], text)
		text = s.text
	}
	if pieces != nil {
		*pieces = append(*pieces, piece{of: c, from: c.length, to: c.length + len(text), start: start, end: end})
	}
	c.length += len(text)
	c.scanner.Write(text)
	s.note(c)
}

func (s *guardedStream) byItself(raw []byte, start, end int, pieces *[]piece) {
	text := guard.Unescape(nil, raw[start:end])
	found := guard.Scan(text, s.want, nil)
	if len(found) == 0 {
		return
	}
	for _, f := range found {
		if s.w.rules.of(f.Category) == dcoder.GuardBlock {
			s.found = add(s.found, f, "answer")
		}
	}
	slices.SortFunc(found, func(a, b guard.Finding) int { return a.Start - b.Start })
	*pieces = append(*pieces, piece{to: len(text), start: start, end: end, findings: found})
}

func (s *guardedStream) channel(key uint64) *channel {
	for _, c := range s.channels {
		if c.key == key {
			return c
		}
	}
	c := &channel{key: key}
	c.scanner.Reset(s.want)
	s.channels = append(s.channels, c)
	return c
}

// keyOf tells the texts of an event apart: by the member's name and the indexes
// that stand before it, of choice, block and tool.
func keyOf(raw, name []byte, before int) uint64 {
	key := uint64(14695981039346656037) // FNV-1a
	for _, c := range name {
		key = (key ^ uint64(c)) * 1099511628211
	}
	// From the line's beginning: translated events come several at once.
	for at := bytes.LastIndexByte(raw[:before], '\n') + 1; ; {
		i := bytes.Index(raw[at:before], []byte(`index":`))
		if i < 0 {
			return key
		}
		at += i + len(`index":`)
		for at < before && raw[at] == ' ' {
			at++
		}
		for ; at < before && raw[at]-'0' < 10; at++ {
			key = (key ^ uint64(raw[at])) * 1099511628211
		}
		key = (key ^ ',') * 1099511628211
	}
}
