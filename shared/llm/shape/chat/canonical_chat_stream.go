package chat

import (
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// streamWriter writes one stream of chunks.
type streamWriter struct {
	head     []byte // of every chunk, up to its choices
	usage    canonical.Usage
	asked    bool // usage is wanted, in a chunk of its own before the end
	legacy   bool // the client speaks of functions
	answers  []*spoken
	finished bool
}

func newStreamWriter(r *canonical.Request) *streamWriter {
	w := &streamWriter{legacy: isLegacy(r)}
	if r != nil {
		w.asked = r.UsageInStream != nil && *r.UsageInStream
	}
	return w
}

// Write implements canonical.Writer.
func (w *streamWriter) Write(dst []byte, e *canonical.Event) []byte {
	if w.finished {
		return dst
	}
	switch e.Kind {
	case canonical.EventStart:
		w.start(e)
	case canonical.EventBlock:
		return w.answer(e.Answer).begin(dst, e)
	case canonical.EventText:
		return w.answer(e.Answer).say(dst, e)
	case canonical.EventArgs:
		return w.answer(e.Answer).arguments(dst, e)
	case canonical.EventSign:
		return w.answer(e.Answer).sign(dst, e)
	case canonical.EventWhole:
		return w.answer(e.Answer).whole(dst, e)
	case canonical.EventBlockEnd:
		return w.answer(e.Answer).close(dst, e)
	case canonical.EventStop:
		return w.answer(e.Answer).finish(dst, e.Stop, e.Native)
	case canonical.EventUsage:
		w.usage.Merge(e.Usage)
	case canonical.EventError:
		return w.fail(dst, e.Err)
	case canonical.EventEnd:
		return w.end(dst)
	}
	return dst
}

// start writes what all chunks have in common, once.
func (w *streamWriter) start(e *canonical.Event) {
	if w.head != nil {
		return
	}
	o := begin(append(make([]byte, 0, 160), "data: "...))
	o.text("id", replyID(e.ID))
	o.text("object", "chat.completion.chunk")
	o.int("created", created(e.Created))
	o.text("model", e.Model)
	w.head = append(o.b, `,"choices":[`...)
}

// chunk opens a chunk.
func (w *streamWriter) chunk(dst []byte) []byte {
	if w.head == nil {
		w.start(&canonical.Event{ID: "0"})
	}
	return append(dst, w.head...)
}

// closeChunk closes it: while usage is wanted and not there yet, it is null.
func (w *streamWriter) closeChunk(dst []byte) []byte {
	dst = append(dst, ']')
	if w.asked {
		dst = append(dst, `,"usage":null`...)
	}
	return append(dst, "}\n\n"...)
}

func (w *streamWriter) fail(dst []byte, p *canonical.Problem) []byte {
	w.finished = true
	return sse.AppendData(dst, nested(nil, func(o *object) { writeProblem(o, p) }))
}

// end writes what is missing of a whole answer: reasons, usage, [DONE].
func (w *streamWriter) end(dst []byte) []byte {
	if len(w.answers) == 0 {
		w.answer(0)
	}
	for _, a := range w.answers {
		dst = a.finish(dst, canonical.StopEnd, "")
	}
	if w.asked && w.usage.Reported {
		o := &object{b: append(w.chunk(dst), ']'), began: true}
		o.in("usage", func(o *object) { writeUsage(o, &w.usage) })
		dst = append(o.end(), "\n\n"...)
	}
	w.finished = true
	return append(dst, sse.Done...)
}

func (w *streamWriter) answer(index int) *spoken {
	for _, a := range w.answers {
		if a.index == index {
			return a
		}
	}
	a := &spoken{streamWriter: w, index: index}
	w.answers = append(w.answers, a)
	return a
}
