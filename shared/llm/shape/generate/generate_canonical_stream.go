package generate

import (
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// reader reads one stream. Every event is an answer of its own with more parts;
// nothing says that it is the last one, and the reason of an end may come before
// more usage, in a later event than the call that it is about, or once for each
// of several candidates: ends are held back until the bytes stop.
type reader struct {
	begun   bool
	id      string
	calls   int
	answers []*streamed
	usage   canonical.Usage
	failed  bool
}

// streamed is one candidate under way.
type streamed struct {
	open   canonical.Kind // of the block that takes more text, "" for none
	next   int            // index of the next block
	called bool
	finish string
}

// Read implements canonical.Reader.
func (r *reader) Read(dst []canonical.Event, e sse.Event) ([]canonical.Event, error) {
	if !e.HasData {
		return dst, nil
	}
	var in response
	if err := decode(e.Data, &in, "event"); err != nil {
		return dst, err
	}
	if len(in.Error) > 0 {
		p, _ := protocol{}.ReadError(0, e.Data)
		r.failed = true
		return append(dst, canonical.Event{Kind: canonical.EventError, Err: &p}), nil
	}
	dst = r.start(dst, &in)
	if u := readUsage(in.Usage); u.Reported {
		r.usage = u // counts are totals, and the last ones are right
	}
	for i, raw := range in.Candidates {
		var c candidate
		if err := decode(raw, &c, "candidates"); err != nil {
			return dst, err
		}
		if c.Index == 0 {
			c.Index = i
		}
		var err error
		if dst, err = r.candidate(dst, &c); err != nil {
			return dst, err
		}
	}
	if in.Feedback != nil && len(in.Candidates) == 0 && in.Feedback.Reason != "" {
		dst = r.blocked(dst, in.Feedback)
	}
	return dst, nil
}

func (r *reader) start(dst []canonical.Event, in *response) []canonical.Event {
	if r.begun {
		return dst
	}
	r.begun, r.id = true, in.ID
	return append(dst, canonical.Event{Kind: canonical.EventStart, ID: in.ID, Model: in.Version, Created: seconds(in.CreateTime)})
}

// mostAnswers bounds the index of a candidate: Google gives at most 8.
const mostAnswers = 128

func (r *reader) answer(index int) *streamed {
	for len(r.answers) <= index {
		r.answers = append(r.answers, &streamed{})
	}
	return r.answers[index]
}

func (r *reader) candidate(dst []canonical.Event, c *candidate) ([]canonical.Event, error) {
	if c.Index < 0 || c.Index >= mostAnswers {
		return dst, decode([]byte("0"), &content{}, "candidates.index")
	}
	a := r.answer(c.Index)
	logprobs := readLogProbs(c.LogProbs)
	if c.Content != nil {
		for _, raw := range c.Content.Parts {
			var p part
			if err := decode(raw, &p, "candidates.content.parts"); err != nil {
				return dst, err
			}
			from := len(dst)
			dst = r.part(dst, a, c.Index, readPart(&p, nil))
			logprobs = attach(dst[from:], logprobs)
		}
	}
	if c.Finish != "" && c.Finish != "FINISH_REASON_UNSPECIFIED" {
		a.finish = c.Finish
	}
	return dst, nil
}

// attach puts log probabilities to the first text among events and returns what
// is left to attach.
func attach(events []canonical.Event, logprobs json.RawMessage) json.RawMessage {
	for i := range events {
		if logprobs != nil && events[i].Kind == canonical.EventText {
			events[i].LogProbs = logprobs
			return nil
		}
	}
	return logprobs
}

// part adds one part: text goes on with the block before it when that is of its
// kind, a call is a block of its own and comes whole.
func (r *reader) part(dst []canonical.Event, a *streamed, answer int, b canonical.Block) []canonical.Event {
	switch b.Kind {
	case canonical.Text, canonical.Thinking:
		return a.text(dst, answer, &b)
	case canonical.ToolUse:
		dst = a.end(dst, answer)
		a.called = true
		nameCall(b.Call, r.id, &r.calls)
		head := canonical.Block{Kind: b.Kind, Signature: b.Signature, Call: &canonical.Call{ID: b.Call.ID, Name: b.Call.Name}}
		dst = append(dst, canonical.Event{Kind: canonical.EventBlock, Answer: answer, Index: a.next, Block: &head})
		if args := strings.TrimSpace(string(b.Call.Arguments)); args != "" && args != "null" {
			dst = append(dst, canonical.Event{Kind: canonical.EventArgs, Answer: answer, Index: a.next, Text: args})
		}
		a.open = b.Kind
		return a.end(dst, answer)
	case canonical.Image, canonical.Audio, canonical.Document:
		dst = a.end(dst, answer)
		dst = append(dst, canonical.Event{Kind: canonical.EventWhole, Answer: answer, Index: a.next, Block: &b})
		a.next++
	}
	return dst
}

// text adds text, and behind it the signature that may come with it or alone.
func (a *streamed) text(dst []canonical.Event, answer int, b *canonical.Block) []canonical.Event {
	if b.Text == "" && b.Signature == "" {
		return dst
	}
	if a.open != b.Kind {
		dst = a.end(dst, answer)
		a.open = b.Kind
		head := canonical.Block{Kind: b.Kind, Summary: b.Summary}
		dst = append(dst, canonical.Event{Kind: canonical.EventBlock, Answer: answer, Index: a.next, Block: &head})
	}
	if b.Text != "" {
		dst = append(dst, canonical.Event{Kind: canonical.EventText, Answer: answer, Index: a.next, Text: b.Text})
	}
	if b.Signature != "" {
		dst = append(dst, canonical.Event{Kind: canonical.EventSign, Answer: answer, Index: a.next, Text: b.Signature})
		dst = a.end(dst, answer) // a signature closes what it signs
	}
	return dst
}

func (a *streamed) end(dst []canonical.Event, answer int) []canonical.Event {
	if a.open == "" {
		return dst
	}
	dst = append(dst, canonical.Event{Kind: canonical.EventBlockEnd, Answer: answer, Index: a.next})
	a.open = ""
	a.next++
	return dst
}

// blocked tells that the prompt was not let through.
func (r *reader) blocked(dst []canonical.Event, f *feedback) []canonical.Event {
	a := r.answer(0)
	if a.finish != "" || a.next > 0 {
		return dst
	}
	dst = append(
		a.end(dst, 0),
		canonical.Event{Kind: canonical.EventBlock, Block: &canonical.Block{Kind: canonical.Refusal}},
		canonical.Event{Kind: canonical.EventText, Text: blockedText(f)},
		canonical.Event{Kind: canonical.EventBlockEnd},
	)
	a.next, a.finish = 1, blockedFinish+f.Reason
	return dst
}

// blockedFinish marks the end of an answer whose prompt was blocked.
const blockedFinish = "blocked:"

// End implements canonical.Ender: the answer is whole when every candidate said
// why it ended.
func (r *reader) End(dst []canonical.Event) []canonical.Event {
	if r.failed || len(r.answers) == 0 {
		return dst
	}
	for _, a := range r.answers {
		if a.finish == "" {
			return dst
		}
	}
	for i, a := range r.answers {
		dst = a.end(dst, i)
		stop, native := stopOf(a.finish, a.called), a.finish
		if reason, ok := strings.CutPrefix(a.finish, blockedFinish); ok {
			stop, native = canonical.StopFilter, reason
		}
		dst = append(dst, canonical.Event{Kind: canonical.EventStop, Answer: i, Stop: stop, Native: native})
	}
	if r.usage.Reported {
		dst = append(dst, canonical.Event{Kind: canonical.EventUsage, Usage: &r.usage})
	}
	return append(dst, canonical.Event{Kind: canonical.EventEnd})
}
