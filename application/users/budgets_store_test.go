package users

import (
	"context"

	"github.com/keystone-auth/keystone/domain/user"
)

type lockoutRows struct{ *state }

func (r lockoutRows) Get(_ context.Context, key string) (user.Lockout, error) {
	if s, ok := r.lockouts[key]; ok {
		return user.RehydrateLockout(s), nil
	}
	return user.NewLockout(key), nil
}

func (r lockoutRows) Swap(_ context.Context, next user.Lockout) (bool, error) {
	s := next.Snapshot()
	if r.lockouts[s.Key].Version != s.Version {
		return false, nil
	}
	s.Version++
	r.lockouts[s.Key] = s
	return true, nil
}

func (r lockoutRows) Begin(_ context.Context, next user.Lockout) (user.Lockout, bool, error) {
	s, before := next.Snapshot(), r.lockouts[next.Snapshot().Key]
	if before.Failures != 0 || before.Pending != 0 || before.Level != 0 || !before.LockedUntil.IsZero() {
		return user.Lockout{}, false, nil
	}
	stored := s
	s.Version, stored.Version = before.Version, before.Version+1
	r.lockouts[s.Key] = stored
	return user.RehydrateLockout(s), true, nil
}

// budgets is the Lockouts port outside of a unit of work; like a driver it
// obeys its context.
type budgets struct {
	*store
	beforeSwap func(next user.LockoutSnapshot) // without the lock
}

func (b *budgets) Get(ctx context.Context, key string) (user.Lockout, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil || b.fail != nil {
		return user.Lockout{}, unavailable()
	}
	return lockoutRows{&b.state}.Get(ctx, key)
}

func (b *budgets) Swap(ctx context.Context, next user.Lockout) (bool, error) {
	if b.beforeSwap != nil {
		b.beforeSwap(next.Snapshot())
	}
	if b.watch != nil {
		b.watch(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil || b.fail != nil {
		return false, unavailable()
	}
	return lockoutRows{&b.state}.Swap(ctx, next)
}

func (b *budgets) Begin(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil || b.fail != nil {
		return user.Lockout{}, false, unavailable()
	}
	return lockoutRows{&b.state}.Begin(ctx, next)
}
