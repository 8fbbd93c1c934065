package clients

import (
	"context"
	"crypto/subtle"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Secret proves a client by its secret (RFC 6749, section 2.3.1).
type Secret struct {
	clock   outbound.Clock
	carried inbound.ClientAuthentication
}

// NewSecretBasic is a secret in the Authorization header.
func NewSecretBasic(clock outbound.Clock) Secret {
	return Secret{clock, inbound.ClientAuthentication{Method: inbound.AuthBasic, Basic: true}}
}

// NewSecretPost is a secret in the form.
func NewSecretPost(clock outbound.Clock) Secret {
	return Secret{clock, inbound.ClientAuthentication{Method: inbound.AuthPost, Parameter: "client_secret"}}
}

// Describe implements Method.
func (s Secret) Describe() inbound.ClientAuthentication { return s.carried }

// Names implements Method: a secret is nobody's by itself.
func (Secret) Names(domain.Secret) string { return "" }

// Proves compares with the client's secret and with the one before, while that
// counts; with both in any case. Secrets are 256 random bits, so a fast hash is
// enough.
func (s Secret) Proves(_ context.Context, c *client.ServiceClient, credentials inbound.ClientCredentials) (bool, error) {
	digest := []byte(token.DigestOf(credentials.Secret))
	current := subtle.ConstantTimeCompare(digest, []byte(c.SecretHash()))
	previous := subtle.ConstantTimeCompare(digest, []byte(c.PreviousSecretHash(s.clock.Now())))
	return current|previous == 1 && !credentials.Secret.Empty() && c.SecretHash() != "" && c.ProvesBySecret(), nil
}
