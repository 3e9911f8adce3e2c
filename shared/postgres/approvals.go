package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Approvals keeps requests for more room than a limit has. An approved one is
// part of the snapshots that are built from then on, until its time is over.
type Approvals struct{ d *Databases }

// NewApprovals returns the store on d.
func NewApprovals(d *Databases) *Approvals { return &Approvals{d} }

const approvalColumns = `id::text, scope, subject, model, metric, "window", amount, reason, ` + stateNow + ` AS state, requester, decider, note, created, decided, until`

// stateNow is the state by the clock: what is over is so before the sweep says it.
const stateNow = `CASE WHEN state IN ('pending', 'approved') AND until <= now() THEN 'expired' ELSE state END`

func scanApproval(row pgx.CollectableRow) (a dcoder.Approval, err error) {
	var decided *time.Time
	err = row.Scan(&a.ID, &a.Scope, &a.Subject, &a.Model, &a.Metric, &a.Window, &a.Amount, &a.Reason, &a.State, &a.Requester,
		&a.Decider, &a.Note, &a.Created, &decided, &a.Until)
	a.Created, a.Until, a.Decided = a.Created.UTC(), a.Until.UTC(), timeOf(decided)
	return a, err
}

// Request writes a new request. 404 when there is no limit that it is of.
func (s *Approvals) Request(ctx context.Context, tenant string, a dcoder.Approval) error {
	return s.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		if err := findLimit(ctx, tx, a.Of()); err != nil {
			return told{}, err
		}
		_, err := tx.Exec(ctx, `
INSERT INTO approvals (id, scope, subject, model, metric, "window", amount, reason, state, requester, created, until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, $11)`,
			a.ID, a.Scope, a.Subject, a.Model, a.Metric, a.Window, a.Amount, a.Reason, a.Requester, a.Created, a.Until)
		if err != nil {
			return told{}, fmt.Errorf("write approval: %w", err)
		}
		return toldApproval("requested", nil, a), nil
	})
}

// findLimit refuses what is of no limit that holds for the subject.
func findLimit(ctx context.Context, tx pgx.Tx, l dcoder.Limit) error {
	var there bool
	err := tx.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM limits WHERE scope = $1 AND subject IN ($2, '') AND model = $3 AND metric = $4 AND "window" = $5)`,
		l.Scope, l.Subject, l.Model, l.Metric, l.Window).Scan(&there)
	if err != nil {
		return fmt.Errorf("find limit: %w", err)
	}
	if !there {
		return dcoder.NotFound("limit", string(l.Scope)+"/"+l.Subject+"/"+l.Model+"/"+string(l.Metric)+"/"+string(l.Window))
	}
	return nil
}

func toldApproval(action string, before any, after dcoder.Approval) told {
	return told{
		Change: Change{Action: "approval." + action, Object: "approval", ID: after.ID, Before: before, After: after},
		event:  dcoder.ApprovalChanged{Approval: after},
	}
}

// Decide approves or rejects a pending request; an approved one may be rejected
// again or ended, which takes it back. 409 when it was decided otherwise or is over.
func (s *Approvals) Decide(ctx context.Context, tenant string, in dcoder.Approval) (after dcoder.Approval, err error) {
	err = s.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		before, err := oneApproval(ctx, tx, in.ID, ` FOR UPDATE`)
		if err != nil {
			return told{}, err
		}
		after = before
		if before.State == in.State {
			return told{}, nil
		}
		if before.State != dcoder.ApprovalPending && (before.State != dcoder.ApprovalApproved || in.State == dcoder.ApprovalApproved) {
			return told{}, dcoder.Conflict("approval_decided", "the request is %s already", before.State)
		}
		after.State, after.Note, after.Decider, after.Decided = in.State, in.Note, in.Decider, in.Decided
		if in.State == dcoder.ApprovalApproved {
			after.Until = in.Until
		}
		if err := writeApproval(ctx, tx, &after); err != nil {
			return told{}, err
		}
		return toldApproval(string(in.State), before, after), nil
	})
	return after, err
}

func writeApproval(ctx context.Context, tx pgx.Tx, a *dcoder.Approval) error {
	_, err := tx.Exec(ctx, `UPDATE approvals SET state = $2, note = $3, decider = $4, decided = $5, until = $6 WHERE id = $1`,
		a.ID, a.State, a.Note, a.Decider, a.Decided, a.Until)
	if err != nil {
		return fmt.Errorf("write approval: %w", err)
	}
	return nil
}

func oneApproval(ctx context.Context, tx pgx.Tx, id, lock string) (dcoder.Approval, error) {
	rows, err := tx.Query(ctx, `SELECT `+approvalColumns+` FROM approvals WHERE id::text = $1`+lock, id)
	if err != nil {
		return dcoder.Approval{}, fmt.Errorf("read approval: %w", err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanApproval)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, dcoder.NotFound("approval", id)
	}
	return a, err
}

// List returns approvals, newest first, after a position; of one requester where
// one is named, in one state where one is.
func (s *Approvals) List(ctx context.Context, tenant, requester string, state dcoder.ApprovalState, after dcoder.Position, limit int) (page []dcoder.Approval, err error) {
	at := after.At
	if after.ID == "" {
		at = time.Now().AddDate(100, 0, 0)
		after.ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
	}
	err = s.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+approvalColumns+` FROM approvals
WHERE (created, id) < ($1, $2::uuid) AND ($3 = '' OR requester = $3) AND ($4 = '' OR `+stateNow+` = $4) ORDER BY created DESC, id DESC LIMIT $5`,
			at, after.ID, requester, string(state), limit)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, scanApproval)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	return page, nil
}

// Get returns one approval.
func (s *Approvals) Get(ctx context.Context, tenant, id string) (a dcoder.Approval, err error) {
	err = s.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		a, err = oneApproval(ctx, tx, id, "")
		return err
	})
	return a, err
}

// Expire writes down which approvals are over by time, each with its record and
// its event, and returns how many. The limits themselves know when a raise ends.
func (s *Approvals) Expire(ctx context.Context, tenant string) (n int, err error) {
	over, err := s.over(ctx, tenant)
	if err != nil {
		return 0, err
	}
	for _, id := range over {
		err := s.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
			a, err := oneApproval(ctx, tx, id, ` AND state IN ('pending', 'approved') FOR UPDATE`)
			if err != nil || a.State != dcoder.ApprovalExpired {
				return told{}, err
			}
			_, err = tx.Exec(ctx, `UPDATE approvals SET state = 'expired' WHERE id = $1`, id)
			n++
			return toldApproval("expired", nil, a), err
		})
		if err != nil && dcoder.AsError(err).Status != 404 {
			return n, fmt.Errorf("expire approval %s: %w", id, err)
		}
	}
	return n, nil
}

func (s *Approvals) over(ctx context.Context, tenant string) (ids []string, err error) {
	err = s.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id::text FROM approvals WHERE state IN ('pending', 'approved') AND until <= now() LIMIT 1000`)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

// raise is what was approved on top of a limit.
type raise struct {
	dcoder.Limit
	By    int64     `json:"by"`
	Until time.Time `json:"until"`
}

func readRaises(ctx context.Context, tx pgx.Tx) ([]raise, error) {
	rows, err := tx.Query(ctx, `SELECT scope, subject, model, metric, "window", amount, until FROM approvals WHERE state = 'approved' AND until > now()`)
	if err != nil {
		return nil, fmt.Errorf("read what was approved: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r raise, err error) {
		err = row.Scan(&r.Scope, &r.Subject, &r.Model, &r.Metric, &r.Window, &r.By, &r.Until)
		r.Until = r.Until.UTC()
		return r, err
	})
}

// raiseLimits puts what was approved on the limits that it is of.
func raiseLimits(limits []dcoder.Limit, raises []raise) {
	for _, r := range raises {
		for i := range limits {
			l := &limits[i]
			if l.Scope == r.Scope && l.Subject == r.Subject && l.Model == r.Model && l.Metric == r.Metric && l.Window == r.Window {
				l.Raises = append(l.Raises, dcoder.Raise{By: r.By, Until: r.Until})
			}
		}
	}
}
