package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// budgetOf is the key of an account's lockout.
func budgetOf(id domain.ID) string { return "user:" + id.String() }

// Proven is an account whose owner has shown the password.
type Proven struct {
	user      user.Snapshot
	changedAt time.Time // of the password that was shown
}

// ProvePassword has a user who is logged in show the password again. Guesses
// count in the budget that logins have: wrong is CodeWrongPassword, too often
// CodeAccountLocked.
func (c *Credentials) ProvePassword(ctx context.Context, id domain.ID, password domain.Secret) (Proven, error) {
	if c.policy.Current().Passwords.Impossible(password) {
		return Proven{}, wrongPassword()
	}
	u, err := c.directory.ByID(ctx, id)
	if err != nil {
		return Proven{}, err
	}
	if _, err := c.attempt(ctx, candidate{key: budgetOf(id), user: u, owner: u}, password); err != nil {
		return Proven{}, orNotProven(err)
	}
	s := u.Snapshot()
	return Proven{user: s, changedAt: s.PasswordChangedAt}, nil
}

// Get gives the account inside a unit of work, if the password that was shown
// is still its own.
func (p Proven) Get(ctx context.Context, r outbound.Repositories) (*user.User, error) {
	u, err := r.Users.Get(ctx, p.user.ID)
	if err != nil {
		return nil, err
	}
	if !u.Snapshot().PasswordChangedAt.Equal(p.changedAt) {
		return nil, wrongPassword()
	}
	return u, nil
}

// orNotProven words the refusals of a login for who is logged in.
func orNotProven(err error) error {
	refused := domain.AsError(err)
	switch {
	case refused.Code != domain.CodeInvalidGrant:
		return err
	case refused.Reason == domain.ReasonAccountLocked:
		locked := domain.E(domain.KindForbidden, domain.CodeAccountLocked, refused.Message)
		locked.LockedUntil, locked.RetryAfter = refused.LockedUntil, refused.RetryAfter
		return locked
	}
	return wrongPassword()
}

func wrongPassword() error {
	return domain.E(domain.KindForbidden, domain.CodeWrongPassword, "the current password is not right")
}

// currentGiven refuses a current password that was left out: that is no guess,
// and takes nothing of the budget.
func currentGiven(current domain.Secret) error {
	if current.Empty() {
		return domain.InvalidFields(domain.Field{Name: "current_password", Code: "required", Message: "must be given"})
	}
	return nil
}

// lift ends the lock of an account inside a unit of work.
func lift(ctx context.Context, r outbound.Repositories, id domain.ID, now time.Time) error {
	_, err := swap(ctx, r.Lockouts, budgetOf(id), func(l user.Lockout) user.Lockout { return l.Lift(now) })
	return err
}
