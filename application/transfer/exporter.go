package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Exporter reads everything that can be imported again.
type Exporter struct {
	clock   outbound.Clock
	uow     outbound.UnitOfWork
	scopes  outbound.ScopeDirectory
	roles   outbound.RoleDirectory
	clients outbound.ClientUsage
	users   outbound.UserList
}

var _ inbound.Exporter = (*Exporter)(nil)

// NewExporter makes the service.
func NewExporter(clock outbound.Clock, uow outbound.UnitOfWork, scopes outbound.ScopeDirectory, roles outbound.RoleDirectory,
	clients outbound.ClientUsage, users outbound.UserList) *Exporter {
	return &Exporter{clock: clock, uow: uow, scopes: scopes, roles: roles, clients: clients, users: users}
}

// Export implements inbound.Exporter. What changes meanwhile is told as it was
// when its page was read. The built-in client is left out: every installation
// has its own. The trail tells that an export was begun before any entry is
// given, so that none is out untold even where the process is killed; one that
// breaks off is told besides.
func (x *Exporter) Export(ctx context.Context, hashes bool, emit func(inbound.Entry) error) error {
	what := "without_hashes"
	if hashes {
		what = "with_hashes"
	}
	if err := x.tell(ctx, domain.Succeeded, what+": begun"); err != nil {
		return err
	}
	given := 0
	failure := x.all(ctx, hashes, func(e inbound.Entry) error { given++; return emit(e) })
	if failure == nil {
		return nil
	}
	// Told even where nobody waits any more.
	return errors.Join(failure, x.tell(context.WithoutCancel(ctx), domain.Failed, fmt.Sprintf("%s: %d", what, given)))
}

func (x *Exporter) tell(ctx context.Context, outcome domain.Outcome, reason string) error {
	event := domain.Event{
		Type: domain.EventExported, Outcome: outcome, Reason: reason,
		Actor: domain.System, Subject: domain.System, OccurredAt: x.clock.Now(),
	}
	return x.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error { return r.Events.Append(ctx, event) })
}

func (x *Exporter) all(ctx context.Context, hashes bool, emit func(inbound.Entry) error) error {
	err := each(ctx, x.scopes.List, func(s *scope.Scope) error { return emit(scopeEntry(s.Snapshot())) })
	if err != nil {
		return err
	}
	err = each(ctx, x.roles.List, func(r *role.Role) error { return emit(roleEntry(r.Snapshot())) })
	if err != nil {
		return err
	}
	err = each(ctx, x.clients.List, func(c outbound.ClientUse) error {
		s := c.Client.Snapshot()
		if s.IsFirstParty {
			return nil
		}
		return emit(clientEntry(c.Client, hashes))
	})
	if err != nil {
		return err
	}
	everyone := func(ctx context.Context, page domain.Page) (domain.Listing[user.Snapshot], error) {
		return x.users.List(ctx, outbound.UserFilter{}, page)
	}
	return each(ctx, everyone, func(s user.Snapshot) error { return emit(userEntry(s, hashes)) })
}

// each visits a list page by page.
func each[T any](ctx context.Context, list func(context.Context, domain.Page) (domain.Listing[T], error), visit func(T) error) error {
	page := domain.Page{Limit: domain.MaxPageSize}
	for {
		part, err := list(ctx, page)
		if err != nil {
			return err
		}
		for _, item := range part.Items {
			if err := visit(item); err != nil {
				return err
			}
		}
		if part.Next == "" {
			return nil
		}
		page.After = part.Next
	}
}

func scopeEntry(s scope.Snapshot) inbound.ScopeEntry {
	return inbound.ScopeEntry{Name: string(s.Name), Description: &s.Description}
}

func roleEntry(s role.Snapshot) inbound.RoleEntry {
	scopes := s.Scopes.Strings()
	return inbound.RoleEntry{Name: string(s.Name), Description: &s.Description, Scopes: &scopes}
}

func clientEntry(c *client.ServiceClient, hashes bool) inbound.ClientEntry {
	s, method := c.Snapshot(), c.AuthMethod()
	scopes := s.Scopes.Strings()
	var lifetime *int
	if s.AccessTokenLifetime > 0 {
		seconds := int(s.AccessTokenLifetime / time.Second)
		lifetime = &seconds
	}
	e := inbound.ClientEntry{
		ClientID: s.ClientID, Name: &s.Name, Description: &s.Description, IsActive: &s.IsActive,
		Scopes: &scopes, GrantTypes: &s.GrantTypes, AccessTokenLifetime: &lifetime,
		AuthMethod: &method, Keys: &s.Keys,
	}
	if hashes {
		e.SecretHash = domain.NewSecret(s.SecretHash)
	}
	return e
}

func userEntry(s user.Snapshot, hashes bool) inbound.UserEntry {
	email, phone, roles := string(s.Email), string(s.Phone), texts(s.Roles)
	e := inbound.UserEntry{
		ID: &s.ID, Username: string(s.Username), Email: &email, FirstName: &s.FirstName, LastName: &s.LastName,
		DisplayName: &s.DisplayName, Bio: &s.Bio, Phone: &phone,
		IsActive: &s.IsActive, IsVerified: &s.IsVerified, IsSuperuser: &s.IsSuperuser, Roles: &roles, CreatedAt: s.CreatedAt,
	}
	if hashes && s.PasswordHash != "" {
		e.PasswordHash, e.PasswordChangedAt = domain.NewSecret(s.PasswordHash), s.PasswordChangedAt
	}
	return e
}

func texts[T ~string](names []T) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = string(name)
	}
	return out
}
