package postgres

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

var errBusy = errors.New("no connection became free")

// failed turns an error of a database into what a client may know. What work
// returned as a *dcoder.Error passes as it is.
func (d *Databases) failed(tenant string, err error) error {
	var public *dcoder.Error
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &public):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &refused):
		return d.refused(tenant, refused.Code, err)
	case errors.Is(err, errBusy):
		return dcoder.Unavailable("database_busy", "too many requests want a database at once; try again shortly", time.Second, err)
	case unreachable(err):
		return dcoder.Unavailable("database_unavailable", "a database cannot be reached; try again shortly", 2*time.Second, err)
	}
	return err
}

// refused sorts by SQLSTATE (PostgreSQL manual, appendix A).
func (d *Databases) refused(tenant, code string, err error) error {
	switch code {
	case "28P01", "28000", "3D000", "42501": // password, authorization, database, privilege: the address may have changed
		d.forget(tenant)
		return dcoder.Unavailable("database_unavailable", "a database refused the connection; try again shortly", 2*time.Second, err)
	case "57014", "55P03", "25P03", "40001", "40P01": // statement or lock took too long, serialization, deadlock
		return dcoder.Unavailable("database_busy", "the database took too long; try again shortly", time.Second, err)
	}
	switch code[:2] {
	case "08", "53", "57": // connection lost, out of resources, shutting down
		return dcoder.Unavailable("database_unavailable", "a database cannot be reached; try again shortly", 2*time.Second, err)
	}
	return err
}

func unreachable(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, errPoolClosed) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err)
}
