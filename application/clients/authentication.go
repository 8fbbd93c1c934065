package clients

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Source gives clients to read; a shared one must not be changed.
type Source interface {
	// Client gives a client. Not found: KindNotFound.
	Client(ctx context.Context, clientID string) (*client.ServiceClient, error)
}

// Authenticator proves clients by their secrets (RFC 6749, section 2.3.1).
type Authenticator struct {
	clock  outbound.Clock
	source Source
	used   func(clientID string, at time.Time)
}

// NewAuthenticator reads clients from the source and tells used, which must be
// quick, of each that proved itself.
func NewAuthenticator(clock outbound.Clock, source Source, used func(clientID string, at time.Time)) *Authenticator {
	return &Authenticator{clock: clock, source: source, used: used}
}

// nobody is compared with where there is no client, so that an unknown id
// costs what a wrong secret costs.
var nobody = client.Rehydrate(client.Snapshot{SecretHash: string(token.DigestOf(domain.NewSecret("nobody")))})

// Authenticate gives the client that the credentials prove. The zero
// credentials give the built-in first-party client. Everything else fails
// with invalid_client, alike for unknown, inactive and wrong.
func (a *Authenticator) Authenticate(ctx context.Context, credentials inbound.ClientCredentials) (*client.ServiceClient, error) {
	id := credentials.ID
	if credentials == (inbound.ClientCredentials{}) {
		id = client.FirstParty
	}
	found, err := a.source.Client(ctx, id)
	switch {
	case err != nil && domain.AsError(err).Kind == domain.KindNotFound:
		found = nobody
	case err != nil:
		return nil, err
	}
	now := a.clock.Now()
	if !proven(found, credentials, now) || !found.IsActive() {
		return nil, InvalidClient()
	}
	a.used(found.ClientID(), now)
	return found, nil
}

// proven holds a public client to giving no secret and any other to its secret,
// or the one before while that counts; both are compared in any case. Secrets
// are 256 random bits, so a fast hash is enough.
func proven(c *client.ServiceClient, credentials inbound.ClientCredentials, now time.Time) bool {
	switch credentials.Method {
	case inbound.AuthBasic, inbound.AuthPost:
		digest := []byte(token.DigestOf(credentials.Secret))
		current := subtle.ConstantTimeCompare(digest, []byte(c.SecretHash()))
		previous := subtle.ConstantTimeCompare(digest, []byte(c.PreviousSecretHash(now)))
		return current|previous == 1 && !credentials.Secret.Empty() && c.SecretHash() != "" && !c.IsPublic()
	case inbound.AuthNone, "":
		return c.IsPublic() && credentials.Secret.Empty()
	}
	return false
}

// InvalidClient is the one answer to every failed client authentication.
func InvalidClient() error {
	return domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "client authentication failed")
}
