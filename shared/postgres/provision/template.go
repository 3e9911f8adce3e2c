package provision

import (
	"context"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/postgres/migrate"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
)

// template returns the name of the cluster's template of the newest version, and
// makes it when there is none. A template is never migrated: it is made beside
// its place, moved there whole and closed.
func (p *Provisioner) template(ctx context.Context, address string) (string, error) {
	name := fmt.Sprintf("%s%03d", p.Templates, migrations.Latest(migrations.Tenant()))
	return name, p.within(ctx, address, "template/"+name, func(c *creator) error {
		exists, whole, err := c.databaseState(ctx, name)
		if err != nil || whole {
			return err
		}
		if !exists {
			if err := p.makeTemplate(ctx, c, name); err != nil {
				return fmt.Errorf("make template %s: %w", name, err)
			}
		}
		return c.run(ctx, "ALTER DATABASE "+quoted(name)+" ALLOW_CONNECTIONS false IS_TEMPLATE true")
	})
}

func (p *Provisioner) makeTemplate(ctx context.Context, c *creator, name string) error {
	if err := c.ensureGroupRole(ctx); err != nil {
		return err
	}
	making := name + "_making"
	err := c.run(ctx,
		"DROP DATABASE IF EXISTS "+quoted(making),
		"CREATE DATABASE "+quoted(making)+" TEMPLATE template0 STRATEGY "+p.Strategy,
		"REVOKE ALL ON DATABASE "+quoted(making)+" FROM PUBLIC")
	if err != nil {
		return err
	}
	config, err := p.config(c.address, making)
	if err != nil {
		return err
	}
	if _, err := migrate.Up(ctx, config, migrations.Tenant()); err != nil {
		return err
	}
	return c.run(ctx, "ALTER DATABASE "+quoted(making)+" RENAME TO "+quoted(name))
}
