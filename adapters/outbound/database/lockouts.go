package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Lockouts = (*Lockouts)(nil)

type lockoutRow struct {
	bun.BaseModel `bun:"table:lockouts,alias:l"`

	Key         string    `bun:"key,pk"`
	Failures    int       `bun:"failures"`
	Pending     int       `bun:"pending"`
	PendingAt   time.Time `bun:"pending_at,nullzero"`
	Level       int       `bun:"level"`
	LockedUntil time.Time `bun:"locked_until,nullzero"`
	Version     int64     `bun:"version"`
	UpdatedAt   time.Time `bun:"updated_at,nullzero"`
}

const selectLockout = `
SELECT l.key, l.failures, l.pending, l.pending_at, l.level, l.locked_until, l.version, l.updated_at
FROM lockouts AS l WHERE l.key = $1`

// Lockouts stores lockouts, each call by itself or in a unit of work.
type Lockouts struct {
	run  func(ctx context.Context, work func(ctx context.Context, on bun.IDB) error) error
	one  func(ctx context.Context, dest any, query string, args ...any) error
	fail func(ctx context.Context, err error) error
	when string // a condition of every change, always true
}

// NewLockouts makes the lockouts of a store, each call committed by itself. On
// PostgreSQL a change does not wait for the disk: whoever tries a password is
// answered once the outcome is there, and with it all that was written before.
func NewLockouts(db *DB) *Lockouts {
	return &Lockouts{one: db.one, fail: translate, when: db.dialect.unhurried(), run: func(ctx context.Context, work func(ctx context.Context, on bun.IDB) error) error {
		return db.borrow(ctx, db.writer, func(ctx context.Context, on bun.Conn) error { return work(ctx, on) })
	}}
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
	row := &lockoutRow{
		Key: s.Key, Failures: s.Failures, Pending: s.Pending, PendingAt: s.PendingAt, Level: s.Level,
		LockedUntil: s.LockedUntil, Version: s.Version + 1, UpdatedAt: s.UpdatedAt,
	}
	var swapped int64
	err := l.run(ctx, func(ctx context.Context, on bun.IDB) error {
		var statement execer = on.NewInsert().Model(row).Value("version", "CASE WHEN "+l.when+" THEN 1 END").On("CONFLICT DO NOTHING")
		if s.Version != 0 {
			statement = on.NewUpdate().Model(row).ExcludeColumn("key").WherePK().Where("l.version = ?", s.Version).Where(l.when)
		}
		result, err := statement.Exec(ctx)
		if err == nil {
			swapped, err = result.RowsAffected()
		}
		return err
	})
	return swapped == 1, l.fail(ctx, err)
}
