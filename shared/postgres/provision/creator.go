package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// creator is a connection of the creating role to a cluster, under a lock.
type creator struct {
	*pgx.Conn
	address string
}

// within runs work as the creating role on a cluster while nobody else holds the
// lock of that name. The lock ends with the connection.
func (p *Provisioner) within(ctx context.Context, address, lock string, work func(*creator) error) error {
	config, err := p.config(address, "")
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect as the creating role: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", "dcoder/"+lock); err != nil {
		return fmt.Errorf("lock %s: %w", lock, err)
	}
	return work(&creator{conn, address})
}

// run executes statements one by one: CREATE DATABASE and its kin refuse to be
// in a transaction.
func (c *creator) run(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := c.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", firstWords(s), err)
		}
	}
	return nil
}

// firstWords names a statement without what may be secret in it.
func firstWords(statement string) string {
	words := strings.Fields(statement)
	return strings.Join(words[:min(3, len(words))], " ")
}

func (c *creator) roleExists(ctx context.Context, role string) (exists bool, err error) {
	err = c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&exists)
	return exists, err
}

// databaseState says whether a database exists, and whether it is a closed template.
func (c *creator) databaseState(ctx context.Context, name string) (exists, template bool, err error) {
	err = c.QueryRow(ctx, "SELECT datistemplate AND NOT datallowconn FROM pg_database WHERE datname = $1", name).Scan(&template)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, template, err
}

// ensureGroupRole makes the role that tenants' roles are members of. Two
// clusters' worth of callers may try at once: the loser finds it made.
func (c *creator) ensureGroupRole(ctx context.Context) error {
	exists, err := c.roleExists(ctx, GroupRole)
	if err != nil || exists {
		return err
	}
	err = c.run(ctx, "CREATE ROLE "+GroupRole+" NOLOGIN")
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42710" || refused.Code == "23505") {
		return nil
	}
	return err
}
