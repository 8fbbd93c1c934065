package transfer

import (
	"context"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

func (i *Importer) client(ctx context.Context, r outbound.Repositories, e inbound.ClientEntry) (inbound.ImportChange, error) {
	if err := domain.InvalidFields(client.CheckImported(e.ClientID, e.SecretHash.Reveal())...); err != nil {
		return inbound.ImportChange{}, err
	}
	now := i.clock.Now()
	found, err := r.Clients.Get(ctx, e.ClientID)
	if absent(err) {
		return i.newClient(ctx, r, e, now)
	}
	if err != nil {
		return inbound.ImportChange{}, err
	}
	before := found.Snapshot()
	before.AuthMethod = found.AuthMethod()
	change, err := i.offer.Changed(found, client.Change{
		Name: e.Name, Description: e.Description, Scopes: i.givable(e.Scopes), GrantTypes: e.GrantTypes, AccessTokenLifetime: e.AccessTokenLifetime,
		AuthMethod: e.AuthMethod, Keys: e.Keys,
	})
	if err != nil {
		return inbound.ImportChange{}, err
	}
	if _, err := found.Change(change, i.grants, domain.System, now); err != nil {
		return inbound.ImportChange{}, err
	}
	if err := i.offer.Check(found); err != nil {
		return inbound.ImportChange{}, err
	}
	fields := differing(before, found.Snapshot())
	if i.promises(e.Scopes) && !slices.Contains(fields, "scopes") {
		fields = append(fields, "scopes")
	}
	if found.AdoptSecret(e.SecretHash.Reveal(), domain.System, now) {
		fields = append(fields, "client_secret_hash")
	}
	turned, err := i.turn(ctx, r, found, e.IsActive, now)
	if err != nil {
		return inbound.ImportChange{}, err
	}
	if turned {
		fields = append(fields, "is_active")
	}
	if len(fields) == 0 {
		return inbound.ImportChange{}, nil
	}
	if err := r.Clients.Save(ctx, found); err != nil {
		return inbound.ImportChange{}, unknownScope(err)
	}
	return inbound.ImportChange{Fields: fields}, r.Signals.Append(ctx, token.Changed(token.SignalPrincipalChanged, e.ClientID, now))
}

func (i *Importer) newClient(ctx context.Context, r outbound.Repositories, e inbound.ClientEntry, now time.Time) (inbound.ImportChange, error) {
	authentication, err := i.offer.Resolve(client.Authentication{Method: value(e.AuthMethod), Keys: value(e.Keys)})
	if err != nil {
		return inbound.ImportChange{}, err
	}
	draft := client.Draft{
		Name: value(e.Name), Description: value(e.Description), Scopes: value(i.givable(e.Scopes)), GrantTypes: value(e.GrantTypes),
		AccessTokenLifetime: value(e.AccessTokenLifetime), Authentication: authentication,
	}
	made, err := client.New(i.random.NewID(now), e.ClientID, e.SecretHash.Reveal(), draft, i.grants, domain.System, now)
	if err == nil {
		err = i.offer.Check(made)
	}
	if err != nil {
		return inbound.ImportChange{}, err
	}
	if e.IsActive != nil && !*e.IsActive {
		if _, err := made.Deactivate(domain.System, now); err != nil {
			return inbound.ImportChange{}, err
		}
	}
	if err := r.Clients.Add(ctx, made); err != nil {
		return inbound.ImportChange{}, unknownScope(err)
	}
	// Someone may have asked for the client before there was one.
	return inbound.ImportChange{Created: true}, r.Signals.Append(ctx, token.Changed(token.SignalPrincipalChanged, e.ClientID, now))
}

// turn activates or deactivates a client, as administration does: what goes
// through one that is switched off ends, and does not come back.
func (i *Importer) turn(ctx context.Context, r outbound.Repositories, c *client.ServiceClient, active *bool, now time.Time) (bool, error) {
	if active == nil {
		return false, nil
	}
	var changed bool
	var err error
	before := now
	if *active {
		changed, err = c.Activate(domain.System, now)
		before = now.Add(-time.Millisecond)
	} else {
		changed, err = c.Deactivate(domain.System, now)
	}
	if err != nil || !changed {
		return false, err
	}
	if _, err := r.Sessions.EndThrough(ctx, c.ClientID(), token.EndedByClient, now); err != nil {
		return false, err
	}
	return true, r.Signals.Append(ctx, token.Signal{Kind: token.SignalClientRevoked, ID: c.ClientID(), Before: before, ExpiresAt: now.Add(i.life())})
}

// givable leaves out the scopes that only a rehearsal's earlier entries have made.
func (i *Importer) givable(names *[]string) *[]string {
	if names == nil || len(i.promisedScopes) == 0 {
		return names
	}
	given := slices.DeleteFunc(slices.Clone(*names), func(name string) bool { return i.promisedScopes.Has(scope.Name(name)) })
	return &given
}

func (i *Importer) promises(names *[]string) bool {
	return slices.ContainsFunc(value(names), func(name string) bool { return i.promisedScopes.Has(scope.Name(name)) })
}

// differing names the fields in which two states of a client differ.
func differing(a, b client.Snapshot) []string {
	var fields []string
	add := func(name string, same bool) {
		if !same {
			fields = append(fields, name)
		}
	}
	add("name", a.Name == b.Name)
	add("description", a.Description == b.Description)
	add("scopes", slices.Equal(a.Scopes, b.Scopes))
	add("grant_types", slices.Equal(a.GrantTypes, b.GrantTypes))
	add("access_token_lifetime", a.AccessTokenLifetime == b.AccessTokenLifetime)
	add("token_endpoint_auth_method", a.AuthMethod == b.AuthMethod)
	add("jwks", a.Keys == b.Keys)
	return fields
}
