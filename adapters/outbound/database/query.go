package database

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
)

// queryer is a pool or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// changer is the same for what gives no rows.
type changer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// scanOne runs a statement with `$n` binds and scans its only row into a
// model, or gives sql.ErrNoRows.
func (db *DB) scanOne(ctx context.Context, on queryer, dest any, query string, args ...any) (err error) {
	rows, err := on.QueryContext(ctx, query, db.dialect.binds(args)...)
	if err != nil {
		return err
	}
	defer func() {
		if failure := rows.Close(); err == nil {
			err = failure
		}
	}()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := db.reader.ScanRow(ctx, rows, dest); err != nil {
		return err
	}
	// A statement that changes something may still fail after its row.
	rows.Next()
	return rows.Err()
}

// one finds a row outside of a unit of work.
func (db *DB) one(ctx context.Context, dest any, query string, args ...any) error {
	return db.read(ctx, func(ctx context.Context, on bun.Conn) error { return db.scanOne(ctx, on.Conn, dest, query, args...) })
}

// one finds a row in the transaction.
func (t *transaction) one(ctx context.Context, dest any, query string, args ...any) error {
	return t.fail(ctx, t.db.scanOne(ctx, t.tx.Tx, dest, query, args...))
}

// change runs a statement with `$n` binds outside of a unit of work, committed by
// itself, and tells how many rows it touched.
func (db *DB) change(ctx context.Context, query string, args ...any) (touched int64, err error) {
	err = db.borrow(ctx, db.writer, func(ctx context.Context, on bun.Conn) (err error) {
		touched, err = db.execOne(ctx, on.Conn, query, args...)
		return err
	})
	return touched, translate(ctx, err)
}

// changeOne is change for a statement that gives a row, if it changes anything.
func (db *DB) changeOne(ctx context.Context, dest any, query string, args ...any) error {
	return translate(ctx, db.returning(ctx, dest, query, args...))
}

// returning is changeOne with the driver's own errors, for who tells a conflict from
// the rest, or has a word of its own for no row.
func (db *DB) returning(ctx context.Context, dest any, query string, args ...any) error {
	return db.borrow(ctx, db.writer, func(ctx context.Context, on bun.Conn) error {
		return db.scanOne(ctx, on.Conn, dest, query, args...)
	})
}

// changeOne is the same in the transaction.
func (t *transaction) changeOne(ctx context.Context, dest any, query string, args ...any) error {
	return t.one(ctx, dest, query, args...)
}

// change runs a statement with `$n` binds in the transaction and tells how many
// rows it touched.
func (t *transaction) change(ctx context.Context, query string, args ...any) (int64, error) {
	touched, err := t.db.execOne(ctx, t.tx.Tx, query, args...)
	return touched, t.fail(ctx, err)
}

func (db *DB) execOne(ctx context.Context, on changer, query string, args ...any) (int64, error) {
	result, err := on.ExecContext(ctx, query, db.dialect.binds(args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// exec runs a statement of Bun's and tells how many rows it touched.
func (t *transaction) exec(ctx context.Context, statement execer) (int64, error) {
	result, err := statement.Exec(ctx)
	if err != nil {
		return 0, t.fail(ctx, err)
	}
	touched, err := result.RowsAffected()
	return touched, t.fail(ctx, err)
}

type execer interface {
	Exec(ctx context.Context, dest ...any) (sql.Result, error)
}

// findable refuses to look for text that no row can hold: what is not UTF-8 or
// has a NUL is stored nowhere, and PostgreSQL fails on it.
func findable(text string) error {
	if !isFindable(text) {
		return domain.NotFound("there is no such thing")
	}
	return nil
}

func isFindable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// storable makes what a request said of itself fit to be stored.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// utc gives a stored time as the ports promise it; the zero time stays zero.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
