package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Logins ends the sessions of a user inside a unit of work, with the tokens
// that are out.
type Logins interface {
	EndAll(ctx context.Context, r outbound.Repositories, userID domain.ID, reason token.EndReason, actor domain.Party) error
}

// Offer is what this installation lets clients register for.
type Offer interface {
	// Resolve finds out what a method proves a client by, and gives the keys in
	// the form that is kept. Keys that are none: CodeInvalidInput.
	Resolve(a client.Authentication) (client.Authentication, error)
	// Changed is Resolve for a change: what it leaves out stays.
	Changed(c *client.ServiceClient, change client.Change) (client.Change, error)
	// Check refuses a client that may not have what it has: CodeInvalidInput.
	Check(c *client.ServiceClient) error
}

// Importer makes entries true. One serves one run, and is not for concurrent use.
type Importer struct {
	clock     outbound.Clock
	random    outbound.Random
	formats   outbound.HashFormats
	directory outbound.UserDirectory
	list      outbound.UserList
	uow       outbound.UnitOfWork
	logins    Logins
	grants    []string // the grant types this installation offers
	offer     Offer
	life      func() time.Duration
	history   func() int

	rehearsal bool
	// promised are the scopes and roles that earlier entries of a rehearsal
	// would have made.
	promisedScopes scope.Set
	promisedRoles  []role.Name
}

var _ inbound.Importer = (*Importer)(nil)

// NewImporter makes an importer. A rehearsal tells what would happen and changes
// nothing. grants are the grant types on offer, offer tells how clients may
// register to authenticate with them, and life how long an
// access token is good at most. history is how many passwords of a user may not
// come again, the one in force among them.
func NewImporter(clock outbound.Clock, random outbound.Random, formats outbound.HashFormats, directory outbound.UserDirectory, list outbound.UserList,
	uow outbound.UnitOfWork, logins Logins, grants []string, offer Offer, life func() time.Duration, history func() int, rehearsal bool) *Importer {
	return &Importer{
		clock: clock, random: random, formats: formats, directory: directory, list: list, uow: uow, logins: logins,
		grants: grants, offer: offer, life: life, history: history, rehearsal: rehearsal,
	}
}

// errRehearsed undoes a unit of work that went well.
var errRehearsed = errors.New("a rehearsal keeps nothing")

// Import implements inbound.Importer.
func (i *Importer) Import(ctx context.Context, entry inbound.Entry) (inbound.ImportChange, error) {
	var work func(context.Context, outbound.Repositories) (inbound.ImportChange, error)
	switch e := entry.(type) {
	case inbound.ScopeEntry:
		work = func(ctx context.Context, r outbound.Repositories) (inbound.ImportChange, error) {
			return i.scope(ctx, r, e)
		}
	case inbound.RoleEntry:
		work = func(ctx context.Context, r outbound.Repositories) (inbound.ImportChange, error) {
			return i.role(ctx, r, e)
		}
	case inbound.ClientEntry:
		work = func(ctx context.Context, r outbound.Repositories) (inbound.ImportChange, error) {
			return i.client(ctx, r, e)
		}
	case inbound.UserEntry:
		id, err := i.identify(ctx, e)
		if err != nil {
			return inbound.ImportChange{}, err
		}
		work = func(ctx context.Context, r outbound.Repositories) (inbound.ImportChange, error) {
			return i.user(ctx, r, id, e)
		}
	default:
		return inbound.ImportChange{}, domain.Internal(fmt.Errorf("transfer: no import of %T", entry))
	}
	var change inbound.ImportChange
	err := i.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) (err error) {
		if change, err = work(ctx, r); err == nil && i.rehearsal {
			err = errRehearsed
		}
		return err
	})
	if err != nil && !errors.Is(err, errRehearsed) {
		return inbound.ImportChange{}, err
	}
	if i.rehearsal && change.Created {
		switch e := entry.(type) {
		case inbound.ScopeEntry:
			i.promisedScopes = i.promisedScopes.Union(scope.NewSet(scope.Name(e.Name)))
		case inbound.RoleEntry:
			i.promisedRoles = append(i.promisedRoles, role.Name(e.Name))
		}
	}
	return change, nil
}

// Administered implements inbound.Importer. The first superusers are among the
// oldest accounts, so that it seldom reads far.
func (i *Importer) Administered(ctx context.Context) (bool, error) {
	active := true
	list := func(ctx context.Context, page domain.Page) (domain.Listing[user.Snapshot], error) {
		return i.list.List(ctx, outbound.UserFilter{IsActive: &active}, page)
	}
	err := each(ctx, list, func(u user.Snapshot) error {
		if u.IsSuperuser && u.PasswordHash != "" {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// errFound ends a walk through a list.
var errFound = errors.New("found")

func (i *Importer) scope(ctx context.Context, r outbound.Repositories, e inbound.ScopeEntry) (inbound.ImportChange, error) {
	now := i.clock.Now()
	found, err := r.Scopes.Get(ctx, scope.Name(e.Name))
	switch {
	case absent(err):
		made, err := scope.New(i.random.NewID(now), e.Name, value(e.Description), domain.System, now)
		if err != nil {
			return inbound.ImportChange{}, err
		}
		if err := r.Scopes.Add(ctx, made); err != nil {
			return inbound.ImportChange{}, err
		}
		return inbound.ImportChange{Created: true}, r.Signals.Append(ctx, token.Changed(token.SignalRolesChanged, e.Name, now))
	case err != nil || e.Description == nil:
		return inbound.ImportChange{}, err
	}
	changed, err := found.Describe(*e.Description, domain.System, now)
	if err != nil || !changed {
		return inbound.ImportChange{}, err
	}
	return inbound.ImportChange{Fields: []string{"description"}}, r.Scopes.Save(ctx, found)
}

func (i *Importer) role(ctx context.Context, r outbound.Repositories, e inbound.RoleEntry) (inbound.ImportChange, error) {
	now := i.clock.Now()
	var change inbound.ImportChange
	found, err := r.Roles.Get(ctx, role.Name(e.Name))
	switch {
	case absent(err):
		change.Created = true
		found, err = role.New(i.random.NewID(now), e.Name, value(e.Description), domain.System, now)
	case err == nil && e.Description != nil:
		var changed bool
		if changed, err = found.Describe(*e.Description, domain.System, now); changed {
			change.Fields = append(change.Fields, "description")
		}
	}
	if err != nil {
		return inbound.ImportChange{}, err
	}
	if e.Scopes != nil {
		changed, err := i.hold(ctx, r, found, *e.Scopes, now)
		if err != nil {
			return inbound.ImportChange{}, err
		}
		if changed && !change.Created {
			change.Fields = append(change.Fields, "scopes")
		}
	}
	switch {
	case change.Created:
		err = r.Roles.Add(ctx, found)
	case len(change.Fields) > 0:
		err = r.Roles.Save(ctx, found)
	default:
		return change, nil
	}
	if err != nil {
		return inbound.ImportChange{}, unknownScope(err)
	}
	return change, r.Signals.Append(ctx, token.Changed(token.SignalRolesChanged, e.Name, now))
}

// hold makes a role hold exactly these scopes and tells whether it held others.
func (i *Importer) hold(ctx context.Context, r outbound.Repositories, held *role.Role, names []string, now time.Time) (bool, error) {
	wanted, err := parseScopes(names)
	if err != nil {
		return false, err
	}
	changed := false
	for _, name := range wanted {
		if i.promisedScopes.Has(name) {
			changed = true // by an entry that nothing came of
			continue
		}
		if _, err := r.Scopes.Get(ctx, name); err != nil {
			return false, unknownScope(err)
		}
		changed = held.Grant(name, domain.System, now) || changed
	}
	for _, name := range slices.Clone(held.Scopes()) {
		if !wanted.Has(name) {
			changed = held.Withdraw(name, domain.System, now) || changed
		}
	}
	return changed, nil
}

func parseScopes(names []string) (scope.Set, error) {
	parsed := make([]scope.Name, len(names))
	for n, name := range names {
		var err error
		if parsed[n], err = scope.ParseName(name); err != nil {
			return nil, domain.InvalidFields(domain.Field{Name: "scopes", Code: "format", Message: "every scope is action:resource"})
		}
	}
	return scope.NewSet(parsed...), nil
}

// unknownScope words that a scope in an entry names nothing.
func unknownScope(err error) error {
	if absent(err) || domain.HasCode(err, domain.CodeUnknownScope) {
		return domain.InvalidFields(domain.Field{Name: "scopes", Code: "unknown", Message: "names a scope that does not exist"})
	}
	return err
}

func absent(err error) bool { return err != nil && domain.AsError(err).Kind == domain.KindNotFound }

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
