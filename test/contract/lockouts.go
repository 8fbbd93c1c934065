package contract

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunLockouts holds an implementation to outbound.Lockouts, outside of a unit
// of work and inside.
func RunLockouts(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) {
		t.Run("outside of a unit of work", func(t *testing.T) { lockoutBehaviour(t, s.Lockouts) })
		t.Run("inside of units of work", func(t *testing.T) { lockoutBehaviour(t, inUnits{s, t}) })
	})
	t.Run("atomicity", func(t *testing.T) {
		lockoutAtomicity(t, s)
		lockoutBeginAtomicity(t, s)
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("outside of a unit of work", func(t *testing.T) { lockoutContention(t, s.Lockouts) })
		t.Run("inside of units of work", func(t *testing.T) { lockoutContention(t, inUnits{s, t}) })
	})
}

// inUnits runs each call in a unit of work of its own.
type inUnits struct {
	Store
	t testing.TB
}

func (u inUnits) Get(ctx context.Context, key string) (found user.Lockout, err error) {
	err = u.UnitOfWork.Do(ctx, func(ctx context.Context, r outbound.Repositories) (err error) {
		found, err = r.Lockouts.Get(ctx, key)
		return err
	})
	return found, err
}

func (u inUnits) Swap(ctx context.Context, next user.Lockout) (swapped bool, err error) {
	err = u.UnitOfWork.Do(ctx, func(ctx context.Context, r outbound.Repositories) (err error) {
		swapped, err = r.Lockouts.Swap(ctx, next)
		return err
	})
	return swapped, err
}

func (u inUnits) Begin(ctx context.Context, next user.Lockout) (begun user.Lockout, stored bool, err error) {
	err = u.UnitOfWork.Do(ctx, func(ctx context.Context, r outbound.Repositories) (err error) {
		begun, stored, err = r.Lockouts.Begin(ctx, next)
		return err
	})
	return begun, stored, err
}

func lockoutOf(key string, version int64, failures int) user.Lockout {
	return user.RehydrateLockout(user.LockoutSnapshot{Key: key, Version: version, Failures: failures, UpdatedAt: given.Now})
}

func wantSwap(t testing.TB, l outbound.Lockouts, next user.Lockout, want bool) {
	t.Helper()
	swapped, err := l.Swap(within(t), next)
	ok(t, err)
	if swapped != want {
		t.Errorf("swapped: %t, want %t", swapped, want)
	}
}

func wantLockout(t testing.TB, l outbound.Lockouts, want user.LockoutSnapshot) {
	t.Helper()
	got, err := l.Get(within(t), want.Key)
	ok(t, err)
	same(t, "lockout", got.Snapshot(), want)
}

func lockoutBehaviour(t *testing.T, l outbound.Lockouts) {
	t.Run("a key without one gives a new one", func(t *testing.T) {
		key := given.Name("lock")
		wantLockout(t, l, user.NewLockout(key).Snapshot())
	})
	t.Run("what is swapped in comes back, one version up", func(t *testing.T) {
		next := user.LockoutSnapshot{
			Key: given.Name("lock"), Failures: 3, Pending: 2, PendingAt: given.Now, Level: 4,
			LockedUntil: given.Now.Add(time.Hour), UpdatedAt: given.Now.Add(time.Microsecond),
		}
		wantFull(t, next, "Version")
		for range 3 {
			wantSwap(t, l, user.RehydrateLockout(next), true)
			next.Version++
			wantLockout(t, l, next)
			next.Failures++
		}
		bare := user.LockoutSnapshot{Key: next.Key, Version: next.Version, UpdatedAt: given.Now}
		wantSwap(t, l, user.RehydrateLockout(bare), true)
		bare.Version++
		wantLockout(t, l, bare)
	})
	t.Run("another version than the stored one changes nothing", func(t *testing.T) {
		key := given.Name("lock")
		wantSwap(t, l, lockoutOf(key, 0, 1), true)
		wantSwap(t, l, lockoutOf(key, 1, 2), true)
		for _, version := range []int64{0, 1, 3} {
			wantSwap(t, l, lockoutOf(key, version, 9), false)
		}
		wantLockout(t, l, lockoutOf(key, 2, 2).Snapshot())
	})
	t.Run("where none is stored only version zero swaps", func(t *testing.T) {
		key := given.Name("lock")
		wantSwap(t, l, lockoutOf(key, 1, 1), false)
		wantLockout(t, l, user.NewLockout(key).Snapshot())
	})
	t.Run("keys are kept apart to the letter", func(t *testing.T) {
		key := given.Name("lock")
		wantSwap(t, l, lockoutOf(key, 0, 1), true)
		wantSwap(t, l, lockoutOf(strings.ToUpper(key), 0, 2), true)
		wantLockout(t, l, lockoutOf(key, 1, 1).Snapshot())
		wantLockout(t, l, lockoutOf(strings.ToUpper(key), 1, 2).Snapshot())
	})
	lockoutBegin(t, l)
	t.Run("an ended context is an error", func(t *testing.T) {
		_, err := l.Get(ended(t), given.Name("lock"))
		wantStopped(t, "Get", err)
		_, _, err = l.Begin(ended(t), reservationOf(given.Name("lock")))
		wantStopped(t, "Begin", err)
		_, err = l.Swap(ended(t), user.NewLockout(given.Name("lock")))
		wantStopped(t, "Swap", err)
	})
}

func lockoutAtomicity(t *testing.T, s Store) {
	t.Run("an undone unit of work stores nothing", func(t *testing.T) {
		key := given.Name("lock")
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			wantSwapIn(ctx, t, r, lockoutOf(key, 0, 1))
			return domain.Invalid(domain.CodeInvalidGrant, "no")
		})
		wantCode(t, err, domain.CodeInvalidGrant)
		wantLockout(t, s.Lockouts, user.NewLockout(key).Snapshot())
	})
	t.Run("a swap that did not happen lets the unit of work go on", func(t *testing.T) {
		key, u := given.Name("lock"), given.User()
		wantSwap(t, s.Lockouts, lockoutOf(key, 0, 1), true)
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			if swapped, err := r.Lockouts.Swap(ctx, lockoutOf(key, 0, 2)); err != nil || swapped {
				t.Errorf("swapped: %t, %v", swapped, err)
			}
			if _, stored, err := r.Lockouts.Begin(ctx, reservationOf(key)); err != nil || stored {
				t.Errorf("begun: %t, %v", stored, err)
			}
			return r.Users.Add(ctx, u)
		})
		s.user(t, u.ID())
	})
}

func wantSwapIn(ctx context.Context, t testing.TB, r outbound.Repositories, next user.Lockout) {
	if swapped, err := r.Lockouts.Swap(ctx, next); err != nil || !swapped {
		t.Errorf("swapped: %t, %v", swapped, err)
	}
}

func lockoutContention(t *testing.T, l outbound.Lockouts) {
	lost := domain.Conflict(domain.CodeConflict, "another one was first")
	swaps := func(t *testing.T, key string, version int64) []error {
		return race(40, func(i int) error {
			swapped, err := l.Swap(within(t), lockoutOf(key, version, i))
			if err == nil && !swapped {
				return lost
			}
			return err
		})
	}
	t.Run("40 concurrent first swaps: one winner", func(t *testing.T) {
		wantWinners(t, swaps(t, given.Name("lock"), 0), 1, domain.CodeConflict)
	})
	t.Run("40 concurrent swaps from one version: one winner", func(t *testing.T) {
		key := given.Name("lock")
		wantSwap(t, l, lockoutOf(key, 0, 1), true)
		wantWinners(t, swaps(t, key, 1), 1, domain.CodeConflict)
	})
	begins := func(t *testing.T, key string) []error {
		return race(40, func(int) error {
			_, stored, err := l.Begin(within(t), reservationOf(key))
			if err == nil && !stored {
				return lost
			}
			return err
		})
	}
	t.Run("40 concurrent first reservations: one winner", func(t *testing.T) {
		wantWinners(t, begins(t, given.Name("lock")), 1, domain.CodeConflict)
	})
	t.Run("40 concurrent reservations of one clear budget: one winner", func(t *testing.T) {
		key := given.Name("lock")
		wantSwap(t, l, lockoutOf(key, 0, 0), true)
		wantWinners(t, begins(t, key), 1, domain.CodeConflict)
	})
	t.Run("20 concurrent counters that try again: none is lost", func(t *testing.T) {
		key := given.Name("lock")
		wantAll(t, race(20, func(int) error {
			for range endless {
				stored, err := l.Get(within(t), key)
				if err != nil {
					return err
				}
				next := stored.Snapshot()
				next.Failures++
				if swapped, err := l.Swap(within(t), user.RehydrateLockout(next)); err != nil || swapped {
					return err
				}
			}
			return errors.New("no swap is made, however often it is tried")
		}))
		got, err := l.Get(within(t), key)
		ok(t, err)
		same(t, "failures", got.Snapshot().Failures, 20)
		same(t, "version", got.Snapshot().Version, int64(20))
	})
	t.Run("30 concurrent reservations of a budget of 5: five winners", func(t *testing.T) {
		key := given.Name("lock")
		policy := user.LockoutPolicy{Attempts: 5, Durations: []time.Duration{time.Hour}}
		wantWinners(t, race(30, func(int) error {
			for range endless {
				stored, err := l.Get(within(t), key)
				if err != nil {
					return err
				}
				next, admission := stored.Reserve(policy, given.Now)
				if admission != user.Admitted {
					return lost
				}
				if swapped, err := l.Swap(within(t), next); err != nil || swapped {
					return err
				}
			}
			return errors.New("no swap is made, however often it is tried")
		}), 5, domain.CodeConflict)
	})
}
