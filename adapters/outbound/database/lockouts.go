package database

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Lockouts = (*Lockouts)(nil)

type lockoutRow struct {
	Key         string    `bun:"key"`
	Failures    int       `bun:"failures"`
	Pending     int       `bun:"pending"`
	PendingAt   time.Time `bun:"pending_at"`
	Level       int       `bun:"level"`
	LockedUntil time.Time `bun:"locked_until"`
	Version     int64     `bun:"version"`
	UpdatedAt   time.Time `bun:"updated_at"`
}

const selectLockout = `
SELECT l.key, l.failures, l.pending, l.pending_at, l.level, l.locked_until, l.version, l.updated_at
FROM lockouts AS l WHERE l.key = $1`

// Lockouts stores lockouts, each call by itself or in a unit of work.
type Lockouts struct {
	on                    lockoutStore
	insert, update, begin string // begin is empty where a look costs nothing
}

// lockoutStore runs statements: by themselves, or in a transaction.
type lockoutStore interface {
	one(ctx context.Context, dest any, query string, args ...any) error
	change(ctx context.Context, query string, args ...any) (int64, error)
	changeOne(ctx context.Context, dest any, query string, args ...any) error
}

// NewLockouts makes the lockouts of a store, each call committed by itself. On
// PostgreSQL a change does not wait for the disk: whoever tries a password is
// answered once the outcome is there, and with it all that was written before.
func NewLockouts(db *DB) *Lockouts { return newLockouts(db, db.dialect, db.dialect.unhurried()) }

// newLockouts makes lockouts that are changed under a condition that is always true.
func newLockouts(on lockoutStore, d dialect, when string) *Lockouts {
	l := &Lockouts{
		on: on,
		insert: `
INSERT INTO lockouts (key, version, failures, pending, pending_at, level, locked_until, updated_at)
VALUES ($1, CASE WHEN ` + when + ` THEN 1 END, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		update: `
UPDATE lockouts SET version = version + 1, failures = $2, pending = $3, pending_at = $4, level = $5, locked_until = $6, updated_at = $7
WHERE key = $1 AND version = $8 AND ` + when,
	}
	if d == postgres {
		// Looked at before, so that what stands against an attempt is not locked;
		// and once more where somebody was faster.
		l.begin = `
INSERT INTO lockouts AS l (key, version, failures, pending, pending_at, level, locked_until, updated_at)
SELECT $1::text, CASE WHEN ` + when + ` THEN 1 END, $2::int, $3::int, $4::timestamptz, $5::int, $6::timestamptz, $7::timestamptz
WHERE NOT EXISTS (SELECT FROM lockouts AS l WHERE l.key = $1 AND NOT (` + clearLockout + `))
ON CONFLICT (key) DO UPDATE SET version = l.version + 1, failures = excluded.failures, pending = excluded.pending, pending_at = excluded.pending_at,
    level = excluded.level, locked_until = excluded.locked_until, updated_at = excluded.updated_at
WHERE ` + clearLockout + `
RETURNING version`
	}
	return l
}

// clearLockout is user.Lockout.Clear in SQL.
const clearLockout = "l.failures = 0 AND l.pending = 0 AND l.level = 0 AND l.locked_until IS NULL"

// Get implements the port.
func (l *Lockouts) Get(ctx context.Context, key string) (user.Lockout, error) {
	var row lockoutRow
	err := l.on.one(ctx, &row, selectLockout, key)
	if domain.HasCode(err, domain.CodeNotFound) {
		return user.NewLockout(key), nil
	}
	if err != nil {
		return user.Lockout{}, err
	}
	return user.RehydrateLockout(user.LockoutSnapshot{
		Key: row.Key, Failures: row.Failures, Pending: row.Pending, PendingAt: utc(row.PendingAt), Level: row.Level,
		LockedUntil: utc(row.LockedUntil), Version: row.Version, UpdatedAt: utc(row.UpdatedAt),
	}), nil
}

// Swap implements the port, in one statement.
func (l *Lockouts) Swap(ctx context.Context, next user.Lockout) (bool, error) {
	s := next.Snapshot()
	statement, args := l.insert, lockoutArgs(s)
	if s.Version != 0 {
		statement, args = l.update, append(args, s.Version)
	}
	swapped, err := l.on.change(ctx, statement, args...)
	return swapped == 1, err
}

// Begin implements the port: where there is a round trip to save, in one statement.
func (l *Lockouts) Begin(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
	if l.begin == "" {
		return l.lookAndSwap(ctx, next)
	}
	s := next.Snapshot()
	var stored struct {
		Version int64 `bun:"version"`
	}
	err := l.on.changeOne(ctx, &stored, l.begin, lockoutArgs(s)...)
	if domain.HasCode(err, domain.CodeNotFound) {
		return user.Lockout{}, false, nil
	}
	if err != nil {
		return user.Lockout{}, false, err
	}
	s.Version = stored.Version - 1
	return user.RehydrateLockout(s), true, nil
}

func (l *Lockouts) lookAndSwap(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
	s := next.Snapshot()
	current, err := l.Get(ctx, s.Key)
	if err != nil || !current.Clear() {
		return user.Lockout{}, false, err
	}
	s.Version = current.Snapshot().Version
	next = user.RehydrateLockout(s)
	swapped, err := l.Swap(ctx, next)
	return next, swapped, err
}

func lockoutArgs(s user.LockoutSnapshot) []any {
	return []any{s.Key, s.Failures, s.Pending, absent(s.PendingAt), s.Level, absent(s.LockedUntil), s.UpdatedAt}
}
