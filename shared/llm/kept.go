package llm

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// orKept lets a call that was refused through when its answer is kept: that takes
// a request, and neither tokens nor money.
func (a admit) orKept(ctx context.Context, req *Request) error {
	refusal := refuse(&req.Verdict)
	hit, x := req.cache.hit, req.Verdict.Exceeded
	if hit == nil || x == nil || x.Limit.Metric == dcoder.MetricRequests {
		return refusal
	}
	refused := req.Verdict
	req.ID = dcoder.NewID()
	req.intent.ID = req.ID
	ask := &req.Admission
	ask.ID, ask.Entry, ask.Flight = req.ID, "", ""
	ask.Limits = views.of(ask.Limits, view{counts: true})
	ask.Amounts = Amounts{Requests: 1}
	v, err := a.ask(ctx, req)
	if err != nil {
		return refusal
	}
	req.Verdict = v
	if !v.Admitted {
		return refuse(&req.Verdict)
	}
	req.Verdict.Room = refused.Room
	req.cache.age = max(v.Time.Sub(hit.Asked), time.Duration(0))
	return nil
}
