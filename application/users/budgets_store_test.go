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

func (r lockoutRows) Begin(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
	s, before := next.Snapshot(), r.lockouts[next.Snapshot().Key]
	if !user.RehydrateLockout(before).Clear() {
		return user.Lockout{}, false, nil
	}
	s.Version = before.Version
	begun := user.RehydrateLockout(s)
	stored, err := r.Swap(ctx, begun)
	return begun, stored, err
}

// budgets is the Lockouts port outside of a unit of work; like a driver it
// obeys its context.
type budgets struct {
	*store
	beforeSwap func(next user.LockoutSnapshot) // without the lock
	looks      int                             // how often one was read
}

func (b *budgets) Get(ctx context.Context, key string) (user.Lockout, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil || b.fail != nil {
		return user.Lockout{}, unavailable()
	}
	b.looks++
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
