package llm

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// failover takes a call that failed before any content to another provider or
// another model of its alias, where the tenant's policy lets it and while the
// money for that lasts. It stands around admission: such a call is admitted anew,
// under one limit more, so that its ceiling is as exact as any budget.
type failover struct {
	next Model
	*Coats
}

// mostHops bounds to how many other services one call goes.
const mostHops = 3

// hop is one try elsewhere.
type hop struct {
	limits []dcoder.Limit
	from   dcoder.Target
	to     dcoder.Target
	reason string
	begun  time.Time
}

// Complete implements Model.
func (f failover) Complete(ctx context.Context, req *Request) (*Reply, error) {
	rep, err := f.try(ctx, req)
	if err == nil || len(req.rest) == 0 || !f.may(ctx, req, err) {
		return rep, err
	}
	return f.elsewhere(ctx, req, err)
}

// try spares the ledger a call that nobody can serve just now.
func (f failover) try(ctx context.Context, req *Request) (*Reply, error) {
	if err := cooling(req, time.Now()); err != nil {
		return nil, err
	}
	return f.next.Complete(ctx, req)
}

// may reports whether the call may go elsewhere: the policy wants it, the failure
// was the service's, and the ledger can hold the ceiling.
func (f failover) may(ctx context.Context, req *Request, err error) bool {
	p := &req.Snapshot.Tenant.Failover
	if !p.Enabled || p.MaxSpend <= 0 || req.Degraded || ctx.Err() != nil {
		return false
	}
	var failure *Failure
	return isTimeout(dcoder.AsError(err)) || errors.As(err, &failure) && (failure.Retry || ofCredential(failure))
}

// elsewhere tries what is left, service by service.
func (f failover) elsewhere(ctx context.Context, req *Request, failed error) (*Reply, error) {
	for range mostHops {
		to := f.take(req)
		if to == nil {
			break
		}
		rep, tried, err := f.hop(ctx, req, to, failed)
		if err == nil {
			return rep, nil
		}
		if !tried {
			slog.DebugContext(ctx, "a failover was not admitted", "tenant", req.Principal.Tenant, "call", req.ID, "error", err)
			break
		}
		if failed = err; !f.may(ctx, req, err) {
			break
		}
	}
	return nil, failed
}

// take takes the next service that the policy allows and that may be called now.
func (f failover) take(req *Request) []Candidate {
	now, allowed := time.Now(), req.Snapshot.Tenant.Failover.AllowedProviders
	for len(req.rest) > 0 {
		n := 1
		for n < len(req.rest) && sameService(&req.rest[0], &req.rest[n]) {
			n++
		}
		service := req.rest[:n:n]
		req.rest = req.rest[n:]
		service = slices.DeleteFunc(service, func(c Candidate) bool {
			return !slices.Contains(allowed, c.Grant.Name) || c.health.wait(now) > 0
		})
		if len(service) > 0 {
			return service
		}
	}
	return nil
}

// hop makes one try. tried is false when it was not let through to a provider;
// the request then stands as it failed.
func (f failover) hop(ctx context.Context, req *Request, to []Candidate, failed error) (rep *Reply, tried bool, err error) {
	candidates, at, tries := req.Candidates, req.at.Load(), req.Tries
	(admit{Coats: f.Coats}).release(req)
	h := &hop{from: targetOf(req.Candidate()), to: targetOf(&to[0]), reason: dcoder.AsError(failed).Code}
	req.Candidates, req.Dropped, req.hop = to, nil, nil
	req.at.Store(0)
	h.limits = append(slices.Clone(req.Snapshot.Limits), req.Snapshot.Tenant.Failover.Limit())
	req.hop = h
	req.watch.reset()
	rep, err = f.next.Complete(ctx, req)
	if req.Tries == tries {
		req.Candidates, req.hop = candidates, nil
		req.at.Store(at)
		return nil, false, err
	}
	h.end(ctx, f.Coats, req, err)
	return rep, true, err
}

func targetOf(c *Candidate) dcoder.Target {
	return dcoder.Target{Provider: c.Grant.Name, Model: c.Model}
}

// begin tells of the hop when it is let through to a provider.
func (h *hop) begin(ctx context.Context, c *Coats, req *Request) {
	if !h.begun.IsZero() {
		return // a repetition
	}
	h.begun = time.Now()
	c.Events.Send(ctx, req.Principal.Tenant, dcoder.FailoverTriggered{
		Call: req.ID, Model: Shorten(req.Model), From: h.from, To: h.to, Reason: h.reason,
	})
}

// end tells what came of it: an answer began, or why not.
func (h *hop) end(ctx context.Context, c *Coats, req *Request, err error) {
	done := dcoder.FailoverCompleted{Call: req.ID, To: h.to, Answered: err == nil, TookMS: time.Since(h.begun).Milliseconds()}
	if err != nil {
		done.Code = dcoder.AsError(err).Code
	}
	c.Events.Send(ctx, req.Principal.Tenant, done)
}
