package calls

import (
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// clock counts how long the parts of a call took.
func (w *Watch) clock(req *llm.Request, r *dcoder.UsageRecord, provider string) {
	s, now := req.Steps(), time.Now()
	w.own.Of(routeOf(req)).Add(s.Own(req.Begun, now).Microseconds())
	if !s.AdmitBegin.IsZero() {
		w.ledger.Add(s.Admitting.Microseconds())
	}
	if len(s.Tries()) == 0 {
		return
	}
	t := w.times.Of(timeKey{provider, operation(req.Kind)})
	t.total.Add(now.Sub(req.Begun).Microseconds())
	t.provider.Add(s.Calling.Microseconds())
	if r.Stream && !s.Ready.IsZero() {
		t.first.Add(s.Ready.Sub(req.Begun).Microseconds())
	}
	if r.State == dcoder.UsageFinal {
		t.input.Add(r.Tokens.Input)
		t.output.Add(r.Tokens.Output)
	}
}
