package contract

import (
	"context"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// reservationOf is the first attempt of a budget that nothing stands against.
func reservationOf(key string) user.Lockout {
	return user.RehydrateLockout(user.LockoutSnapshot{Key: key, Pending: 1, PendingAt: given.Now, UpdatedAt: given.Now.Add(time.Microsecond)})
}

func lockoutBegin(t *testing.T, l outbound.Lockouts) {
	begins := func(t *testing.T, key string, version int64) {
		t.Helper()
		want := reservationOf(key).Snapshot()
		begun, stored, err := l.Begin(within(t), reservationOf(key))
		ok(t, err)
		if !stored {
			t.Fatalf("a clear budget of version %d is not begun", version)
		}
		want.Version = version
		same(t, "begun", begun.Snapshot(), want)
		want.Version++
		wantLockout(t, l, want)
	}
	t.Run("a clear budget is begun, whatever its version", func(t *testing.T) {
		key := given.Name("lock")
		begins(t, key, 0)
		clear := user.LockoutSnapshot{Key: key, Version: 1, UpdatedAt: given.Now}
		wantSwap(t, l, user.RehydrateLockout(clear), true)
		begins(t, key, 2)
	})
	for name, stands := range map[string]user.LockoutSnapshot{
		"a failure": {Failures: 1}, "an attempt in flight": {Pending: 1, PendingAt: given.Now}, "a level": {Level: 1}, "a lock": {LockedUntil: given.Now.Add(time.Hour)},
	} {
		t.Run("a budget is not begun against "+name, func(t *testing.T) {
			stands.Key, stands.UpdatedAt = given.Name("lock"), given.Now
			wantSwap(t, l, user.RehydrateLockout(stands), true)
			stands.Version = 1
			begun, stored, err := l.Begin(within(t), reservationOf(stands.Key))
			ok(t, err)
			if stored {
				t.Errorf("begun: %+v", begun.Snapshot())
			}
			wantLockout(t, l, stands)
		})
	}
}

func lockoutBeginAtomicity(t *testing.T, s Store) {
	t.Run("an undone unit of work begins nothing", func(t *testing.T) {
		key := given.Name("lock")
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			if _, stored, err := r.Lockouts.Begin(ctx, reservationOf(key)); err != nil || !stored {
				t.Errorf("stored: %t, %v", stored, err)
			}
			return domain.Invalid(domain.CodeInvalidGrant, "no")
		})
		wantCode(t, err, domain.CodeInvalidGrant)
		wantLockout(t, s.Lockouts, user.NewLockout(key).Snapshot())
	})
	t.Run("what stands against an attempt is told while somebody changes it", func(t *testing.T) {
		key := given.Name("lock")
		wantSwap(t, s.Lockouts, lockoutOf(key, 0, 1), true)
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			wantSwapIn(ctx, t, r, lockoutOf(key, 1, 2))
			_, stored, err := s.Lockouts.Begin(within(t), reservationOf(key))
			if err != nil || stored {
				t.Errorf("begun: %t, %v", stored, err)
			}
			return nil
		})
	})
}
