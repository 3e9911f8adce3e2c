package llm

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// admit asks the ledger for room, proves by its answer that the snapshot is the
// newest, and keeps the reservation alive while the call runs.
type admit struct {
	next Model
	*Coats
}

// Complete implements Model.
func (a admit) Complete(ctx context.Context, req *Request) (*Reply, error) {
	if err := a.admit(ctx, req); err != nil {
		return nil, err
	}
	inner, cancel := context.WithCancelCause(ctx)
	b := a.newBeat(inner, cancel, req)
	rep, err := a.next.Complete(inner, req)
	if err != nil {
		err = ended(inner, err)
		b.stop()
		return nil, err
	}
	if rep.Stream == nil {
		b.stop()
		return rep, nil
	}
	rep.Stream = &admitted{rep.Stream, b}
	return rep, nil
}

// admissions bounds how often changes under way may send a call back.
const admissions = 4

var errUnsettled = dcoder.Unavailable("configuration_changing", "the configuration of this tenant is changing; try again", time.Second, nil)

// admit returns nil when the call may go on, under the newest snapshot.
func (a admit) admit(ctx context.Context, req *Request) error {
	for range admissions {
		req.prepare()
		a.shelve(req)
		verdict, err := a.ask(ctx, req)
		if err != nil {
			return a.blind(ctx, req, err)
		}
		req.Verdict = verdict
		a.look(ctx, req)
		changed, err := a.refresh(ctx, req)
		if err != nil {
			return err
		}
		if !changed {
			if !verdict.Admitted {
				return a.orKept(ctx, req)
			}
			return a.priced(req)
		}
	}
	return errUnsettled
}

// refresh reports whether a newer snapshot changed what the call was admitted
// under; the call then needs another admission, and has given this one back.
func (a admit) refresh(ctx context.Context, req *Request) (changed bool, err error) {
	v := &req.Verdict
	snap, err := a.Fresh.Fresh(ctx, req.Snapshot, v.TenantGen, v.KeyGen, v.Dirty)
	if err != nil || snap == req.Snapshot {
		return false, err
	}
	if req.hop != nil {
		return false, errUnsettled // a failover is not planned anew; its failure is answered
	}
	limits, amounts, entry := req.Admission.Limits, req.Admission.Amounts, req.Admission.Entry
	req.Snapshot = snap
	if !snap.Principal.May(dcoder.ModelsUse) {
		return false, dcoder.Forbidden("permission_denied", "this key lacks the permission %s", dcoder.ModelsUse)
	}
	if err := (plan{Coats: a.Coats}).resolve(req); err != nil {
		return false, err
	}
	a.shelve(req)
	if entry == req.Admission.Entry && amounts == req.reserve() && slices.EqualFunc(limits, req.limits(), sameLimit) {
		return false, nil
	}
	a.release(req)
	return true, nil
}

func sameLimit(a, b dcoder.Limit) bool {
	return a.Scope == b.Scope && a.Subject == b.Subject && a.Model == b.Model && a.Metric == b.Metric && a.Window == b.Window &&
		a.Max == b.Max && a.Action == b.Action && slices.Equal(a.Alerts, b.Alerts) && slices.Equal(a.Raises, b.Raises)
}

// release gives an admission back without a row. The call goes on under an id
// of its own, since the ledger answers the same id with the first verdict.
func (a admit) release(req *Request) {
	a.giveUp(req)
	if req.Verdict.Admitted {
		old := req.Admission
		a.Ledger.Settle(&Settlement{Admission: &old, Verdict: req.Verdict, Release: true})
	}
	req.ID, req.Verdict = dcoder.NewID(), Verdict{}
}

// priced refuses a call whose cost nobody knows where money is a hard limit.
func (a admit) priced(req *Request) error {
	if !req.asked.strict || req.cache.hit != nil {
		return nil
	}
	for i := range req.Candidates {
		if req.Candidates[i].Price.Free() {
			return &dcoder.Error{
				Status: 403, Code: "model_not_priced", Field: "model", NoRetry: true,
				Message: "a budget denies calls above it, and the price of " + quoted(req.Candidates[i].Model) + " is not known: set a price for it",
			}
		}
	}
	return nil
}

// blind decides while the ledger cannot be reached: by the tenant's policy.
func (a admit) blind(ctx context.Context, req *Request, err error) error {
	if ctx.Err() != nil {
		return ended(ctx, err)
	}
	if req.hop != nil {
		return err // its ceiling cannot be held
	}
	req.Degraded = true
	if req.Snapshot.Tenant.RedisDown == "open" {
		return local.take(&req.Admission, time.Now())
	}
	var public *dcoder.Error
	if errors.As(err, &public) {
		return public
	}
	slog.WarnContext(ctx, "the ledger cannot be reached", "error", err)
	return dcoder.Unavailable("ledger_unavailable", "limits cannot be checked just now; try again", time.Second, err)
}

// prepare builds the admission anew from the request's snapshot.
func (r *Request) prepare() {
	r.intent = r.record()
	r.Admission = Admission{
		ID: r.ID, Tenant: r.Principal.Tenant, Key: r.Principal.Key,
		Limits: r.limits(), TimeZone: r.Snapshot.Tenant.TimeZone,
		Amounts: r.reserve(), Expires: time.Minute, Intent: &r.intent,
	}
	r.intent.Tokens.Input, r.intent.Estimated = r.input, true
}
