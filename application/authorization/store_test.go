package authorization

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

type clock struct{ outbound.Clock }

func (clock) Now() time.Time { return given.Now }

type random struct{ outbound.Random }

func (random) NewID(time.Time) domain.ID { return given.ID() }

// store is roles and scopes in memory: serial, all or nothing.
type store struct {
	roles   map[role.Name]role.Snapshot
	scopes  map[scope.Name]scope.Snapshot
	signals []token.Signal
	events  []domain.Event
	// deleted is a scope that vanishes between being looked up and being granted.
	deleted scope.Name
	fail    error
}

func newStore() *store {
	s := &store{roles: map[role.Name]role.Snapshot{}, scopes: map[scope.Name]scope.Snapshot{}}
	for _, name := range scope.Builtin() {
		s.scopes[name] = scope.Snapshot{ID: given.ID(), Name: name, Resource: name.Resource(), Version: 1}
	}
	for _, name := range []role.Name{role.User, role.Admin} {
		s.roles[name] = role.Snapshot{ID: given.ID(), Name: name, Scopes: role.BuiltinScopes(name), Version: 1}
	}
	return s
}

func (s *store) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	if s.fail != nil {
		return s.fail
	}
	for _, last := range []bool{false, true} { // a conflict makes it run again
		next := &store{roles: maps.Clone(s.roles), scopes: maps.Clone(s.scopes), signals: slices.Clone(s.signals), events: slices.Clone(s.events), deleted: s.deleted}
		if err := work(ctx, outbound.Repositories{Roles: roleRows{store: next}, Scopes: scopeRows{store: next}, Signals: signalRows{next}}); err != nil {
			return err
		}
		if last {
			*s = *next
		}
	}
	return nil
}

type roleRows struct {
	outbound.Roles
	*store
}

func (r roleRows) Get(_ context.Context, name role.Name) (*role.Role, error) {
	found, ok := r.roles[name]
	if !ok {
		return nil, domain.NotFound("there is no such thing")
	}
	return role.Rehydrate(found), nil
}

func (r roleRows) Add(_ context.Context, added *role.Role) error {
	if _, taken := r.roles[added.Name()]; taken {
		return domain.Conflict(domain.CodeConflict, "it exists already")
	}
	return r.Save(context.Background(), added)
}

func (r roleRows) Save(_ context.Context, saved *role.Role) error {
	if saved.Scopes().Has(r.deleted) {
		return domain.Invalid(domain.CodeUnknownScope, "there is no such scope")
	}
	r.events = append(r.events, saved.Drain()...)
	r.roles[saved.Name()] = saved.Snapshot()
	return nil
}

func (r roleRows) Delete(_ context.Context, gone *role.Role) error {
	r.events = append(r.events, gone.Drain()...)
	delete(r.roles, gone.Name())
	return nil
}

type scopeRows struct {
	outbound.Scopes
	*store
}

func (r scopeRows) Get(_ context.Context, name scope.Name) (*scope.Scope, error) {
	found, ok := r.scopes[name]
	if !ok {
		return nil, domain.NotFound("there is no such thing")
	}
	return scope.Rehydrate(found), nil
}

func (r scopeRows) Add(_ context.Context, added *scope.Scope) error {
	if _, taken := r.scopes[added.Name()]; taken {
		return domain.Conflict(domain.CodeConflict, "it exists already")
	}
	return r.Save(context.Background(), added)
}

func (r scopeRows) Save(_ context.Context, saved *scope.Scope) error {
	r.events = append(r.events, saved.Drain()...)
	r.scopes[saved.Name()] = saved.Snapshot()
	return nil
}

func (r scopeRows) Delete(_ context.Context, gone *scope.Scope) error {
	for _, holder := range r.roles {
		if holder.Scopes.Has(gone.Name()) {
			return domain.Conflict(domain.CodeInUse, "in use")
		}
	}
	r.events = append(r.events, gone.Drain()...)
	delete(r.scopes, gone.Name())
	return nil
}

type signalRows struct{ *store }

func (r signalRows) Append(_ context.Context, signals ...token.Signal) error {
	r.signals = append(r.signals, signals...)
	return nil
}

// roleDirectory and scopeDirectory read the same store.
type roleDirectory struct{ *store }

func (d roleDirectory) ByName(ctx context.Context, name role.Name) (*role.Role, error) {
	return roleRows{store: d.store}.Get(ctx, name)
}

func (d roleDirectory) List(_ context.Context, page domain.Page) (domain.Listing[*role.Role], error) {
	if page.Limit != 1 {
		return domain.Listing[*role.Role]{}, errors.New("the page arrived otherwise")
	}
	return domain.Listing[*role.Role]{Items: []*role.Role{role.Rehydrate(d.roles[role.User])}, Next: "more"}, nil
}

type scopeDirectory struct{ *store }

func (d scopeDirectory) ByName(ctx context.Context, name scope.Name) (*scope.Scope, error) {
	return scopeRows{store: d.store}.Get(ctx, name)
}

func (d scopeDirectory) List(_ context.Context, page domain.Page) (domain.Listing[*scope.Scope], error) {
	if page.Limit != 1 {
		return domain.Listing[*scope.Scope]{}, errors.New("the page arrived otherwise")
	}
	return domain.Listing[*scope.Scope]{Items: []*scope.Scope{scope.Rehydrate(d.scopes[scope.ReadUsers])}, Next: "more"}, nil
}

func (s *store) services() (*Roles, *Scopes) {
	return NewRoles(clock{}, random{}, roleDirectory{s}, s), NewScopes(clock{}, random{}, scopeDirectory{s}, s)
}

// bearing gives a caller whose token holds these scopes.
func bearing(names ...scope.Name) inbound.Caller {
	return inbound.Caller{Principal: token.Principal{Kind: domain.PartyUser, ID: "caller"}, Scopes: scope.NewSet(names...)}
}

func superuser(names ...scope.Name) inbound.Caller {
	caller := bearing(names...)
	caller.Principal.IsSuperuser = true
	return caller
}
