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
	one            func(ctx context.Context, dest any, query string, args ...any) error
	change         func(ctx context.Context, query string, args ...any) (int64, error)
	insert, update string
}

// NewLockouts makes the lockouts of a store, each call committed by itself. On
// PostgreSQL a change does not wait for the disk: whoever tries a password is
// answered once the outcome is there, and with it all that was written before.
func NewLockouts(db *DB) *Lockouts { return newLockouts(db.one, db.change, db.dialect.unhurried()) }

// newLockouts makes lockouts that are changed under a condition that is always true.
func newLockouts(one func(context.Context, any, string, ...any) error, change func(context.Context, string, ...any) (int64, error), when string) *Lockouts {
	return &Lockouts{
		one: one, change: change,
		insert: `
INSERT INTO lockouts (key, version, failures, pending, pending_at, level, locked_until, updated_at)
VALUES ($1, CASE WHEN ` + when + ` THEN 1 END, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		update: `
UPDATE lockouts SET version = version + 1, failures = $2, pending = $3, pending_at = $4, level = $5, locked_until = $6, updated_at = $7
WHERE key = $1 AND version = $8 AND ` + when,
	}
}

// Get implements the port.
func (l *Lockouts) Get(ctx context.Context, key string) (user.Lockout, error) {
	var row lockoutRow
	err := l.one(ctx, &row, selectLockout, key)
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
	statement, args := l.insert, []any{s.Key, s.Failures, s.Pending, absent(s.PendingAt), s.Level, absent(s.LockedUntil), s.UpdatedAt}
	if s.Version != 0 {
		statement, args = l.update, append(args, s.Version)
	}
	swapped, err := l.change(ctx, statement, args...)
	return swapped == 1, err
}
