package clients

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// Public lets a client that can keep no secret name itself (RFC 6749, section
// 2.1).
type Public struct{}

// Describe implements Method.
func (Public) Describe() inbound.ClientAuthentication {
	return inbound.ClientAuthentication{Method: inbound.AuthNone}
}

// Names implements Method: there is no proof.
func (Public) Names(domain.Secret) string { return "" }

// Proves holds the client to be a public one that gives no secret.
func (Public) Proves(_ context.Context, c *client.ServiceClient, credentials inbound.ClientCredentials) (bool, error) {
	return c.IsPublic() && credentials.Secret.Empty(), nil
}
