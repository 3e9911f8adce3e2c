package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Tracing keeps where tenants want the spans of their calls. The secret goes in,
// is sealed for its tenant, and leaves in snapshots only.
type Tracing struct{ d *Databases }

// NewTracing returns the store on d.
func NewTracing(d *Databases) *Tracing { return &Tracing{d} }

const (
	tracingObject  = "tracing"
	tracingColumns = `endpoint, public_key, contents, percent, updated`
)

// Get returns what is set, nil when nothing is.
func (s *Tracing) Get(ctx context.Context, tenant string) (t *dcoder.Tracing, err error) {
	err = s.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		t, err = findTracing(ctx, tx, "")
		return err
	})
	return t, err
}

func findTracing(ctx context.Context, tx pgx.Tx, lock string) (*dcoder.Tracing, error) {
	var t dcoder.Tracing
	err := tx.QueryRow(ctx, `SELECT `+tracingColumns+` FROM tracing `+lock).Scan(&t.Endpoint, &t.PublicKey, &t.Contents, &t.Percent, &t.Updated)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read tracing: %w", err)
	}
	t.Updated = t.Updated.UTC()
	return &t, nil
}

// Set replaces what is set. An empty secret keeps the one that is there, for the
// same endpoint; 400 naming "secretKey" otherwise.
func (s *Tracing) Set(ctx context.Context, tenant string, in dcoder.Tracing, credential string) (after dcoder.Tracing, err error) {
	box, err := s.d.box(ctx, tenant)
	if err != nil {
		return after, err
	}
	sealed, err := box.Seal(tracingObject, []byte(credential))
	if err != nil {
		return after, err
	}
	err = s.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		before, err := findTracing(ctx, tx, "FOR UPDATE")
		if err != nil {
			return told{}, err
		}
		if credential == "" && (before == nil || before.Endpoint != in.Endpoint) {
			return told{}, dcoder.Invalid("secretKey", "a new endpoint needs its secret key")
		}
		err = tx.QueryRow(ctx, `
INSERT INTO tracing AS t (endpoint, public_key, secret, contents, percent) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (one) DO UPDATE SET endpoint = excluded.endpoint, public_key = excluded.public_key, contents = excluded.contents,
    percent = excluded.percent, secret = CASE WHEN $6 THEN excluded.secret ELSE t.secret END, updated = now()
RETURNING updated`, in.Endpoint, in.PublicKey, sealed, in.Contents, in.Percent, credential != "").Scan(&in.Updated)
		if err != nil {
			return told{}, fmt.Errorf("write tracing: %w", err)
		}
		in.Updated = in.Updated.UTC()
		after = in
		return told{Change{Action: "tracing.set", Object: "tracing", ID: tenant, Before: before, After: after}, configChanged("tracing", tenant, "set")}, nil
	})
	return after, err
}

// Delete ends it; 404 when nothing is set.
func (s *Tracing) Delete(ctx context.Context, tenant string) error {
	return s.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		before, err := findTracing(ctx, tx, "FOR UPDATE")
		if err != nil {
			return told{}, err
		}
		if before == nil {
			return told{}, dcoder.NotFound("tracing", tenant)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM tracing`); err != nil {
			return told{}, fmt.Errorf("delete tracing: %w", err)
		}
		return told{Change{Action: "tracing.deleted", Object: "tracing", ID: tenant, Before: before}, configChanged("tracing", tenant, "deleted")}, nil
	})
}

// tracingPart is what a snapshot reads of it.
const tracingPart = `(SELECT jsonb_build_object('endpoint', endpoint, 'public_key', public_key, 'secret', encode(secret, 'hex'),
   'contents', contents, 'percent', percent) FROM tracing)`

// openTracing opens the secret of a grant as tracingPart reads it.
func openTracing(sealed *dcoder.TracingGrant, box *secret.Box) (*dcoder.TracingGrant, error) {
	if sealed == nil {
		return nil, nil
	}
	raw, err := hex.DecodeString(sealed.Secret)
	if err != nil {
		return nil, fmt.Errorf("read secret of tracing: %w", secret.ErrCannotOpen)
	}
	plain, err := box.Open(tracingObject, raw)
	if err != nil {
		return nil, err
	}
	sealed.Secret = string(plain)
	return sealed, nil
}
