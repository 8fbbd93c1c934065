package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// changing runs a change of a user whom the caller may change: judged and done
// in one unit of work, with the user locked.
func (a *Administration) changing(ctx context.Context, caller inbound.Caller, id domain.ID, ifVersion int64,
	change func(ctx context.Context, r outbound.Repositories, u *user.User) error) error {
	return a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := r.Users.Get(ctx, id)
		if err != nil {
			return err
		}
		principal, err := r.Principals.User(ctx, id)
		if err != nil {
			return err
		}
		if err := caller.MayChangeUser(principal); err != nil {
			return err
		}
		if err := domain.CheckVersion(ifVersion, u.Snapshot().Version); err != nil {
			return err
		}
		return change(ctx, r, u)
	})
}

// save stores a user whose principal may be another now.
func (a *Administration) save(ctx context.Context, r outbound.Repositories, u *user.User) error {
	if err := r.Users.Save(ctx, u); err != nil {
		return err
	}
	return r.Signals.Append(ctx, token.Changed(token.SignalPrincipalChanged, u.ID().String(), a.clock.Now()))
}

// link changes the roles of a user. The role is looked at first, and locked: it
// gains no scope while it is judged and given.
func (a *Administration) link(ctx context.Context, caller inbound.Caller, id domain.ID, name role.Name, ifVersion int64,
	change func(u *user.User, name role.Name, actor domain.Party, now time.Time) bool) error {
	if err := caller.Needs(scope.AdminUsers); err != nil {
		return err
	}
	return a.changing(ctx, caller, id, ifVersion, func(ctx context.Context, r outbound.Repositories, u *user.User) error {
		role, err := r.Roles.Get(ctx, name)
		if err != nil {
			return err
		}
		if err := caller.MayAssign(role); err != nil {
			return err
		}
		if !change(u, name, caller.Party(), a.clock.Now()) {
			return nil
		}
		return a.save(ctx, r, u)
	})
}

// remove ends an account inside a unit of work: its sessions and tokens first,
// so that the events tell of them.
func remove(ctx context.Context, r outbound.Repositories, logins Logins, u *user.User, actor domain.Party, now time.Time) error {
	if u.IsLastingSuperuser() {
		if err := leaveOne(ctx, r); err != nil {
			return err
		}
	}
	if err := logins.EndAll(ctx, r, u.ID(), token.EndedByDeletion, actor); err != nil {
		return err
	}
	u.Delete(actor, now)
	if err := r.Users.Delete(ctx, u); err != nil {
		return err
	}
	return r.Signals.Append(ctx, token.Changed(token.SignalPrincipalChanged, u.ID().String(), now))
}

// leaveOne refuses to end the last active superuser, whoever else is ended at
// the same moment.
func leaveOne(ctx context.Context, r outbound.Repositories) error {
	count, err := r.Users.LockSuperusers(ctx)
	if err == nil && count < 2 {
		err = domain.Conflict(domain.CodeLastSuperuser, "the last active superuser must stay one")
	}
	return err
}

// account gives a user as the unit of work leaves it.
func account(ctx context.Context, r outbound.Repositories, u *user.User) (inbound.Account, error) {
	principal, err := r.Principals.User(ctx, u.ID())
	if err != nil {
		return inbound.Account{}, err
	}
	return inbound.Account{User: u.Snapshot(), Scopes: principal.Scopes}, nil
}

func superusersOnly() error {
	return domain.Forbidden("only a superuser makes a superuser, or ends one")
}
