package llm

import (
	"bytes"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

type protocol = canonical.Protocol

// assemble makes a whole answer of a stream, in the shape that it was asked in;
// raw is the question.
func assemble(kind Kind, p protocol, log, raw []byte, e *entry) ([]byte, bool) {
	if kind == Completion {
		return assembleText(log)
	}
	if p == nil {
		return nil, false
	}
	r, err := p.ReadRequest(raw)
	if err != nil {
		return nil, false
	}
	a, ok := accumulate(p, log)
	if !ok {
		return nil, false
	}
	if !a.Usage.Reported {
		a.Usage.Tokens, a.Usage.Reported = e.Tokens, true
	}
	body, err := p.WriteReply(a, r)
	return body, err == nil
}

// accumulate reads a whole stream.
func accumulate(p protocol, log []byte) (*canonical.Reply, bool) {
	var in sse.Reader
	in.Reset(bytes.NewReader(log), 0)
	reader, acc := p.NewReader(), canonical.Accumulator{}
	var es []canonical.Event
	for !acc.Ended() {
		e, err := in.Next()
		if err != nil {
			return nil, false
		}
		if !e.HasData {
			continue
		}
		if es, err = reader.Read(es[:0], e); err != nil {
			return nil, false
		}
		for i := range es {
			acc.Add(&es[i])
		}
	}
	return acc.Reply(), true
}

// worth returns a whole answer when it is one to give again: it came to its own
// good end, refuses nothing, and calls no tools unless those are kept too.
func worth(kind Kind, p protocol, log, raw []byte, stream, calls bool, e *entry) (body []byte, ok bool) {
	body = log
	if stream {
		if body, ok = assemble(kind, p, log, raw, e); !ok {
			return nil, false
		}
	}
	switch {
	case kind == Embedding:
		return body, true
	case kind == Completion:
		return body, endedWell(body)
	case p == nil:
		return nil, false
	}
	a, err := p.ReadReply(body)
	return body, err == nil && good(a, calls)
}

func good(a *canonical.Reply, calls bool) bool {
	some := false
	for i := range a.Choices {
		c := &a.Choices[i]
		if c.Stop != canonical.StopEnd && c.Stop != canonical.StopSequence && (c.Stop != canonical.StopTools || !calls) {
			return false
		}
		for j := range c.Blocks {
			b := &c.Blocks[j]
			if b.Kind == canonical.Refusal || b.Call != nil && !calls {
				return false
			}
			some = some || b.Text != "" || b.Kind != canonical.Text
		}
	}
	return some
}
