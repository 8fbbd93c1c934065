package users

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// SetPassword replaces a password by the given one, or by a generated one.
func (a *Administration) SetPassword(ctx context.Context, caller inbound.Caller, id domain.ID, password *domain.Secret, ifVersion int64) (domain.Secret, error) {
	if err := caller.Needs(scope.WriteUsers); err != nil {
		return domain.Secret{}, err
	}
	if password != nil {
		if err := a.passwords.form("password", *password); err != nil {
			return domain.Secret{}, err
		}
	}
	u, err := a.changeable(ctx, caller, id)
	if err != nil {
		return domain.Secret{}, err
	}
	var generated domain.Secret
	var hash string
	if password == nil {
		generated, hash, err = a.passwords.generate(ctx)
	} else {
		hash, err = a.passwords.replace(ctx, "password", *password, u)
	}
	if err != nil {
		return domain.Secret{}, err
	}
	err = a.changing(ctx, caller, id, ifVersion, func(ctx context.Context, r outbound.Repositories, u *user.User) error {
		if err := a.passwords.set(ctx, r, u, hash, caller.Party(), a.clock.Now()); err != nil {
			return err
		}
		if err := a.save(ctx, r, u); err != nil {
			return err
		}
		return a.logins.EndAll(ctx, r, id, token.EndedByPassword, caller.Party())
	})
	if err != nil {
		return domain.Secret{}, err
	}
	return generated, nil
}

// changeable gives a user whom the caller may change, ahead of the unit of work
// that asks again: nobody has a password judged for whom they may not change.
func (a *Administration) changeable(ctx context.Context, caller inbound.Caller, id domain.ID) (*user.User, error) {
	principal, err := a.principals.User(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := caller.MayChangeUser(principal); err != nil {
		return nil, err
	}
	return a.directory.ByID(ctx, id)
}

// Unlock lifts a lockout.
func (a *Administration) Unlock(ctx context.Context, caller inbound.Caller, id domain.ID, ifVersion int64) error {
	if err := caller.Needs(scope.WriteUsers); err != nil {
		return err
	}
	return a.changing(ctx, caller, id, ifVersion, func(ctx context.Context, r outbound.Repositories, u *user.User) error {
		now := a.clock.Now()
		u.Unlock(caller.Party(), now)
		if err := r.Users.Save(ctx, u); err != nil {
			return err
		}
		return lift(ctx, r, id, now)
	})
}

// Logout ends every session of a user.
func (a *Administration) Logout(ctx context.Context, caller inbound.Caller, id domain.ID) error {
	return a.endAll(ctx, caller, id, scope.WriteUsers)
}

// EndSessions is Logout for who keeps sessions, not accounts.
func (a *Administration) EndSessions(ctx context.Context, caller inbound.Caller, id domain.ID) error {
	return a.endAll(ctx, caller, id, scope.WriteSessions)
}

func (a *Administration) endAll(ctx context.Context, caller inbound.Caller, id domain.ID, needed scope.Name) error {
	if err := caller.Needs(needed); err != nil {
		return err
	}
	return a.changing(ctx, caller, id, 0, func(ctx context.Context, r outbound.Repositories, _ *user.User) error {
		return a.logins.EndAll(ctx, r, id, token.EndedByAdmin, caller.Party())
	})
}

// Sessions gives the living sessions of a user.
func (a *Administration) Sessions(ctx context.Context, caller inbound.Caller, id domain.ID, page domain.Page) (domain.Listing[inbound.Session], error) {
	if err := caller.Needs(scope.ReadSessions); err != nil {
		return domain.Listing[inbound.Session]{}, err
	}
	if _, err := a.directory.ByID(ctx, id); err != nil {
		return domain.Listing[inbound.Session]{}, err
	}
	return living(ctx, a.sessions, id, a.clock.Now(), page, caller)
}
