package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

// How long work outside of the server's own limits may take, so that a pool that
// is exhausted and a server that froze, which enforces no limit, are noticed.
const (
	borrowPostgres = 2 * time.Second // waiting for a connection, or opening one
	borrowSQLite   = 5 * time.Second // where all writers take turns
	workLimit      = 6 * time.Second // with a connection in hand; above statementTimeout
)

// borrowAttempts is how often a connection is replaced that turns out to be dead
// before anything was sent on it. database/sql does so for its pools alone.
const borrowAttempts = 3

// errExhausted says that every connection is busy.
var errExhausted = errors.New("no connection came free in time")

// borrow runs work on one connection of the pool, which work must be done with
// when it returns. work runs again, on another connection, where it gives
// driver.ErrBadConn: its first statement did not leave. The driver says so too of
// a statement without binds that left and was not answered, other than BEGIN and
// COMMIT; outside of a unit of work such a one must bear being run twice.
func (db *DB) borrow(ctx context.Context, pool *bun.DB, work func(ctx context.Context, on bun.Conn) error) error {
	for attempt := 1; ; attempt++ {
		err := db.onOne(ctx, pool, work)
		if !errors.Is(err, driver.ErrBadConn) || attempt == borrowAttempts {
			return err
		}
	}
}

func (db *DB) onOne(ctx context.Context, pool *bun.DB, work func(ctx context.Context, on bun.Conn) error) (err error) {
	waiting, stop := context.WithTimeout(ctx, db.patience)
	conn, err := pool.Conn(waiting)
	exhausted := waiting.Err() != nil && ctx.Err() == nil
	stop()
	switch {
	case err != nil && exhausted:
		return errors.Join(errExhausted, err)
	case err != nil:
		return err
	}
	// A connection that broke is closed already, and the pool opens another.
	defer func() { _ = conn.Close() }()
	ctx, stop = context.WithTimeout(ctx, workLimit)
	defer stop()
	return work(ctx, conn)
}

// read reads outside of a unit of work, on the primary.
func (db *DB) read(ctx context.Context, work func(ctx context.Context, on bun.Conn) error) error {
	return translate(ctx, db.borrow(ctx, db.reader, work))
}

// list reads what may trail by a second: on a replica that is near enough, or
// else on the primary. work may run on both, one after the other.
func (db *DB) list(ctx context.Context, work func(ctx context.Context, on bun.Conn) error) error {
	if r := db.replicas.usable(db.clock.Now()); r != nil {
		within, stop := context.WithTimeout(ctx, replicaLimit)
		err := db.borrow(within, r.pool, work)
		stop()
		if err == nil || !r.gaveOut(ctx, err) {
			return translate(ctx, err)
		}
	}
	return db.read(ctx, work)
}

var _ queryer = (*sql.Conn)(nil)
