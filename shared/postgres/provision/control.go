package provision

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/postgres/migrate"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
)

// EnsureControl makes the control database where there is none, brings it to the
// newest version, and enters the creating role's own cluster as "default" with
// its present address. It works as the creating role alone, so it comes before
// anything else.
func (p *Provisioner) EnsureControl(ctx context.Context) (version int, err error) {
	err = p.within(ctx, p.Address(), "control/"+p.ControlDB, func(c *creator) error {
		exists, _, err := c.databaseState(ctx, p.ControlDB)
		if err != nil {
			return err
		}
		database := quoted(p.ControlDB)
		if !exists {
			if err := c.run(ctx, "CREATE DATABASE "+database+" STRATEGY "+p.Strategy+" TEMPLATE template0"); err != nil {
				return err
			}
		}
		return c.run(ctx,
			"REVOKE ALL ON DATABASE "+database+" FROM PUBLIC",
			"GRANT CONNECT ON DATABASE "+database+" TO "+quoted(p.AppRole))
	})
	if err != nil {
		return 0, fmt.Errorf("make the control database: %w", err)
	}
	config, err := p.config(p.Address(), p.ControlDB)
	if err != nil {
		return 0, err
	}
	if version, err = migrate.Up(ctx, config, migrations.Control()); err != nil {
		return 0, err
	}
	return version, p.enterCluster(ctx, config)
}

func (p *Provisioner) enterCluster(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to the control database: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, `
INSERT INTO clusters AS c (id, address) VALUES ('default', $1)
ON CONFLICT (id) DO UPDATE SET address = excluded.address WHERE c.address <> excluded.address`, p.Address())
	if err != nil {
		return fmt.Errorf("enter the default cluster: %w", err)
	}
	return nil
}
