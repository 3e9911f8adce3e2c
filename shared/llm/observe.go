package llm

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/guard"
)

// Observer hears of each call once, when it has ended and its row is made. It
// must not block, and keeps nothing of req beyond the call: buffers are used
// again.
type Observer interface {
	Observe(req *Request, r *dcoder.UsageRecord)
}

// Try is one call of a provider: until its first content for a stream, its
// whole answer else.
type Try struct {
	Begin, End time.Time
	Dialect    string
	Model      string // the provider's own id
	Code       string // of the failure; "" for none
}

// mostTries bounds the tries that are kept one by one; the last place is the
// latest try's.
const mostTries = 4

// Steps is how a call went on its way.
type Steps struct {
	AdmitBegin, AdmitEnd time.Time     // of the latest admission; zero: none
	Admitting            time.Duration // of all admissions
	Calling              time.Duration // of all tries
	Pausing              time.Duration // between them, not counting admissions
	Ready                time.Time     // the first content or the whole answer was there; zero: never
	Answer               []byte        // a whole answer, masked by policy; nil where nobody wants contents

	tries    [mostTries]Try
	n        int
	admitted time.Duration // Admitting when the latest try ended
}

// Tries returns the tries that are kept, oldest first.
func (s *Steps) Tries() []Try { return s.tries[:min(s.n, mostTries)] }

// Own is the time that the gateway took for itself, from reading the call until
// its answer was ready: without the provider, and without pauses that it asked
// for.
func (s *Steps) Own(begun, now time.Time) time.Duration {
	if !s.Ready.IsZero() {
		now = s.Ready
	}
	return max(now.Sub(begun)-s.Calling-s.Pausing, 0)
}

// Steps returns how the call went so far.
func (r *Request) Steps() *Steps { return &r.steps }

// Under is the HTTP request that the call came in, nil when there was none.
func (r *Request) Under() *dcoder.Request { return r.under }

// observe tells of a call's end.
func (c *Coats) observe(req *Request, r *dcoder.UsageRecord) {
	if c.Observer != nil {
		c.Observer.Observe(req, r)
	}
}

// ask is the ledger's Admit, timed.
func (c *Coats) ask(ctx context.Context, req *Request) (Verdict, error) {
	s := &req.steps
	s.AdmitBegin = time.Now()
	v, err := c.Ledger.Admit(ctx, &req.Admission)
	s.AdmitEnd = time.Now()
	s.Admitting += s.AdmitEnd.Sub(s.AdmitBegin)
	return v, err
}

// ready notes that there is something to answer, and returns how long that took,
// milliseconds. A whole answer is kept where the tenant wants contents.
func (r *Request) ready(rep *Reply) int64 {
	s := &r.steps
	s.Ready = time.Now()
	if t := r.Snapshot.Tracing; t != nil && t.Contents && rep.Body != nil {
		s.Answer = rep.Body.B
	}
	return s.Ready.Sub(r.Begun).Milliseconds()
}

// tried is the innermost coat: it times the provider.
type tried struct{ next Model }

// Complete implements Model.
func (t tried) Complete(ctx context.Context, req *Request) (*Reply, error) {
	s, c := &req.steps, req.Candidate()
	begin := time.Now()
	if s.n > 0 {
		s.Pausing += begin.Sub(s.tries[min(s.n, mostTries)-1].End) - (s.Admitting - s.admitted)
	}
	s.n++
	now := &s.tries[min(s.n, mostTries)-1]
	*now = Try{Begin: begin, Dialect: c.Grant.Dialect, Model: c.Model}
	rep, err := t.next.Complete(ctx, req)
	now.End = time.Now()
	s.Calling += now.End.Sub(begin)
	s.admitted = s.Admitting
	if err != nil {
		now.Code = dcoder.AsError(err).Code
	}
	return rep, err
}

// coolings counts the pauses that deployments were given in this process.
var coolings atomic.Int64

// Coolings is how often a deployment was left alone from then on.
func Coolings() int64 { return coolings.Load() }

// Redacted returns a body with what guardrails know of secrets and personal data
// masked, whatever the policy says: for what leaves the platform. raw is not
// changed.
func Redacted(raw []byte) []byte {
	found := guard.Body(raw, guard.Secrets|guard.PII, nil)
	return appendMasked(make([]byte, 0, len(raw)), raw, found)
}
