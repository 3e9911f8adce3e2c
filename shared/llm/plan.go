package llm

import (
	"context"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// plan finds who may serve a call and at what price: aliases, the key's
// permission, the tenant's credentials.
type plan struct {
	next Model
	*Coats
}

// Complete implements Model.
func (p plan) Complete(ctx context.Context, req *Request) (*Reply, error) {
	err := p.resolve(req)
	if err != nil {
		err = p.resolveAnew(ctx, req, err)
	}
	if err != nil {
		return nil, err
	}
	return p.next.Complete(ctx, req)
}

// resolveAnew looks again with the newest snapshot before a model is refused: a
// refused call never reaches the ledger, which would have told that the snapshot
// is old.
func (p plan) resolveAnew(ctx context.Context, req *Request, refusal error) error {
	snap, err := p.Fresh.Renew(ctx, req.Snapshot)
	if err != nil {
		return err
	}
	if snap == req.Snapshot {
		return refusal
	}
	req.Snapshot = snap
	return p.resolve(req)
}

// resolve fills in the candidates anew from the request's snapshot: those of the
// service that is chosen, and behind them what failover may go to.
func (p plan) resolve(req *Request) error {
	req.at.Store(0)
	req.Candidates, req.rest = req.room[:0], nil
	targets := Targets(req.Snapshot, req.Model)
	r := routing{plan: p, req: req, now: req.Begun, all: req.Candidates}
	r.alias(req.Model, targets, 1)
	if len(r.all) == 0 {
		return refuseModel(req.Snapshot, req.Model, len(targets) > 0)
	}
	first := group(r.all)
	req.Candidates, req.rest = r.all[:first], r.all[first:]
	return nil
}

func (p plan) candidate(req *Request, t dcoder.Target) (Candidate, bool) {
	g, ok := req.Snapshot.Providers[t.Provider]
	if !ok {
		return Candidate{}, false
	}
	g.Name = t.Provider
	if !req.brought.lend(&g) {
		return Candidate{}, false
	}
	d := p.Dialects[g.Dialect]
	return Candidate{Grant: g, Model: t.Model, Price: PriceOf(req.Snapshot, t, g.Dialect), Dialect: d}, d != nil
}
