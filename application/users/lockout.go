package users

import (
	"context"
	"errors"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// reserve takes one attempt of the identifier's budget, on all instances. Where
// the rest of the budget is in flight elsewhere it waits for the outcome.
// Locked: invalid_grant with account_locked.
func (c *Credentials) reserve(ctx context.Context, key string) (user.Lockout, error) {
	// Nearly every budget is clear, so that is tried before anything is read.
	first, _ := user.NewLockout(key).Reserve(c.policy.Current().Lockout, c.clock.Now())
	if begun, stored, err := c.lockouts.Begin(ctx, first); err != nil || stored {
		return begun, err
	}
	for {
		now := c.clock.Now()
		current, err := c.lockouts.Get(ctx, key)
		if err != nil {
			return user.Lockout{}, err
		}
		next, admission := current.Reserve(c.policy.Current().Lockout, now)
		swapped := true
		if next.Snapshot() != current.Snapshot() { // a refusal may settle attempts that were abandoned
			if swapped, err = c.lockouts.Swap(ctx, next); err != nil {
				return user.Lockout{}, err
			}
		}
		switch {
		case !swapped: // someone else was first: look again
		case admission == user.Admitted:
			return next, nil
		case admission == user.Locked:
			return user.Lockout{}, next.Refusal(now)
		default:
			if err := c.clock.Sleep(ctx, busyRetry); err != nil {
				return user.Lockout{}, domain.Unavailable(err, time.Second)
			}
		}
	}
}

// settle ends a reservation in the budget that the key names by now: one
// statement where nothing else happened to it meanwhile.
func (c *Credentials) settle(ctx context.Context, key string, reserved user.Lockout, change func(user.Lockout) user.Lockout) error {
	if stored := reserved.Snapshot(); stored.Key == key {
		stored.Version++ // as the swap counted it up
		swapped, err := c.lockouts.Swap(ctx, change(user.RehydrateLockout(stored)))
		if err != nil || swapped {
			return err
		}
	}
	_, err := swap(ctx, c.lockouts, key, change)
	return err
}

// maxSwaps bounds how often a swap is tried; each lost one means that another
// got through, and the gate keeps their number small.
const maxSwaps = 100

// swap changes a lockout whatever its state is by now.
func swap(ctx context.Context, lockouts outbound.Lockouts, key string, change func(user.Lockout) user.Lockout) (user.Lockout, error) {
	for range maxSwaps {
		current, err := lockouts.Get(ctx, key)
		if err != nil {
			return user.Lockout{}, err
		}
		next := change(current)
		swapped, err := lockouts.Swap(ctx, next)
		if err != nil {
			return user.Lockout{}, err
		}
		if swapped {
			return next, nil
		}
	}
	return user.Lockout{}, domain.Unavailable(errors.New("a lockout is too contended"), time.Second)
}

// addWithBudget adds an account that begins with the budget its address had
// while it was nobody's: a lock that ended here, and would stay where the
// address is taken, would tell the two apart (contract 4.1).
func addWithBudget(ctx context.Context, r outbound.Repositories, u *user.User, address string, now time.Time) error {
	before, err := r.Lockouts.Get(ctx, address)
	if err != nil {
		return err
	}
	budget := before.Of(budgetOf(u.ID()))
	u.Inherit(budget, now)
	if err := r.Users.Add(ctx, u); err != nil || before.Snapshot().Version == 0 {
		return err
	}
	_, err = r.Lockouts.Swap(ctx, budget) // of a new key, which nobody else knows
	return err
}
