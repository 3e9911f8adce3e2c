package canonical

import "unicode/utf8"

// deltaSize is how many bytes of a text one event of Events carries.
const deltaSize = 256

// Events tells a whole answer as a stream would have: an Accumulator that takes
// them holds the answer again, but for log probabilities.
func (r *Reply) Events() []Event {
	usage := r.Usage
	es := append(make([]Event, 0, 16),
		Event{Kind: EventStart, ID: r.ID, Model: r.Model, Created: r.Created}, Event{Kind: EventUsage, Usage: &usage})
	for i := range r.Choices {
		c := &r.Choices[i]
		for at := range c.Blocks {
			es = c.Blocks[at].events(es, c.Index, at)
		}
		es = append(es, Event{Kind: EventStop, Answer: c.Index, Stop: c.Stop, Native: c.Native, Sequence: c.Sequence})
	}
	return append(es, Event{Kind: EventUsage, Usage: &usage}, Event{Kind: EventEnd})
}

func (b *Block) events(es []Event, answer, index int) []Event {
	here := func(e Event) Event { e.Answer, e.Index = answer, index; return e }
	switch b.Kind {
	case Text, Thinking, Refusal, ToolUse:
	default:
		whole := *b
		return append(es, here(Event{Kind: EventWhole, Block: &whole}), here(Event{Kind: EventBlockEnd}))
	}
	begun := *b
	begun.Text, begun.Signature = "", ""
	kind, rest := EventText, b.Text
	if b.Call != nil {
		call := *b.Call
		kind, rest, call.Arguments = EventArgs, string(call.Arguments), nil
		begun.Call, begun.Signature = &call, b.Signature
	}
	es = append(es, here(Event{Kind: EventBlock, Block: &begun}))
	for len(rest) > 0 {
		n := cut(rest)
		es = append(es, here(Event{Kind: kind, Text: rest[:n]}))
		rest = rest[n:]
	}
	if b.Call == nil && b.Signature != "" {
		es = append(es, here(Event{Kind: EventSign, Text: b.Signature}))
	}
	return append(es, here(Event{Kind: EventBlockEnd}))
}

// cut is where a piece of a text ends: between two characters.
func cut(s string) int {
	if len(s) <= deltaSize {
		return len(s)
	}
	n := deltaSize
	for n > deltaSize-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}
