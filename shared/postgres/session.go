package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// oldest is how long a connection is used before it is replaced, so that changed
// addresses and passwords take effect.
const oldest = 30 * time.Minute

// session is one lent connection with its open transaction.
type session struct {
	pool     *pool
	database string
	conn     *conn
	tx       pgx.Tx
}

// begin waits for a connection and opens a transaction on it. An idle connection
// may have been cut meanwhile: then another one is opened, once.
func (d *Databases) begin(ctx context.Context, tenant string, mode pgx.TxAccessMode) (*session, error) {
	pool, name, config, err := d.place(ctx, tenant)
	if err != nil {
		return nil, err
	}
	s := &session{pool: pool, database: name}
	reused, err := s.borrow(ctx, d.options.Wait, config)
	if err != nil {
		return nil, err
	}
	s.tx, err = s.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: mode})
	if err != nil && reused && (s.conn.IsClosed() || pgconn.SafeToRetry(err)) {
		s.conn.quit()
		if err := s.dial(ctx, config); err != nil {
			return nil, err
		}
		s.tx, err = s.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: mode})
	}
	if err != nil {
		s.giveBack()
		return nil, fmt.Errorf("begin in %s: %w", tenant, err)
	}
	return s, nil
}

func (s *session) borrow(ctx context.Context, wait time.Duration, config func(context.Context) (*pgx.ConnConfig, error)) (reused bool, err error) {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	g, err := s.pool.acquire(waiting, s.database)
	if err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, fmt.Errorf("%w: %w", errBusy, err)
	}
	if g.conn != nil {
		s.conn = g.conn
		return true, nil
	}
	if g.evicted != nil {
		g.evicted.quit()
	}
	return false, s.dial(ctx, config)
}

// dial opens a connection in the room that the pool has given.
func (s *session) dial(ctx context.Context, config func(context.Context) (*pgx.ConnConfig, error)) error {
	c, err := config(ctx)
	if err == nil {
		var opened *pgx.Conn
		if opened, err = pgx.ConnectConfig(ctx, c); err == nil {
			now := time.Now()
			s.conn = &conn{Conn: opened, database: s.database, opened: now, turn: now}
			return nil
		}
	}
	s.pool.release(s.database, nil)
	return fmt.Errorf("connect: %w", err)
}

// end rolls back what was not committed and gives the connection back; it is
// deferred, so that a panic in the work leaves nothing open.
func (s *session) end() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.tx.Rollback(ctx) // after a commit it does nothing
	s.giveBack()
}

func (s *session) giveBack() {
	if s.conn.IsClosed() || s.conn.PgConn().TxStatus() != 'I' || time.Since(s.conn.opened) > oldest {
		go func() { // whose place it was need not wait until it is free
			s.conn.quit()
			s.pool.release(s.database, nil)
		}()
		return
	}
	s.pool.release(s.database, s.conn)
}
