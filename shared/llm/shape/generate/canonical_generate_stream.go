package generate

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// writer writes one stream: an event for each piece of text and each whole call,
// and a last one that says why each answer ended and what was used.
type writer struct {
	id, model string
	args      map[[2]int]*canonical.Block
	thought   map[[2]int]bool
	stops     []canonical.Event
	usage     canonical.Usage
}

// Write implements canonical.Writer.
func (w *writer) Write(dst []byte, e *canonical.Event) []byte {
	at := [2]int{e.Answer, e.Index}
	switch e.Kind {
	case canonical.EventStart:
		w.id, w.model = e.ID, e.Model
		w.args, w.thought = map[[2]int]*canonical.Block{}, map[[2]int]bool{}
	case canonical.EventBlock:
		w.thought[at] = e.Block.Kind == canonical.Thinking
		if e.Block.Call != nil {
			call := *e.Block.Call
			w.args[at] = &canonical.Block{Kind: canonical.ToolUse, Call: &call, Signature: e.Block.Signature}
		}
	case canonical.EventText:
		kind := canonical.Text
		if w.thought[at] {
			kind = canonical.Thinking
		}
		return w.event(dst, e.Answer, &canonical.Block{Kind: kind, Text: e.Text}, nil)
	case canonical.EventArgs:
		if b := w.args[at]; b != nil {
			b.Call.Arguments = append(b.Call.Arguments, e.Text...)
		}
	case canonical.EventSign:
		if b := w.args[at]; b != nil {
			b.Signature = e.Text
			return dst
		}
		return w.event(dst, e.Answer, &canonical.Block{Kind: canonical.Text, Signature: e.Text}, nil)
	case canonical.EventWhole:
		return w.event(dst, e.Answer, e.Block, nil)
	case canonical.EventBlockEnd:
		if b := w.args[at]; b != nil {
			delete(w.args, at)
			return w.event(dst, e.Answer, b, nil)
		}
	case canonical.EventStop:
		w.stops = append(w.stops, *e)
	case canonical.EventUsage:
		w.usage = *e.Usage
	case canonical.EventError:
		return append(append(append(dst, "data: "...), errorBody(e.Err)...), "\r\n\r\n"...)
	case canonical.EventEnd:
		return w.end(dst)
	}
	return dst
}

// event writes one answer with one part, or with the end of its candidate.
func (w *writer) event(dst []byte, answer int, b *canonical.Block, stop *canonical.Event) []byte {
	out := requestWriter{r: &canonical.Request{}, o: &canonical.Options{}, native: true}
	out.b = append(dst, "data: {\"candidates\":[{\"content\":{\"role\":\"model\""...)
	var blocks []canonical.Block
	if b != nil {
		blocks = []canonical.Block{*b}
	}
	if out.parts(blocks, false) != nil {
		return dst
	}
	out.close('}')
	if stop != nil {
		out.member("finishReason", finishOf(&canonical.Answer{Stop: stop.Stop}, ""))
	}
	out.key("index")
	out.int(int64(answer))
	out.b = append(out.b, "}]"...)
	if stop != nil {
		out.usage(&w.usage, false)
	}
	if w.model != "" {
		out.member("modelVersion", w.model)
	}
	if w.id != "" {
		out.member("responseId", w.id)
	}
	return append(out.b, "}\r\n\r\n"...)
}

func (w *writer) end(dst []byte) []byte {
	for i := range w.stops {
		dst = w.event(dst, w.stops[i].Answer, nil, &w.stops[i])
	}
	return dst
}

func errorBody(p *canonical.Problem) []byte {
	code := p.Status
	if code == 0 {
		code = 500
	}
	b, _ := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": p.Message, "status": p.Type}}) // plain values
	return b
}
