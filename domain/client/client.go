// Package client owns the ServiceClient aggregate: the OAuth clients.
package client

import (
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// FirstParty is the client_id of the built-in public client that acts where a
// request names none. Migrations seed it.
const FirstParty = "keystone"

// ServiceClient is an application that asks for tokens.
type ServiceClient struct {
	domain.Events
	s Snapshot
}

// Snapshot is the stored form of a ServiceClient.
type Snapshot struct {
	ID         domain.ID
	ClientID   string // the `client_id`, and the `sub` of the client's own tokens
	SecretHash string // SHA-256 of a 256-bit secret, base64url; empty for the first-party client, and never matches
	// PreviousSecretHash is that of the secret before, which still counts until
	// PreviousSecretUntil; both are empty where the last rotation gave no grace.
	PreviousSecretHash  string
	PreviousSecretUntil time.Time
	AuthMethod          string // token_endpoint_auth_method; empty: client_secret_basic
	Keys                string // JWK Set of its public keys; empty: none
	Name                string
	Description         string
	IsActive            bool
	// IsFirstParty marks the built-in public client: it needs no secret, and
	// what it may ask for is limited only by what the user holds.
	IsFirstParty        bool
	Scopes              scope.Set
	GrantTypes          []string
	AccessTokenLifetime time.Duration // zero: the installation's
	Version             int64
	// Revision is the version that the store holds; zero while it holds none.
	// The two differ where an editor would see a change that is not stored yet.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// New makes an active client. known lists the grant types that
// this installation offers. Fails with validation_failed, naming each field.
func New(id domain.ID, clientID, secretHash string, d Draft, known []string, actor domain.Party, now time.Time) (*ServiceClient, error) {
	checked, err := d.check(known)
	if err != nil {
		return nil, err
	}
	c := &ServiceClient{s: Snapshot{
		ID: id, ClientID: clientID, SecretHash: secretHash, IsActive: true, Version: domain.FirstVersion(now), CreatedAt: now, UpdatedAt: now,
	}}
	c.apply(checked)
	c.record(domain.EventClientCreated, "", actor, now)
	return c, nil
}

// Rehydrate rebuilds a client from storage; it checks nothing.
func Rehydrate(s Snapshot) *ServiceClient {
	s.Revision = s.Version
	return &ServiceClient{s: s}
}

// Stored notes that the store holds what the aggregate is now; repositories
// call it as they save.
func (c *ServiceClient) Stored() { c.s.Revision = c.s.Version }

// Snapshot gives the state to store.
func (c *ServiceClient) Snapshot() Snapshot { return c.s }

// ClientID gives the public identifier.
func (c *ServiceClient) ClientID() string { return c.s.ClientID }

// IsActive tells whether the client may ask for tokens and its tokens count.
func (c *ServiceClient) IsActive() bool { return c.s.IsActive }

// IsPublic tells whether the client proves nothing.
func (c *ServiceClient) IsPublic() bool { return c.s.IsFirstParty || c.s.AuthMethod == publicMethod }

// SecretHash gives what a presented secret's hash is compared with.
func (c *ServiceClient) SecretHash() string { return c.s.SecretHash }

// PreviousSecretHash is SecretHash of the secret before the last rotation, while
// that still counts; else empty.
func (c *ServiceClient) PreviousSecretHash(now time.Time) string {
	if !now.Before(c.s.PreviousSecretUntil) {
		return ""
	}
	return c.s.PreviousSecretHash
}

// Scopes gives what the client holds for itself.
func (c *ServiceClient) Scopes() scope.Set { return c.s.Scopes }

// MayUse tells whether the client is registered for the grant.
func (c *ServiceClient) MayUse(grant string) bool { return slices.Contains(c.s.GrantTypes, grant) }

// Ceiling limits what a user's token through this client may hold: the
// first-party client adds no limit of its own.
func (c *ServiceClient) Ceiling(held scope.Set) scope.Set {
	if c.s.IsFirstParty {
		return held
	}
	return held.Limit(c.s.Scopes)
}

// AccessTokenLifetime gives the client's own lifetime, or the given one.
func (c *ServiceClient) AccessTokenLifetime(otherwise time.Duration) time.Duration {
	if c.s.AccessTokenLifetime > 0 {
		return c.s.AccessTokenLifetime
	}
	return otherwise
}

// Party names the client in events.
func (c *ServiceClient) Party() domain.Party {
	return domain.Party{Kind: domain.PartyClient, ID: c.s.ClientID, Name: c.s.Name}
}
