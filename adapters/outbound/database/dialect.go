package database

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
)

// dialect is where PostgreSQL and SQLite part.
type dialect string

const (
	postgres dialect = "postgres"
	sqlite   dialect = "sqlite"
)

// lock makes a SELECT hold its rows of the table alias until the transaction
// ends. NO KEY, because nothing here changes a key and a plain FOR UPDATE would
// also block foreign key checks: a refresh against a session being ended would
// deadlock. On SQLite the immediate transaction already excludes others.
func (d dialect) lock(alias string) string {
	if d == postgres {
		return " FOR NO KEY UPDATE OF " + alias
	}
	return ""
}

// keyShare keeps the rows of a SELECT from being deleted until the transaction
// ends.
func (d dialect) keyShare() string {
	if d == postgres {
		return " FOR KEY SHARE"
	}
	return ""
}

// unhurried is a condition, always true, of a statement whose commit need not
// wait for the disk. What it changes is there as soon as any later commit is that
// waited, for the log is written in order. It must not run in a transaction that
// has to last. On SQLite every commit waits.
func (d dialect) unhurried() string {
	if d == postgres {
		return "set_config('synchronous_commit', 'off', TRUE) = 'off'"
	}
	return "TRUE"
}

// binds prepares the arguments of a statement with `$n`. On PostgreSQL it asks
// for a cached plan, which the pool's default would not use, and gives ids as
// the bytes they are: by way of their text each costs ten allocations.
func (d dialect) binds(args []any) []any {
	if d != postgres {
		return args
	}
	all := make([]any, 1, 1+len(args))
	all[0] = pgx.QueryExecModeCacheStatement
	for _, arg := range args {
		if id, ok := arg.(domain.ID); ok {
			arg = [16]byte(id)
		}
		all = append(all, arg)
	}
	return all
}

// The advisory locks: one class each, so that they never meet.
const (
	lockUsername    = 0x6b730001 // one for each folded username
	lockSuperusers  = 0x6b730002
	lockSigningKeys = 0x6b730003
	lockSettings    = 0x6b730004
)

// advise waits for the lock of class and name, until the transaction ends.
func (d dialect) advise(ctx context.Context, tx bun.IDB, class int, name string) error {
	if d == sqlite {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?, hashtext(?))", class, name)
	return err
}
