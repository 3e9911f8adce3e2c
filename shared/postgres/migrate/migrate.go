// Package migrate brings the schema of one database to the newest version with
// goose. Functions that only read and write do not link it. Which databases
// there are, and in what order they take their turn, package provision knows.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
)

// lockID is the advisory lock of a database's migration, the same in each.
const lockID = 0x64636f646572 // "dcoder"

const (
	// lockTimeout is how long a statement waits for a table that requests use:
	// behind a waiting ALTER TABLE every request waits too.
	lockTimeout = 3 * time.Second
	// statementTimeout bounds one statement of a migration.
	statementTimeout = 10 * time.Minute
)

// Up applies what is missing of schema to the database of c, and returns the
// version that it has then. Only one Up runs in a database at a time: the others
// wait for it and find nothing to do. A file is applied whole or not at all, so
// a killed Up is simply run again.
func Up(ctx context.Context, c *pgx.ConnConfig, schema fs.FS) (version int, err error) {
	c = c.Copy()
	c.RuntimeParams["statement_timeout"] = fmt.Sprint(statementTimeout.Milliseconds())
	c.RuntimeParams["application_name"] = "dcoder-migrate"
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("connect to %s: %w", c.Database, err)
	}
	defer closed(conn)
	latest := migrations.Latest(schema)
	if version, err = at(ctx, conn); err != nil || version >= latest {
		return version, err
	}
	// The lock ends with the connection, so a killed process holds nothing.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockID); err != nil {
		return 0, fmt.Errorf("lock %s for migration: %w", c.Database, err)
	}
	return up(ctx, c, schema)
}

// at returns the version of a database, 0 where goose has never been.
func at(ctx context.Context, conn *pgx.Conn) (version int, err error) {
	err = conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42P01" {
		return 0, nil
	}
	return version, err
}

func up(ctx context.Context, c *pgx.ConnConfig, schema fs.FS) (version int, err error) {
	c.RuntimeParams["lock_timeout"] = fmt.Sprint(lockTimeout.Milliseconds())
	db := stdlib.OpenDB(*c)
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, schema, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, fmt.Errorf("migrate %s: %w", c.Database, err)
	}
	reached, err := p.GetDBVersion(ctx)
	return int(reached), err
}

func closed(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
