package tokens

import (
	"context"
	"strings"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Principals reads through to who someone is now: users with their effective
// scopes, and clients. Signals drop what changed, on every instance.
type Principals struct {
	users     outbound.Principals
	clients   outbound.ClientDirectory
	userCache outbound.Cache[string, token.Principal]
	clientMap outbound.Cache[string, *client.ServiceClient]
}

// NewPrincipals reads users and clients through the two caches.
func NewPrincipals(users outbound.Principals, clients outbound.ClientDirectory,
	userCache outbound.Cache[string, token.Principal], clientCache outbound.Cache[string, *client.ServiceClient]) *Principals {
	return &Principals{users: users, clients: clients, userCache: userCache, clientMap: clientCache}
}

// User gives a user's principal by the `sub` of a token. Not found: KindNotFound.
func (p *Principals) User(ctx context.Context, id string) (token.Principal, error) {
	if principal, ok := p.userCache.Get(id); ok {
		return principal, nil
	}
	// The key outlives the token that the id may be a part of.
	return p.userCache.Load(ctx, strings.Clone(id), p.loadUser)
}

func (p *Principals) loadUser(ctx context.Context, id string) (token.Principal, error) {
	parsed, err := domain.ParseID(id)
	if err != nil {
		return token.Principal{}, domain.NotFound("no such user")
	}
	return p.users.User(ctx, parsed)
}

// Client gives a client, shared: it must not be changed. Not found: KindNotFound.
func (p *Principals) Client(ctx context.Context, clientID string) (*client.ServiceClient, error) {
	if c, ok := p.clientMap.Get(clientID); ok {
		return c, nil
	}
	return p.clientMap.Load(ctx, strings.Clone(clientID), p.clients.ByClientID) // as above
}

// Stored gives a client as it is stored now. Not found: KindNotFound.
func (p *Principals) Stored(ctx context.Context, clientID string) (*client.ServiceClient, error) {
	return p.clients.ByClientID(ctx, clientID)
}

// OfClient gives the principal a client is for itself.
func OfClient(c *client.ServiceClient) token.Principal {
	s := c.Snapshot()
	return token.Principal{Kind: domain.PartyClient, ID: s.ClientID, Name: s.Name, Active: s.IsActive, Scopes: s.Scopes}
}

// apply drops what a signal says has changed.
func (p *Principals) apply(s token.Signal) {
	switch s.Kind {
	case token.SignalPrincipalChanged:
		p.userCache.Drop(s.ID)
		p.clientMap.Drop(s.ID)
	case token.SignalRolesChanged:
		p.userCache.DropAll()
	}
}
