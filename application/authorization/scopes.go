package authorization

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Scopes administers scopes. Making or describing one gives nobody anything;
// who may is therefore not asked what they hold.
type Scopes struct {
	clock     outbound.Clock
	random    outbound.Random
	directory outbound.ScopeDirectory
	uow       outbound.UnitOfWork
}

var _ inbound.Scopes = (*Scopes)(nil)

// NewScopes makes the service.
func NewScopes(clock outbound.Clock, random outbound.Random, directory outbound.ScopeDirectory, uow outbound.UnitOfWork) *Scopes {
	return &Scopes{clock: clock, random: random, directory: directory, uow: uow}
}

// List gives a page of all scopes.
func (s *Scopes) List(ctx context.Context, caller inbound.Caller, page domain.Page) (domain.Listing[scope.Snapshot], error) {
	if err := caller.Needs(scope.ReadScopes); err != nil {
		return domain.Listing[scope.Snapshot]{}, err
	}
	found, err := s.directory.List(ctx, page)
	return domain.EachOf(found, (*scope.Scope).Snapshot), err
}

// Get gives a scope.
func (s *Scopes) Get(ctx context.Context, caller inbound.Caller, name string) (scope.Snapshot, error) {
	if err := caller.Needs(scope.ReadScopes); err != nil {
		return scope.Snapshot{}, err
	}
	found, err := s.directory.ByName(ctx, scope.Name(name))
	if err != nil {
		return scope.Snapshot{}, noScope(err)
	}
	return found.Snapshot(), nil
}

// Create makes a scope. Superusers hold it at once.
func (s *Scopes) Create(ctx context.Context, caller inbound.Caller, name, description string) (scope.Snapshot, error) {
	if err := caller.Needs(scope.WriteScopes); err != nil {
		return scope.Snapshot{}, err
	}
	var made scope.Snapshot
	err := s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		now := s.clock.Now()
		fresh, err := scope.New(s.random.NewID(now), name, description, caller.Party(), now)
		if err != nil {
			return err
		}
		made = fresh.Snapshot()
		if err := r.Scopes.Add(ctx, fresh); err != nil {
			return err
		}
		return r.Signals.Append(ctx, token.Changed(token.SignalRolesChanged, name, now))
	})
	return made, err
}

// Describe changes the description.
func (s *Scopes) Describe(ctx context.Context, caller inbound.Caller, name string, description *string, version int64) (scope.Snapshot, error) {
	if err := caller.Needs(scope.WriteScopes); err != nil {
		return scope.Snapshot{}, err
	}
	if description != nil {
		if err := scope.CheckDescription(*description); err != nil {
			return scope.Snapshot{}, err
		}
	}
	var after scope.Snapshot
	err := s.change(ctx, caller, name, version, func(ctx context.Context, r outbound.Repositories, found *scope.Scope) error {
		after = found.Snapshot()
		if description == nil {
			return nil
		}
		changed, err := found.Describe(*description, caller.Party(), s.clock.Now())
		after = found.Snapshot()
		if err != nil || !changed {
			return err
		}
		return r.Scopes.Save(ctx, found)
	})
	return after, err
}

// Delete removes a scope that nobody was given.
func (s *Scopes) Delete(ctx context.Context, caller inbound.Caller, name string, version int64) error {
	return s.change(ctx, caller, name, version, func(ctx context.Context, r outbound.Repositories, found *scope.Scope) error {
		now := s.clock.Now()
		if err := found.Delete(caller.Party(), now); err != nil {
			return err
		}
		if err := r.Scopes.Delete(ctx, found); err != nil {
			return err
		}
		return r.Signals.Append(ctx, token.Changed(token.SignalRolesChanged, name, now))
	})
}

func (s *Scopes) change(ctx context.Context, caller inbound.Caller, name string, version int64,
	work func(context.Context, outbound.Repositories, *scope.Scope) error) error {
	if err := caller.Needs(scope.WriteScopes); err != nil {
		return err
	}
	return s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		found, err := r.Scopes.Get(ctx, scope.Name(name))
		if err != nil {
			return noScope(err)
		}
		if err := domain.CheckVersion(version, found.Snapshot().Version); err != nil {
			return err
		}
		return work(ctx, r, found)
	})
}
