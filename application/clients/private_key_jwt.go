package clients

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// AuthPrivateKeyJWT is the registered name (OpenID Connect Core, section 9).
const AuthPrivateKeyJWT inbound.ClientAuthMethod = "private_key_jwt"

// PrivateKeyJWT proves a client by a JWT that it signs for the request, with a
// key whose public half is registered (RFC 7523, section 2.2). Nothing that
// could be stolen from here, or replayed, proves anything.
type PrivateKeyJWT struct{ assertions *Assertions }

// NewPrivateKeyJWT makes the method.
func NewPrivateKeyJWT(assertions *Assertions) PrivateKeyJWT { return PrivateKeyJWT{assertions} }

// Describe implements Method.
func (p PrivateKeyJWT) Describe() inbound.ClientAuthentication {
	return inbound.ClientAuthentication{
		Method: AuthPrivateKeyJWT, Parameter: "client_assertion",
		Beside: "client_assertion_type", Kind: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		NamesClient: true, Algorithms: p.assertions.Algorithms(),
	}
}

// Names gives the subject, which is the client (RFC 7523, section 3).
func (p PrivateKeyJWT) Names(proof domain.Secret) string { return p.assertions.Subject(proof) }

// Proves verifies the assertion and, where it is the client's, uses it up. A
// client that is registered for another method has keys for other things.
func (p PrivateKeyJWT) Proves(ctx context.Context, c *client.ServiceClient, credentials inbound.ClientCredentials) (bool, error) {
	assertion, signed := p.assertions.Verify(c, credentials.Secret, token.ClientAuthenticationType)
	if !signed || assertion.Subject != c.ClientID() || c.AuthMethod() != string(AuthPrivateKeyJWT) || !c.IsActive() {
		return false, nil
	}
	return p.assertions.Spend(ctx, assertion)
}
