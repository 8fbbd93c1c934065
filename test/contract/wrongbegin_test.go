package contract_test

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain/user"
)

var wrongBeginnings = []fault{
	{what: "begins over failures", wrap: beginning(func(s user.LockoutSnapshot) bool { return s.Failures > 0 }), fails: "not begun against a failure"},
	{what: "begins over attempts", wrap: beginning(func(s user.LockoutSnapshot) bool { return s.Pending > 0 }), fails: "not begun against an attempt in flight"},
	{what: "begins over levels", wrap: beginning(func(s user.LockoutSnapshot) bool { return s.Level > 0 }), fails: "not begun against a level"},
	{what: "begins over locks", wrap: beginning(func(s user.LockoutSnapshot) bool { return !s.LockedUntil.IsZero() }), fails: "not begun against a lock"},
	{what: "begins what is new alone", wrap: lockouts(func(l *wrongLockouts) {
		l.begin = func(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
			stored, err := l.Lockouts.Swap(ctx, next)
			return next, stored, err
		}
	}), fails: "a clear budget is begun, whatever its version"},
	{what: "tells the version it stored", wrap: lockouts(func(l *wrongLockouts) {
		l.begin = func(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
			begun, stored, err := l.Lockouts.Begin(ctx, next)
			s := begun.Snapshot()
			s.Version++
			return user.RehydrateLockout(s), stored, err
		}
	}), fails: "a clear budget is begun"},
	{what: "looks first and begins later", wrap: lockouts(func(l *wrongLockouts) {
		l.begin = func(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
			current, err := l.Lockouts.Get(ctx, next.Snapshot().Key)
			if err != nil || !current.Clear() {
				return user.Lockout{}, false, err
			}
			time.Sleep(time.Millisecond)
			begun := next.Snapshot()
			begun.Version = current.Snapshot().Version
			if swapped, err := l.Lockouts.Swap(ctx, user.RehydrateLockout(begun)); err != nil || swapped {
				return user.RehydrateLockout(begun), swapped, err
			}
			return user.RehydrateLockout(begun), true, nil
		}
	}), fails: "40 concurrent reservations of one clear budget"},
	{what: "locks what it looks at", wrap: lockouts(func(l *wrongLockouts) {
		l.begin = func(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
			current, err := l.Lockouts.Get(ctx, next.Snapshot().Key)
			if err != nil {
				return user.Lockout{}, false, err
			}
			if _, err := l.Lockouts.Swap(ctx, current); err != nil {
				return user.Lockout{}, false, err
			}
			return l.Lockouts.Begin(ctx, next)
		}
	}), fails: "told while somebody changes it"},
}
