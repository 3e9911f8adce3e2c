package calls

import (
	"context"
	"errors"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

// heir settles what a killed process of this machine left in the journal.
type heir struct {
	ledger   llm.Ledger
	straight *llm.Straight
}

const heirPatience = 5 * time.Second

var errNotYet = errors.New("the ledger did not take the settlement yet")

// settle implements the journal's callback: nil when the orphan is safe elsewhere.
func (h heir) settle(o llm.Orphan) error {
	ctx, cancel := context.WithTimeout(context.Background(), heirPatience)
	defer cancel()
	if o.Admission == nil {
		return h.straight.Deliver(ctx, o.Record)
	}
	s, done := o.Settlement(), make(chan struct{})
	s.Done = func() { close(done) }
	h.ledger.Settle(s)
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errNotYet
	}
}

// answers fits the stored answers of Redis to the interface of package llm: a
// nil claim is a nil interface.
type answers struct{ claims *redis.Claims }

// Begin implements llm.Answers.
func (a answers) Begin(ctx context.Context, tenant, key string) (llm.AnswerClaim, []byte, error) {
	claim, sealed, err := a.claims.Begin(ctx, tenant, key)
	if claim == nil {
		return nil, sealed, err
	}
	return claim, sealed, err
}
