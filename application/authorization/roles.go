package authorization

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Roles administers roles.
type Roles struct {
	clock     outbound.Clock
	random    outbound.Random
	directory outbound.RoleDirectory
	uow       outbound.UnitOfWork
}

var _ inbound.Roles = (*Roles)(nil)

// NewRoles makes the service.
func NewRoles(clock outbound.Clock, random outbound.Random, directory outbound.RoleDirectory, uow outbound.UnitOfWork) *Roles {
	return &Roles{clock: clock, random: random, directory: directory, uow: uow}
}

// List gives a page of all roles.
func (s *Roles) List(ctx context.Context, caller inbound.Caller, page domain.Page) (domain.Listing[role.Snapshot], error) {
	if err := caller.Needs(scope.ReadRoles); err != nil {
		return domain.Listing[role.Snapshot]{}, err
	}
	found, err := s.directory.List(ctx, page)
	return domain.EachOf(found, (*role.Role).Snapshot), err
}

// Get gives a role.
func (s *Roles) Get(ctx context.Context, caller inbound.Caller, name string) (role.Snapshot, error) {
	if err := caller.Needs(scope.ReadRoles); err != nil {
		return role.Snapshot{}, err
	}
	found, err := s.directory.ByName(ctx, role.Name(name))
	if err != nil {
		return role.Snapshot{}, noRole(err)
	}
	return found.Snapshot(), nil
}

// Create makes a role without scopes, which gives nobody anything.
func (s *Roles) Create(ctx context.Context, caller inbound.Caller, name, description string) (role.Snapshot, error) {
	if err := caller.Needs(scope.WriteRoles); err != nil {
		return role.Snapshot{}, err
	}
	var made role.Snapshot
	err := s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		now := s.clock.Now()
		fresh, err := role.New(s.random.NewID(now), name, description, caller.Party(), now)
		if err != nil {
			return err
		}
		made = fresh.Snapshot()
		return r.Roles.Add(ctx, fresh)
	})
	return made, err
}

// Describe changes the description.
func (s *Roles) Describe(ctx context.Context, caller inbound.Caller, name string, description *string, version int64) (role.Snapshot, error) {
	if err := caller.Needs(scope.WriteRoles); err != nil {
		return role.Snapshot{}, err
	}
	if description != nil {
		if err := role.CheckDescription(*description); err != nil {
			return role.Snapshot{}, err
		}
	}
	var after role.Snapshot
	err := s.change(ctx, caller, name, version, func(ctx context.Context, r outbound.Repositories, found *role.Role) error {
		after = found.Snapshot()
		if description == nil {
			return nil
		}
		changed, err := found.Describe(*description, caller.Party(), s.clock.Now())
		after = found.Snapshot()
		if err != nil || !changed {
			return err
		}
		return r.Roles.Save(ctx, found)
	})
	return after, err
}

// Delete takes the role from everyone, and away.
func (s *Roles) Delete(ctx context.Context, caller inbound.Caller, name string, version int64) error {
	return s.change(ctx, caller, name, version, func(ctx context.Context, r outbound.Repositories, found *role.Role) error {
		now := s.clock.Now()
		if err := found.Delete(caller.Party(), now); err != nil {
			return err
		}
		if err := r.Roles.Delete(ctx, found); err != nil {
			return err
		}
		return r.Signals.Append(ctx, token.Changed(token.SignalRolesChanged, string(found.Name()), now))
	})
}

// Grant adds a scope that the caller holds.
func (s *Roles) Grant(ctx context.Context, caller inbound.Caller, name, granted string, version int64) error {
	return s.link(ctx, caller, name, granted, version, func(found *role.Role, permission scope.Name) (bool, error) {
		if err := caller.MayGrant(permission); err != nil {
			return false, err
		}
		return found.Grant(permission, caller.Party(), s.clock.Now()), nil
	})
}

// Withdraw removes a scope.
func (s *Roles) Withdraw(ctx context.Context, caller inbound.Caller, name, withdrawn string, version int64) error {
	return s.link(ctx, caller, name, withdrawn, version, func(found *role.Role, permission scope.Name) (bool, error) {
		return found.Withdraw(permission, caller.Party(), s.clock.Now()), nil
	})
}

func (s *Roles) link(ctx context.Context, caller inbound.Caller, name, permission string, version int64, turn func(*role.Role, scope.Name) (bool, error)) error {
	return s.change(ctx, caller, name, version, func(ctx context.Context, r outbound.Repositories, found *role.Role) error {
		known, err := r.Scopes.Get(ctx, scope.Name(permission))
		if err != nil {
			return noScope(err)
		}
		changed, err := turn(found, known.Name())
		if err != nil || !changed {
			return err
		}
		if err := r.Roles.Save(ctx, found); err != nil {
			return vanished(err)
		}
		return r.Signals.Append(ctx, token.Changed(token.SignalRolesChanged, name, s.clock.Now()))
	})
}

// change runs a change of a role by who may change it.
func (s *Roles) change(ctx context.Context, caller inbound.Caller, name string, version int64,
	work func(context.Context, outbound.Repositories, *role.Role) error) error {
	if err := caller.Needs(scope.WriteRoles); err != nil {
		return err
	}
	return s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		found, err := r.Roles.Get(ctx, role.Name(name))
		if err != nil {
			return noRole(err)
		}
		if err := caller.MayChange(found.Scopes()); err != nil {
			return err
		}
		if err := domain.CheckVersion(version, found.Snapshot().Version); err != nil {
			return err
		}
		return work(ctx, r, found)
	})
}
