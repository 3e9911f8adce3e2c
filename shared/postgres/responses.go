package postgres

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Responses keeps answers of /v1/responses in their tenant's database, sealed
// under the tenant's data key, until they expire.
type Responses struct{ d *Databases }

// NewResponses returns the store on d.
func NewResponses(d *Databases) *Responses { return &Responses{d} }

// Ready reports whether the tenant's answers can be kept and found.
func (r *Responses) Ready(ctx context.Context, tenant string) error {
	return r.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT 1")
		return err
	})
}

// Keep writes an answer down; one of the same id and owner is replaced.
func (r *Responses) Keep(ctx context.Context, tenant string, s *dcoder.StoredResponse) error {
	if s.Previous == s.ID {
		return fmt.Errorf("keep response %s: it would continue itself", s.ID)
	}
	box, err := r.d.box(ctx, tenant)
	if err != nil {
		return err
	}
	input, err := box.Seal(responseObject(s.Owner, s.ID, "input"), s.Input)
	if err != nil {
		return err
	}
	response, err := box.Seal(responseObject(s.Owner, s.ID, "response"), s.Response)
	if err != nil {
		return err
	}
	items := s.Items
	if items == nil {
		items = []string{}
	}
	return r.d.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
INSERT INTO responses (owner, id, previous, items, bytes, input, response, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (owner, id) DO UPDATE SET previous = excluded.previous, items = excluded.items, bytes = excluded.bytes,
    input = excluded.input, response = excluded.response, created = excluded.created, expires = excluded.expires`,
			s.Owner, s.ID, s.Previous, items, len(s.Input)+len(s.Response), input, response, s.Created, s.Expires)
		if err != nil {
			return fmt.Errorf("keep response: %w", err)
		}
		return nil
	})
}

func responseObject(owner, id, part string) string {
	return "response/" + owner + "/" + id + "/" + part
}

const responseColumns = `r.owner, r.id, r.previous, r.items, r.input, r.response, r.created, r.expires`

// Find returns an owner's answer, nil when there is none.
func (r *Responses) Find(ctx context.Context, tenant, owner, id string) (*dcoder.StoredResponse, error) {
	found, err := r.query(ctx, tenant, `SELECT `+responseColumns+` FROM responses r WHERE owner = $1 AND id = $2 AND expires > now()`, owner, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// mostTurns bounds a conversation.
const mostTurns = 1000

// errBrokenChain says that an answer is there and one that it continues is not.
var errBrokenChain = &dcoder.Error{
	Status: http.StatusNotFound, Code: "previous_response_not_found", Field: "previous_response_id", NoRetry: true,
	Message: "an earlier answer of this conversation is gone: it was deleted, or has expired",
}

// errLongChain says that a conversation is longer than the caller takes.
var errLongChain = &dcoder.Error{
	Status: http.StatusBadRequest, Code: "conversation_too_long", Field: "previous_response_id", NoRetry: true,
	Message: "this conversation is too long to be continued by previous_response_id; send what matters of it as input",
}

const responseChain = `
WITH RECURSIVE chain AS (
    SELECT id, previous, bytes, 1 AS depth FROM responses WHERE owner = $1 AND id = $2 AND expires > now()
  UNION ALL
    SELECT r.id, r.previous, r.bytes, c.depth + 1 FROM chain c
    JOIN responses r ON r.owner = $1 AND r.id = c.previous AND r.expires > now() WHERE c.depth < $3
) `

// Chain returns an owner's answer behind all that it continues, oldest first;
// nothing when there is no such answer. most bounds their bytes. Errors: 404 when
// an earlier answer is gone, 400 for a conversation that is too long; both name
// previous_response_id.
func (r *Responses) Chain(ctx context.Context, tenant, owner, id string, most int64) (chain []dcoder.StoredResponse, err error) {
	var sealed []sealedResponse
	err = r.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		var turns, bytes int64
		if err := tx.QueryRow(ctx, responseChain+`SELECT count(*), coalesce(sum(bytes), 0) FROM chain`, owner, id, mostTurns).Scan(&turns, &bytes); err != nil {
			return fmt.Errorf("measure a conversation: %w", err)
		}
		if turns >= mostTurns || bytes > most {
			return errLongChain
		}
		rows, err := tx.Query(ctx, responseChain+`SELECT `+responseColumns+` FROM chain c JOIN responses r ON r.owner = $1 AND r.id = c.id ORDER BY c.depth DESC`, owner, id, mostTurns)
		if err != nil {
			return fmt.Errorf("read a conversation: %w", err)
		}
		sealed, err = pgx.CollectRows(rows, scanResponse)
		return err
	})
	if err != nil || len(sealed) == 0 {
		return nil, err
	}
	if sealed[0].Previous != "" {
		return nil, errBrokenChain
	}
	return r.open(ctx, tenant, sealed)
}

// Holding returns the owner's answers that have one of the items.
func (r *Responses) Holding(ctx context.Context, tenant, owner string, items []string) ([]dcoder.StoredResponse, error) {
	return r.query(ctx, tenant, `SELECT `+responseColumns+` FROM responses r WHERE owner = $1 AND items && $2 AND expires > now() ORDER BY created LIMIT `+fmt.Sprint(mostTurns), owner, items)
}

// Forget deletes an owner's answer and reports whether it was there.
func (r *Responses) Forget(ctx context.Context, tenant, owner, id string) (found bool, err error) {
	err = r.d.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM responses WHERE owner = $1 AND id = $2 AND expires > now()`, owner, id)
		found = tag.RowsAffected() > 0
		return err
	})
	return found, err
}

// forgetBatch is how many expired answers one transaction deletes.
const forgetBatch = 500

// ForgetResponses deletes a tenant's expired answers, in batches.
func (d *Databases) ForgetResponses(ctx context.Context, tenant string) error {
	if tenant == dcoder.PlatformTenant {
		return nil // the platform itself has no conversations
	}
	for gone := int64(forgetBatch); gone == forgetBatch; {
		err := d.InTenant(ctx, tenant, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, `DELETE FROM responses WHERE ctid = ANY (ARRAY(SELECT ctid FROM responses WHERE expires < now() LIMIT $1))`, forgetBatch)
			gone = tag.RowsAffected()
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sealedResponse has Input and Response as they stand in the database.
type sealedResponse dcoder.StoredResponse

func scanResponse(row pgx.CollectableRow) (s sealedResponse, err error) {
	err = row.Scan(&s.Owner, &s.ID, &s.Previous, &s.Items, &s.Input, &s.Response, &s.Created, &s.Expires)
	s.Created, s.Expires = s.Created.UTC(), s.Expires.UTC()
	return s, err
}

func (r *Responses) query(ctx context.Context, tenant, statement string, args ...any) ([]dcoder.StoredResponse, error) {
	var sealed []sealedResponse
	err := r.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, statement, args...)
		if err != nil {
			return fmt.Errorf("find responses: %w", err)
		}
		sealed, err = pgx.CollectRows(rows, scanResponse)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.open(ctx, tenant, sealed)
}

// open unseals after the transaction, so that no connection waits for it.
func (r *Responses) open(ctx context.Context, tenant string, sealed []sealedResponse) ([]dcoder.StoredResponse, error) {
	box, err := r.d.box(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := make([]dcoder.StoredResponse, len(sealed))
	for i := range sealed {
		if err := sealed[i].open(box); err != nil {
			return nil, err
		}
		out[i] = dcoder.StoredResponse(sealed[i])
	}
	return out, nil
}

func (s *sealedResponse) open(box *secret.Box) (err error) {
	if s.Input, err = box.Open(responseObject(s.Owner, s.ID, "input"), s.Input); err != nil {
		return err
	}
	s.Response, err = box.Open(responseObject(s.Owner, s.ID, "response"), s.Response)
	return err
}
