package llm

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// meter writes down what a call used: one row, whatever happens to it. It is the
// outermost coat, so that refusals are rows too.
type meter struct {
	next Model
	*Coats
}

// Complete implements Model.
func (m meter) Complete(ctx context.Context, req *Request) (rep *Reply, err error) {
	req.Admission.Tenant, req.Admission.Key = req.Principal.Tenant, req.Principal.Key
	defer func() {
		if p := recover(); p != nil {
			m.settle(req, noMark{}, failed(dcoder.Internal(nil)))
			panic(p)
		}
	}()
	if rep, err = m.next.Complete(ctx, req); err != nil {
		err = ended(ctx, err)
		m.settle(req, noMark{}, m.refusal(req, err))
		return nil, err
	}
	req.firstMS = req.ready(rep)
	if rep.Stream == nil {
		whole := rep.Usage
		status := rep.Status
		behind := rep.closed
		rep.closed = func(err error) {
			m.settle(req, noMark{}, wholeEnd(status, whole, err))
			if behind != nil {
				behind(err)
			}
		}
		return rep, nil
	}
	s := &metered{Stream: rep.Stream, meter: m, ctx: ctx, req: req, mark: noMark{}}
	if !req.Degraded {
		s.mark = m.Journal.Open(&req.Admission, req.Verdict)
	}
	rep.Stream, rep.closed = s, s.settle
	return rep, nil
}

// end is how a call came to its end.
type end struct {
	status int
	code   string
	state  dcoder.UsageState
	usage  Usage
}

func failed(err error) end {
	e := dcoder.AsError(err)
	return end{status: e.Status, code: e.Code, state: dcoder.UsageFailed, usage: Usage{Reported: true}}
}

// refusal is the end of a call that produced nothing. Its input was most likely
// read by the provider when the call was broken off and did not fail there.
func (m meter) refusal(req *Request, err error) end {
	e := failed(err)
	if ClientGone(err) {
		e.state = dcoder.UsageCancelled
	}
	var f *Failure
	if req.Tries > 0 && !errors.As(err, &f) {
		e.usage = Usage{Tokens: dcoder.Tokens{Input: req.input}}
	}
	var b *blockedAnswer
	if errors.As(err, &b) {
		e.usage = b.usage
	}
	return e
}

// wholeEnd is the end of a whole body; err says that the client did not get it.
func wholeEnd(status int, u Usage, err error) end {
	e := end{status: status, state: dcoder.UsageFinal, usage: u}
	if err != nil {
		e.status, e.code, e.state = StatusClientGone, errClientGone.Code, dcoder.UsageCancelled
	}
	return e
}

// settle writes the row and gives the reservation back, once for each call.
func (m meter) settle(req *Request, mark Mark, e end) {
	s := m.settlement(req, e)
	mark.Settled(&s.Record)
	m.hand(req, mark, s)
}

// hand gives a settlement that the journal holds to whoever writes the row.
func (m meter) hand(req *Request, mark Mark, s *Settlement) {
	m.observe(req, &s.Record)
	if req.Degraded {
		local.end(req.ID)
		if m.Spare != nil {
			m.Spare.Keep(s.Record)
		}
		return
	}
	s.Done = mark.Close
	m.Ledger.Settle(s)
}

// settlement is how the call stands when it ends now.
func (m meter) settlement(req *Request, e end) *Settlement {
	s := &Settlement{Admission: &req.Admission, Verdict: req.Verdict, Record: req.record()}
	r := &s.Record
	r.Status, r.ErrorCode, r.State = e.status, e.code, e.state
	if !req.Verdict.Admitted && (!req.Degraded || req.Tries == 0) {
		r.State = dcoder.UsageRefused // it took nothing from any limit
	}
	r.Tokens, r.Estimated = e.usage.Tokens, !e.usage.Reported
	if c := req.Candidate(); c != nil {
		r.ServiceTier = e.usage.ServiceTier
		r.Cost = price.CostIn(c.Price, &r.Tokens, r.ServiceTier)
		r.CostBaseline = r.Cost
		if saved := req.compression.saved(); saved > 0 && r.Tokens.Input > 0 {
			whole := r.Tokens
			whole.Input += saved
			r.CostBaseline = price.CostIn(c.Price, &whole, r.ServiceTier)
		}
	}
	r.Compression = req.compression.outcome()
	if r.Cache = req.cache.outcome(); req.cache.served {
		r.Tokens, r.Cost = dcoder.Tokens{}, 0 // it took a request, and nothing of a provider
	}
	r.FirstTokenMS, r.TotalMS = req.firstMS, time.Since(req.Begun).Milliseconds()
	s.Used = Amounts{Requests: 1, Tokens: r.Tokens.Input + r.Tokens.Output, Money: r.Cost}
	return s
}

// record is the row of a call as far as it is known.
func (r *Request) record() dcoder.UsageRecord {
	p := r.Principal
	u := dcoder.UsageRecord{
		V: 1, ID: r.ID, Attempt: 1, Revision: 1, RequestID: r.RequestID, Time: r.Verdict.Time,
		Tenant: p.Tenant, Platform: p.Platform, Group: p.Group, User: p.User, EndUser: p.EndUser, Key: p.Key,
		Route: r.Route, ModelAsked: r.Model, Stream: r.Stream, Currency: r.Snapshot.Tenant.Currency,
		Retries: max(r.Tries-1, 0), Guard: r.guardDid, Failover: r.hop != nil,
	}
	if u.Time.IsZero() {
		u.Time = r.Begun.UTC()
	}
	if c := r.Candidate(); c != nil {
		u.ModelServed, u.Provider, u.PriceVersion = c.Model, c.Grant.Name, c.Price.Version
	}
	return u
}

// metered is a stream whose pieces are counted before anybody gets them.
type metered struct {
	Stream
	meter meter
	ctx   context.Context //nolint:containedctx // of the call, whose stream this is
	req   *Request
	mark  Mark
	usage *Usage      // reported
	noted *Settlement // of the whole answer, in the journal
	whole bool        // the terminal event came
	err   error
}

// Next implements Stream.
func (s *metered) Next() (Chunk, error) {
	c, err := s.Stream.Next()
	if errors.Is(err, io.EOF) {
		s.whole = true
		return c, io.EOF
	}
	if err != nil {
		s.err = ended(s.ctx, err)
		s.req.broke(err)
		return c, s.err
	}
	if c.Usage != nil {
		s.usage = c.Usage
	}
	if c.Tokens > 0 {
		soFar := dcoder.Tokens{Input: s.req.input, Output: s.req.delivered.Add(c.Tokens)}
		s.mark.Progress(soFar, price.Cost(s.req.Candidate().Price, &soFar))
	}
	if c.Last && s.usage != nil {
		s.noteWhole()
	}
	return c, nil
}

// noteWhole puts the row of a whole answer into the journal before the client
// can see its last event: whoever has all of it is charged what the provider
// reported, also when this process dies right then.
func (s *metered) noteWhole() {
	s.noted = s.meter.settlement(s.req, end{status: 200, state: dcoder.UsageFinal, usage: *s.usage})
	s.mark.Settled(&s.noted.Record)
}

func (s *metered) settle(err error) {
	e := s.end(err)
	if s.noted == nil || e.state != dcoder.UsageFinal {
		s.meter.settle(s.req, s.mark, e)
		return
	}
	s.noted.Record.TotalMS = time.Since(s.req.Begun).Milliseconds()
	s.meter.hand(s.req, s.mark, s.noted)
}

// end tells apart a whole answer, a client that is gone, and a provider that
// broke off; err is what writing to the client said.
func (s *metered) end(err error) end {
	e := end{status: 200, state: dcoder.UsageFinal}
	switch {
	case ClientGone(s.err) || s.err == nil && err != nil:
		e.status, e.code, e.state = StatusClientGone, errClientGone.Code, dcoder.UsageCancelled
	case s.err != nil:
		e = failed(s.err)
	case !s.whole:
		e = failed(dcoder.Internal(nil))
	}
	if tail := s.req.cache.tail; tail != nil {
		s.usage = tail
	}
	if s.usage != nil {
		e.usage = *s.usage
		return e
	}
	e.usage = Usage{Tokens: dcoder.Tokens{Input: s.req.input, Output: s.req.delivered.Load()}}
	return e
}
