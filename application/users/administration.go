package users

import (
	"cmp"
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Logins ends sessions inside a unit of work, with the tokens that are out.
type Logins interface {
	// End ends one session.
	End(ctx context.Context, r outbound.Repositories, session *token.Session, reason token.EndReason, actor domain.Party) error
	// EndAll ends every session of a user, those that are being opened too.
	EndAll(ctx context.Context, r outbound.Repositories, userID domain.ID, reason token.EndReason, actor domain.Party) error
	// EndOthers ends every session of a user but one.
	EndOthers(ctx context.Context, r outbound.Repositories, userID, but domain.ID, reason token.EndReason, actor domain.Party) error
}

// Administration is what administrators do with accounts.
type Administration struct {
	clock      outbound.Clock
	random     outbound.Random
	passwords  *Passwords
	directory  outbound.UserDirectory
	list       outbound.UserList
	sessions   outbound.SessionList
	principals outbound.Principals
	uow        outbound.UnitOfWork
	logins     Logins
}

var (
	_ inbound.Users      = (*Administration)(nil)
	_ inbound.UserAccess = (*Administration)(nil)
)

// NewAdministration makes the service.
func NewAdministration(clock outbound.Clock, random outbound.Random, passwords *Passwords, directory outbound.UserDirectory, list outbound.UserList,
	sessions outbound.SessionList, principals outbound.Principals, uow outbound.UnitOfWork, logins Logins) *Administration {
	return &Administration{
		clock: clock, random: random, passwords: passwords, directory: directory, list: list,
		sessions: sessions, principals: principals, uow: uow, logins: logins,
	}
}

// maxSearch bounds the text that a list is searched for, in code points; no
// field that is searched is longer than an address.
const maxSearch = 254

// List gives users.
func (a *Administration) List(ctx context.Context, caller inbound.Caller, filter inbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	if err := caller.Needs(scope.ReadUsers); err != nil {
		return domain.Listing[user.Snapshot]{}, err
	}
	if err := domain.InvalidFields(domain.CheckLine("q", filter.Text, maxSearch)...); err != nil {
		return domain.Listing[user.Snapshot]{}, err
	}
	return a.list.List(ctx, outbound.UserFilter(filter), page)
}

// Get gives a user.
func (a *Administration) Get(ctx context.Context, caller inbound.Caller, id domain.ID) (inbound.Account, error) {
	if err := caller.Needs(scope.ReadUsers); err != nil {
		return inbound.Account{}, err
	}
	u, err := a.directory.ByID(ctx, id)
	if err != nil {
		return inbound.Account{}, err
	}
	principal, err := a.principals.User(ctx, id)
	if err != nil {
		return inbound.Account{}, err
	}
	return inbound.Account{User: u.Snapshot(), Scopes: principal.Scopes}, nil
}

// Create makes an account.
func (a *Administration) Create(ctx context.Context, caller inbound.Caller, n inbound.NewUser) (inbound.Account, error) {
	if err := caller.Needs(scope.WriteUsers); err != nil {
		return inbound.Account{}, err
	}
	checked, hash, err := a.passwords.register(ctx, n.Registration)
	if err != nil {
		return inbound.Account{}, err
	}
	if n.IsSuperuser && !caller.RulesAll() {
		return inbound.Account{}, superusersOnly()
	}
	now := a.clock.Now()
	id := a.random.NewID(now)
	var made inbound.Account
	err = a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u := user.Create(id, checked, hash, n.IsSuperuser, caller.Party(), now)
		if err := r.Users.Add(ctx, u); err != nil {
			return err
		}
		made, err = account(ctx, r, u)
		return err
	})
	return made, err
}

// Change changes an account. What is wrong with the change by itself is told
// before anything about the account is.
func (a *Administration) Change(ctx context.Context, caller inbound.Caller, id domain.ID, change inbound.UserChange, ifVersion int64) (inbound.Account, error) {
	if err := caller.Needs(scope.WriteUsers); err != nil {
		return inbound.Account{}, err
	}
	hash, err := a.judged(ctx, caller, id, change)
	if err != nil {
		return inbound.Account{}, err
	}
	var after inbound.Account
	err = a.changing(ctx, caller, id, ifVersion, func(ctx context.Context, r outbound.Repositories, u *user.User) (err error) {
		before := u.Snapshot()
		if change.IsSuperuser != nil && *change.IsSuperuser != before.IsSuperuser && !caller.RulesAll() {
			return superusersOnly()
		}
		if u.IsLastingSuperuser() && change.EndsSuperuser() {
			if err := leaveOne(ctx, r); err != nil {
				return err
			}
		}
		now := a.clock.Now()
		if err := u.Administer(change.Change, caller.Party(), now); err != nil {
			return err
		}
		if hash != "" {
			if err := a.passwords.set(ctx, r, u, hash, caller.Party(), now); err != nil {
				return err
			}
		}
		if u.Snapshot().Version != before.Version {
			if err := a.save(ctx, r, u); err != nil {
				return err
			}
		}
		switch s := u.Snapshot(); {
		case before.IsActive && !s.IsActive:
			err = a.logins.EndAll(ctx, r, id, token.EndedByDisabling, caller.Party())
		case hash != "":
			err = a.logins.EndAll(ctx, r, id, token.EndedByPassword, caller.Party())
		}
		if err != nil {
			return err
		}
		after, err = account(ctx, r, u)
		return err
	})
	return after, err
}

// judged holds a change to the rules and gives the hash of its password; empty
// where it has none. A password is judged and hashed before the unit of work,
// like any.
func (a *Administration) judged(ctx context.Context, caller inbound.Caller, id domain.ID, change inbound.UserChange) (string, error) {
	bad := domain.InvalidFields(change.Check()...)
	if change.Password == nil {
		return "", bad
	}
	if err := a.passwords.form("password", *change.Password); err != nil {
		return "", domain.AllFields(bad, err)
	}
	u, err := a.changeable(ctx, caller, id)
	if err != nil {
		return "", cmp.Or(bad, err)
	}
	if err := domain.AllFields(bad, a.passwords.check(ctx, "password", *change.Password, u)); err != nil {
		return "", err
	}
	return a.passwords.renew(ctx, "password", *change.Password, u)
}

// Delete ends an account.
func (a *Administration) Delete(ctx context.Context, caller inbound.Caller, id domain.ID, ifVersion int64) error {
	if err := caller.Needs(scope.DeleteUsers); err != nil {
		return err
	}
	return a.changing(ctx, caller, id, ifVersion, func(ctx context.Context, r outbound.Repositories, u *user.User) error {
		return remove(ctx, r, a.logins, u, caller.Party(), a.clock.Now())
	})
}

// Assign gives a role.
func (a *Administration) Assign(ctx context.Context, caller inbound.Caller, id domain.ID, name role.Name, ifVersion int64) error {
	return a.link(ctx, caller, id, name, ifVersion, (*user.User).Assign)
}

// Withdraw takes a role away.
func (a *Administration) Withdraw(ctx context.Context, caller inbound.Caller, id domain.ID, name role.Name, ifVersion int64) error {
	return a.link(ctx, caller, id, name, ifVersion, (*user.User).Withdraw)
}
