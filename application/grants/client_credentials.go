package grants

import (
	"context"

	"github.com/keystone-auth/keystone/application/tokens"
)

// ClientCredentials lets a client act for itself (RFC 6749, section 4.4). The
// client is all there is to prove, and nothing is stored.
type ClientCredentials struct{}

// Name is the registered grant type.
func (ClientCredentials) Name() string { return "client_credentials" }

// Rules demand a confidential client.
func (ClientCredentials) Rules() Rules { return Rules{Confidential: true} }

// Prove gives the client as its own subject.
func (ClientCredentials) Prove(_ context.Context, r Request) (Proof, error) {
	subject := tokens.OfClient(r.Client)
	return Proof{Subject: &subject}, nil
}
