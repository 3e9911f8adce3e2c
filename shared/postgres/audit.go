package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Change is what an audit record says: who did what to which object. Before and
// After are what can be read of the object, never a secret; nil: it was not, or
// is not any more.
type Change struct {
	Actor     string // "": whoever the request is identified as, or "system"
	RequestID string // "": the request's
	Action    string // "key.blocked"
	Object    string // "key"
	ID        string
	Before    any
	After     any
}

// Audit writes the record of a change into the transaction that makes it.
func Audit(ctx context.Context, tx pgx.Tx, c Change) error {
	_, err := tx.Exec(ctx, `
INSERT INTO audit_log (id, at, actor, action, object, object_id, before, after, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		dcoder.NewID(), time.Now().UTC(), or(c.Actor, actor(ctx)), c.Action, c.Object, c.ID, c.Before, c.After,
		or(c.RequestID, dcoder.RequestIDOf(ctx)))
	if err != nil {
		return fmt.Errorf("write audit record of %s %s: %w", c.Action, c.ID, err)
	}
	return nil
}

// actor names who asks: a platform owner's key as such, although it acts in the
// tenant that it named.
func actor(ctx context.Context) string {
	p := dcoder.PrincipalOf(ctx)
	switch {
	case p == nil:
		return "system"
	case p.Role == dcoder.RolePlatformOwner:
		return dcoder.PlatformTenant + "/" + p.Key
	case p.Key == "":
		return p.Tenant + "/" + p.User
	}
	return p.Tenant + "/" + p.Key
}
