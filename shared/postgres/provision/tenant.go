package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrate"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
)

// plot is what the catalogue says about where a tenant is made.
type plot struct {
	address, database, role string
	sealed, wrapped         []byte
}

func (p *Provisioner) plot(ctx context.Context, tenant string) (plot, error) {
	var out plot
	err := p.Databases.ReadControl(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
SELECT c.address, t.database, t.role, t.password, k.wrapped
FROM tenants t JOIN clusters c ON c.id = t.cluster JOIN data_keys k ON k.tenant = t.id WHERE t.id = $1`, tenant).
			Scan(&out.address, &out.database, &out.role, &out.sealed, &out.wrapped)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return out, dcoder.NotFound("tenant", tenant)
	}
	return out, err
}

// CreateRole makes the tenant's login role with the password of the catalogue.
func (p *Provisioner) CreateRole(ctx context.Context, tenant string) error {
	at, err := p.plot(ctx, tenant)
	if err != nil {
		return err
	}
	password, err := p.password(ctx, tenant, at)
	if err != nil {
		return err
	}
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	return p.within(ctx, at.address, "tenant/"+tenant, func(c *creator) error {
		return c.createRole(ctx, at.role, verifier)
	})
}

func (c *creator) createRole(ctx context.Context, role, verifier string) error {
	if err := c.ensureGroupRole(ctx); err != nil {
		return err
	}
	exists, err := c.roleExists(ctx, role)
	if err != nil {
		return err
	}
	if !exists {
		if err := c.run(ctx, "CREATE ROLE "+quoted(role)+" NOLOGIN"); err != nil {
			return err
		}
	}
	return c.run(ctx,
		"GRANT "+GroupRole+" TO "+quoted(role)+" WITH INHERIT TRUE, SET FALSE",
		"ALTER ROLE "+quoted(role)+" LOGIN PASSWORD '"+verifier+"'")
}

func (p *Provisioner) password(ctx context.Context, tenant string, at plot) (string, error) {
	box, err := p.Vault.Box(ctx, tenant, at.wrapped)
	if err != nil {
		return "", err
	}
	plain, err := box.Open(postgres.PasswordObject, at.sealed)
	return string(plain), err
}

// CreateDatabase clones the tenant's database from the newest template. Nobody
// can connect before PUBLIC's right to is gone: a clone does not inherit the
// template's own refusal.
func (p *Provisioner) CreateDatabase(ctx context.Context, tenant string) error {
	at, err := p.plot(ctx, tenant)
	if err != nil {
		return err
	}
	template, err := p.template(ctx, at.address)
	if err != nil {
		return err
	}
	return p.within(ctx, at.address, "tenant/"+tenant, func(c *creator) error {
		exists, _, err := c.databaseState(ctx, at.database)
		if err != nil {
			return err
		}
		database := quoted(at.database)
		if !exists {
			create := "CREATE DATABASE " + database + " TEMPLATE " + quoted(template) + " STRATEGY " + p.Strategy +
				" ALLOW_CONNECTIONS false IS_TEMPLATE false"
			if err := c.run(ctx, create); err != nil {
				return err
			}
		}
		return c.run(ctx,
			"REVOKE ALL ON DATABASE "+database+" FROM PUBLIC",
			"GRANT CONNECT ON DATABASE "+database+" TO "+quoted(at.role),
			"ALTER DATABASE "+database+" ALLOW_CONNECTIONS true")
	})
}

// MigrateDatabase brings the tenant's database to the newest version and says so
// in the catalogue.
func (p *Provisioner) MigrateDatabase(ctx context.Context, tenant string) error {
	at, err := p.plot(ctx, tenant)
	if err != nil {
		return err
	}
	config, err := p.config(at.address, at.database)
	if err != nil {
		return err
	}
	version, err := migrate.Up(ctx, config, migrations.Tenant())
	if err != nil {
		return err
	}
	return p.Databases.InControl(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE tenants SET schema_version = $2 WHERE id = $1 AND schema_version < $2`, tenant, version)
		if err != nil {
			return fmt.Errorf("note schema version of %s: %w", tenant, err)
		}
		return nil
	})
}

// Activate opens the tenant for requests.
func (p *Provisioner) Activate(ctx context.Context, tenant string) error {
	return p.Databases.InControl(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE tenants SET state = 'active', failure = '', updated = now() WHERE id = $1 AND state IN ('provisioning', 'failed')`, tenant)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return postgres.Audit(ctx, tx, postgres.Change{
			Action: "tenant.created", Object: "tenant", ID: tenant, After: map[string]string{"state": dcoder.StateActive},
		})
	})
}
