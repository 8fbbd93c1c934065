package database

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.UnitOfWork = (*UnitOfWork)(nil)

// How often, and for how long, a unit of work is tried again on conflicts. The
// pause before each attempt doubles from firstPause up to longestPause and is
// drawn between half of it and the whole.
const (
	maxAttempts  = 10
	patience     = 6 * time.Second
	firstPause   = 2 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// UnitOfWork runs transactions.
type UnitOfWork struct{ db *DB }

// NewUnitOfWork makes the unit of work of a store.
func NewUnitOfWork(db *DB) *UnitOfWork { return &UnitOfWork{db: db} }

type insideKey struct{}

// Do implements the port. A nested call is a fault of the caller's and fails
// with KindInternal, before it could wait for a second connection forever.
func (u *UnitOfWork) Do(ctx context.Context, work func(ctx context.Context, r outbound.Repositories) error) error {
	if ctx.Value(insideKey{}) != nil {
		return domain.Internal(errors.New("a unit of work was begun inside another"))
	}
	inside := context.WithValue(ctx, insideKey{}, true)
	return u.db.persist(ctx, func() (conflict bool, err error) {
		return u.db.transact(inside, func(ctx context.Context, t *transaction) error { return work(ctx, t.repositories()) })
	})
}

// persist runs an attempt until it meets no conflict, or too many.
func (db *DB) persist(ctx context.Context, attempt func() (conflict bool, err error)) error {
	began := db.clock.Now()
	pause := firstPause
	for n := 1; ; n++ {
		conflict, err := attempt()
		if !conflict {
			return err
		}
		if n == maxAttempts || db.clock.Now().Sub(began) > patience {
			return domain.Unavailable(err, retryAfter)
		}
		if err := db.clock.Sleep(ctx, db.jitter(pause)); err != nil {
			return translate(ctx, err)
		}
		pause = min(2*pause, longestPause)
	}
}

// jitter keeps those that collided from colliding again.
func (db *DB) jitter(pause time.Duration) time.Duration {
	entropy := db.random.Entropy()
	half := pause / 2
	return half + time.Duration(binary.BigEndian.Uint32(entropy[:4]))*half/(1<<32)
}

// transact runs work in one transaction and tells whether the store reported a
// conflict, even one that work made something else of.
func (db *DB) transact(ctx context.Context, work func(context.Context, *transaction) error) (conflict bool, err error) {
	failure := db.borrow(ctx, db.writer, func(ctx context.Context, on bun.Conn) error {
		tx, failure := on.BeginTx(ctx, nil)
		if failure == nil {
			conflict, err = db.inside(ctx, tx, work)
		}
		return failure // of the beginning alone: what came after is not to be run again here
	})
	if failure != nil {
		return isConflict(failure), translate(ctx, failure)
	}
	return conflict, err
}

// inside runs work in the transaction and ends it.
func (db *DB) inside(ctx context.Context, tx bun.Tx, work func(context.Context, *transaction) error) (conflict bool, err error) {
	t := &transaction{db: db, tx: tx}
	committed := false
	defer func() {
		if !committed { // failed, or panicking
			t.undo()
			// The transaction is void whatever this says: a connection that
			// can't roll back is closed, and the server does it.
			_ = tx.Rollback()
		}
	}()

	err = work(ctx, t)
	if t.conflict != nil {
		return true, t.conflict
	}
	var refusal *domain.Refusal
	if err != nil && !errors.As(err, &refusal) {
		return false, err
	}
	if failure := t.flush(ctx); failure != nil {
		return t.conflict != nil, failure
	}
	if failure := tx.Commit(); failure != nil {
		return isConflict(failure), commitFailed(ctx, failure)
	}
	committed = true
	t.db.tell(ctx, t.events)
	if refusal != nil {
		return false, refusal.Err
	}
	return false, nil
}

// commitFailed translates the failure of a COMMIT. When the connection broke
// nobody knows what became of it, so it is not tried again.
func commitFailed(ctx context.Context, err error) error {
	return translate(ctx, fmt.Errorf("commit: %w", err))
}

// transaction is what the repositories of one attempt share.
type transaction struct {
	db       *DB
	tx       bun.Tx
	conflict error // the first one the store reported
	events   []eventRow
	signals  []signalRow
	restore  []func()
}

func (t *transaction) repositories() outbound.Repositories {
	return outbound.Repositories{
		Users: &users{t}, Principals: &Principals{one: t.one}, Tickets: &tickets{t}, Passwords: &formerPasswords{t}, Clients: &clients{t}, Roles: &roles{t}, Scopes: &scopes{t}, Sessions: &sessions{t},
		RefreshTokens: &refreshTokens{t}, Keys: &signingKeys{t}, Lockouts: newLockouts(t, t.db.dialect, "TRUE"),
		Signals: &signals{t}, Events: &events{t}, Settings: &settings{t},
	}
}

// fail translates an error and keeps a conflict in mind.
func (t *transaction) fail(ctx context.Context, err error) error {
	if err != nil && t.conflict == nil && ctx.Err() == nil && isConflict(err) {
		t.conflict = err
	}
	return translate(ctx, err)
}

// undo makes the saved aggregates again what they were, for the next attempt.
func (t *transaction) undo() {
	for i := len(t.restore) - 1; i >= 0; i-- {
		t.restore[i]()
	}
}

// flush stores what was kept back: all events in one statement, with what
// follows from them, and signals
// last, so that hardly any time passes between their stamp and the commit that
// shows them to a reader who looks back 5 s.
func (t *transaction) flush(ctx context.Context) error {
	if len(t.events) > 0 {
		if _, err := t.tx.NewInsert().Model(&t.events).Exec(ctx); err != nil {
			return t.fail(ctx, err)
		}
		if t.db.follow != nil {
			if err := t.db.follow(ctx, t.tx.Tx, occurrences(t.events)); err != nil {
				return t.fail(ctx, err)
			}
		}
	}
	if len(t.signals) > 0 {
		if _, err := t.tx.NewInsert().Model(&t.signals).Exec(ctx); err != nil {
			return t.fail(ctx, err)
		}
	}
	return nil
}
