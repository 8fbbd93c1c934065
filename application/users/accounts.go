package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Accounts registers people and keeps their profiles.
type Accounts struct {
	policy    Policies
	clock     outbound.Clock
	random    outbound.Random
	names     NameKey
	passwords *Passwords
	directory outbound.UserDirectory
	profiles  *Profiles
	uow       outbound.UnitOfWork
}

var (
	_ inbound.Accounts   = (*Accounts)(nil)
	_ inbound.Superusers = (*Accounts)(nil)
)

// NewAccounts makes the service.
func NewAccounts(p Policies, clock outbound.Clock, random outbound.Random, names NameKey, passwords *Passwords, directory outbound.UserDirectory,
	profiles *Profiles, uow outbound.UnitOfWork) *Accounts {
	return &Accounts{policy: p, clock: clock, random: random, names: names, passwords: passwords, directory: directory, profiles: profiles, uow: uow}
}

// Register makes an account. A taken address is not told: the name is kept for
// a day as if the account had been made, and its owner is told by mail.
func (a *Accounts) Register(ctx context.Context, r inbound.Registration) error {
	if policy := a.policy.Current(); policy.RegistrationClosed {
		if _, err := r.Check(r.Password, policy.Passwords); err != nil {
			return err
		}
		return domain.E(domain.KindForbidden, domain.CodeClosed, "registration is closed")
	}
	checked, hash, err := a.passwords.register(ctx, r)
	if err != nil {
		return err
	}
	address := "" // the key of its budget, where the account is to inherit that
	if a.policy.Current().Admission.RequireVerifiedEmail {
		if address, err = keyedIdentifier(ctx, a.names, checked.Email().Folded()); err != nil {
			return err
		}
	}
	err = a.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		now := a.clock.Now()
		u := user.Register(a.random.NewID(now), checked, hash, now)
		if address == "" {
			return repos.Users.Add(ctx, u)
		}
		return addWithBudget(ctx, repos, u, address, now)
	})
	if !domain.HasCode(err, domain.CodeEmailTaken) {
		return err
	}
	owner, err := a.directory.ByLogin(ctx, checked.Email().Folded(), true)
	switch {
	case err != nil && domain.AsError(err).Kind == domain.KindNotFound:
		return domain.Unavailable(err, time.Second) // the address was freed this moment: asking again will do
	case err != nil:
		return err
	}
	return a.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		now := a.clock.Now()
		if err := repos.Users.Reserve(ctx, user.Collide(checked, hash, now)); err != nil {
			return err
		}
		return repos.Events.Append(ctx, domain.Event{
			Type: domain.EventRegistrationCollided, Outcome: domain.Failed, Reason: "email_taken",
			Actor: domain.Party{Kind: domain.PartyUnknown}, Subject: owner.Party(), OccurredAt: now,
		})
	})
}

// Me gives the caller's account.
func (a *Accounts) Me(ctx context.Context, caller inbound.Caller) (inbound.Account, error) {
	if err := ownsProfile(caller, scope.ReadProfile); err != nil {
		return inbound.Account{}, err
	}
	shown, err := a.profiles.Of(ctx, caller.Claims.Subject)
	if err != nil {
		return inbound.Account{}, err
	}
	return inbound.Account{User: shown, Scopes: caller.Scopes}, nil
}

// ChangeProfile changes the caller's account.
func (a *Accounts) ChangeProfile(ctx context.Context, caller inbound.Caller, change user.ProfileChange, ifVersion int64) (inbound.Account, error) {
	id, err := own(caller, scope.WriteProfile)
	if err != nil {
		return inbound.Account{}, err
	}
	if err := domain.InvalidFields(change.Check()...); err != nil {
		return inbound.Account{}, err
	}
	var after user.Snapshot
	err = a.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		u, err := repos.Users.Get(ctx, id)
		if err != nil {
			return err
		}
		before := u.Snapshot().Version
		if err := domain.CheckVersion(ifVersion, before); err != nil {
			return err
		}
		if err := u.ChangeProfile(change, caller.Party(), a.clock.Now()); err != nil {
			return err
		}
		after = u.Snapshot()
		if after.Version == before {
			return nil
		}
		return repos.Users.Save(ctx, u)
	})
	if err != nil {
		return inbound.Account{}, err
	}
	return inbound.Account{User: after, Scopes: caller.Scopes}, nil
}

// own gives the id of a caller who is a user and holds the permission.
func own(caller inbound.Caller, needed scope.Name) (domain.ID, error) {
	if err := ownsProfile(caller, needed); err != nil {
		return domain.NoID, err
	}
	return domain.ParseID(caller.Claims.Subject)
}

func ownsProfile(caller inbound.Caller, needed scope.Name) error {
	switch {
	case !caller.Can(needed):
		return inbound.InsufficientScope(needed)
	case !caller.Claims.IsUser():
		return inbound.UsersOnly()
	}
	return nil
}

// EnsureFirst makes the first superuser where there is none.
func (a *Accounts) EnsureFirst(ctx context.Context, r inbound.Registration) (bool, error) {
	missing := false
	err := a.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		count, err := repos.Users.LockSuperusers(ctx)
		missing = count == 0
		return err
	})
	if err != nil || !missing {
		return false, err // the usual start hashes nothing
	}
	made := false
	checked, hash, err := a.passwords.registerByOperator(ctx, r)
	if err != nil {
		return false, err
	}
	err = a.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		made = false
		count, err := repos.Users.LockSuperusers(ctx)
		if err != nil || count > 0 {
			return err // another instance was first
		}
		made = true
		return a.addSuperuser(ctx, repos, checked, hash)
	})
	return made && err == nil, err
}

// Create makes a superuser in any case.
func (a *Accounts) Create(ctx context.Context, r inbound.Registration) error {
	checked, hash, err := a.passwords.registerByOperator(ctx, r)
	if err != nil {
		return err
	}
	return a.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		return a.addSuperuser(ctx, repos, checked, hash)
	})
}

func (a *Accounts) addSuperuser(ctx context.Context, repos outbound.Repositories, checked user.Checked, hash string) error {
	now := a.clock.Now()
	return repos.Users.Add(ctx, user.NewSuperuser(a.random.NewID(now), checked, hash, now))
}
