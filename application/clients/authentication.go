package clients

import (
	"context"
	"fmt"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Source gives clients to read; a shared one must not be changed.
type Source interface {
	// Client gives a client, maybe a kept copy. Not found: KindNotFound.
	Client(ctx context.Context, clientID string) (*client.ServiceClient, error)
	// Stored gives a client as it is stored now. Not found: KindNotFound.
	Stored(ctx context.Context, clientID string) (*client.ServiceClient, error)
}

// Method is one way for a client to prove itself (RFC 6749, section 2.3).
type Method interface {
	// Describe tells how requests carry it.
	Describe() inbound.ClientAuthentication
	// Names gives the client that the proof itself names, before anything is
	// proved; empty where it names none.
	Names(proof domain.Secret) string
	// Proves tells whether the credentials are the client's. It costs the same
	// for the inactive client that stands for an unknown id. It fails only with
	// what its ports fail with.
	Proves(ctx context.Context, c *client.ServiceClient, credentials inbound.ClientCredentials) (bool, error)
}

// Authenticator proves clients by whichever registered method they use.
type Authenticator struct {
	clock   outbound.Clock
	source  Source
	methods map[inbound.ClientAuthMethod]Method
	offered []inbound.ClientAuthentication
	used    func(ctx context.Context, c *client.ServiceClient, at time.Time)
	refused func(ctx context.Context, c domain.Party)
}

// refusalPatience bounds how long a refusal waits to be kept.
const refusalPatience = 2 * time.Second

var _ inbound.ClientAuthentications = (*Authenticator)(nil)

// NewAuthenticator reads clients from the source and tells used, which must be
// quick, of each that may ask, and refused of each that did not; of one
// that nobody knows as the zero Party. Two methods of one name, or that read the
// same part of a request, are refused.
func NewAuthenticator(clock outbound.Clock, source Source, methods []Method, used func(ctx context.Context, c *client.ServiceClient, at time.Time),
	refused func(ctx context.Context, c domain.Party)) (*Authenticator, error) {
	a := &Authenticator{clock: clock, source: source, methods: map[inbound.ClientAuthMethod]Method{}, used: used, refused: refused}
	readers := map[string]inbound.ClientAuthMethod{}
	for _, method := range methods {
		offered := method.Describe()
		part := offered.Parameter
		if offered.Basic {
			part = "Authorization"
		}
		if other, taken := readers[part]; taken {
			return nil, fmt.Errorf("two methods of client authentication read %q: %s and %s", part, other, offered.Method)
		}
		if _, taken := a.methods[offered.Method]; taken {
			return nil, fmt.Errorf("two methods of client authentication are registered as %q", offered.Method)
		}
		readers[part], a.methods[offered.Method] = offered.Method, method
		a.offered = append(a.offered, offered)
	}
	return a, nil
}

// ClientAuthentications implements the port.
func (a *Authenticator) ClientAuthentications() []inbound.ClientAuthentication { return a.offered }

// nobody is compared with where there is no client, so that an unknown id
// costs what a wrong secret or a wrong signature costs. The private half of its
// key was never kept.
var nobody = client.Rehydrate(client.Snapshot{
	SecretHash: string(token.DigestOf(domain.NewSecret("nobody"))),
	Keys:       `{"keys":[{"kty":"EC","crv":"P-256","x":"wGK6K5ufDSu1b5VH7iMUnucPEGl3KbEXn2x0VLZftqE","y":"IApRvAsgi4IkAgrKIex3q-68wdMJqRDzsC8wjscMqtw"}]}`,
})

// Authenticate gives the client that the credentials prove. The zero
// credentials give the built-in first-party client. Everything else fails
// with invalid_client, alike for unknown, inactive and wrong; where the store
// is away, unknown and wrong are CodeUnavailable.
func (a *Authenticator) Authenticate(ctx context.Context, credentials inbound.ClientCredentials) (*client.ServiceClient, error) {
	if credentials == (inbound.ClientCredentials{}) {
		credentials.ID = client.FirstParty
	}
	if credentials.Method == "" {
		credentials.Method = inbound.AuthNone
	}
	method, offered := a.methods[credentials.Method]
	if !offered {
		return nil, InvalidClient()
	}
	if credentials.ID == "" {
		credentials.ID = method.Names(credentials.Secret)
	}
	found, err := a.source.Client(ctx, credentials.ID)
	switch {
	case err != nil && domain.AsError(err).Kind == domain.KindNotFound:
		found = nobody
	case err != nil:
		return nil, err
	}
	proved, err := method.Proves(ctx, found, credentials)
	if err == nil && !proved && found != nobody {
		found, proved, err = a.again(ctx, found, method, credentials)
	}
	switch {
	case err != nil:
		return nil, err
	case !proved || !found.IsActive():
		a.tell(ctx, found)
		return nil, InvalidClient()
	}
	a.used(ctx, found, a.clock.Now())
	return found, nil
}

// again looks at the store where a kept copy refused: a secret may have been made
// anew on another instance a moment ago; and an unknown id is looked up each time,
// so that time would tell the known ones, as would a refusal without the store.
func (a *Authenticator) again(ctx context.Context, kept *client.ServiceClient, method Method, credentials inbound.ClientCredentials) (*client.ServiceClient, bool, error) {
	stored, err := a.source.Stored(ctx, credentials.ID)
	switch {
	case err != nil && domain.AsError(err).Kind == domain.KindNotFound:
		return kept, false, nil // deleted meanwhile
	case err != nil:
		return nil, false, err
	case stored.Snapshot().Version == kept.Snapshot().Version:
		return kept, false, nil
	}
	proved, err := method.Proves(ctx, stored, credentials)
	return stored, proved, err
}

// tell tells of a refusal, also where the caller does not wait for its answer.
func (a *Authenticator) tell(ctx context.Context, c *client.ServiceClient) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), refusalPatience)
	defer done()
	var who domain.Party
	if c != nobody {
		who = c.Party()
	}
	a.refused(ctx, who)
}

// InvalidClient is the one answer to every failed client authentication.
func InvalidClient() error {
	return domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "client authentication failed")
}
