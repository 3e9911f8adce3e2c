package provision

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Drop removes a tenant for good: its database, its role, its place in the
// catalogue and its data key, in this order, so that a killed drop is repeated.
// Who may ask for it, and after what, is decided elsewhere.
func (p *Provisioner) Drop(ctx context.Context, tenant string) error {
	at, err := p.plot(ctx, tenant)
	if err != nil {
		return err
	}
	err = p.within(ctx, at.address, "tenant/"+tenant, func(c *creator) error {
		return c.drop(ctx, at.database, at.role)
	})
	if err != nil {
		return fmt.Errorf("drop tenant %s: %w", tenant, err)
	}
	return p.Databases.InControl(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM tenants WHERE id = $1`, tenant); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM data_keys WHERE tenant = $1`, tenant)
		return err
	})
}

// drop closes the database, ends the sessions of its own role, and drops both.
// DROP DATABASE WITH (FORCE) would refuse while autovacuum is at work there, whose
// processes are a superuser's; the plain one sends autovacuum away by itself.
func (c *creator) drop(ctx context.Context, database, role string) error {
	exists, _, err := c.databaseState(ctx, database)
	if err != nil {
		return err
	}
	if exists {
		if err := c.run(ctx, "ALTER DATABASE "+quoted(database)+" ALLOW_CONNECTIONS false"); err != nil {
			return err
		}
		if err := c.endSessions(ctx, database, role); err != nil {
			return err
		}
		if err := c.run(ctx, "DROP DATABASE IF EXISTS "+quoted(database)); err != nil {
			return err
		}
	}
	return c.run(ctx, "DROP ROLE IF EXISTS "+quoted(role))
}

// endSessions ends what the tenant's role and this one have open in a database;
// to end another role's session one must have its rights.
func (c *creator) endSessions(ctx context.Context, database, role string) error {
	known, err := c.roleExists(ctx, role)
	if err != nil {
		return err
	}
	if known {
		if err := c.run(ctx, "GRANT "+quoted(role)+" TO CURRENT_USER WITH INHERIT TRUE, SET FALSE"); err != nil {
			return err
		}
	}
	_, err = c.Exec(ctx, `
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = $1 AND backend_type = 'client backend' AND usename IN ($2, current_user)`, database, role)
	if err != nil {
		return fmt.Errorf("end sessions in %s: %w", database, err)
	}
	return nil
}
