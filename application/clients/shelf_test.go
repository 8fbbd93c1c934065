package clients

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// shelf is one client in a store: serial, all or nothing.
type shelf struct {
	scopes  scope.Set
	kept    client.Snapshot // gone where it has no id
	events  []domain.Event
	signals []token.Signal
	ended   []string // clients whose sessions were ended
}

func (s *shelf) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	for _, last := range []bool{false, true} { // a conflict makes it run again
		next := &shelf{scopes: s.scopes, kept: s.kept}
		if err := work(ctx, outbound.Repositories{Clients: shelved{shelf: next}, Scopes: scopeRows{store: &store{scopes: s.scopes}}, Sessions: endings{shelf: next}, Signals: told{next}}); err != nil {
			return err
		}
		if last {
			*s = *next
		}
	}
	return nil
}

type shelved struct {
	outbound.Clients
	*shelf
}

func (r shelved) Get(_ context.Context, id string) (*client.ServiceClient, error) {
	if id != r.kept.ClientID {
		return nil, domain.NotFound("there is no such thing")
	}
	return client.Rehydrate(r.kept), nil
}

func (r shelved) ByClientID(ctx context.Context, id string) (*client.ServiceClient, error) {
	return r.Get(ctx, id)
}

func (r shelved) Save(_ context.Context, c *client.ServiceClient) error {
	for _, name := range c.Scopes() {
		if !r.scopes.Has(name) {
			return domain.Invalid(domain.CodeUnknownScope, "no such scope")
		}
	}
	c.Stored()
	r.kept, r.events = c.Snapshot(), append(r.events, c.Drain()...)
	return nil
}

func (r shelved) Delete(_ context.Context, c *client.ServiceClient) error {
	r.kept, r.events = client.Snapshot{}, append(r.events, c.Drain()...)
	return nil
}

type endings struct {
	outbound.Sessions
	*shelf
}

func (r endings) EndThrough(_ context.Context, id string, reason token.EndReason, now time.Time) (int, error) {
	if reason == token.EndedByClient && now.Equal(given.Now) {
		r.ended = append(r.ended, id)
	}
	return 1, nil
}

type told struct{ *shelf }

func (r told) Append(_ context.Context, signals ...token.Signal) error {
	r.signals = append(r.signals, signals...)
	return nil
}

// usageOf lists the shelf.
type usageOf struct {
	outbound.ClientUsage
	*shelf
}

func (u usageOf) List(_ context.Context, page domain.Page) (domain.Listing[outbound.ClientUse], error) {
	return domain.Listing[outbound.ClientUse]{Items: []outbound.ClientUse{{Client: client.Rehydrate(u.kept), LastUsedAt: given.Now}}, Next: page.After}, nil
}

func newShelf(change ...func(*client.Snapshot)) (*Service, *Control, *shelf) {
	s := &shelf{scopes: scope.Builtin(), kept: given.Client(append([]func(*client.Snapshot){func(c *client.Snapshot) { c.ClientID = "c" }}, change...)...).Snapshot()}
	service := NewService(clock{}, random{}, s, shelved{shelf: s}, offered("client_credentials", "password"), func() time.Duration { return time.Hour })
	return service, NewControl(service, usageOf{shelf: s}), s
}

// offered is an installation with the grants, and with every kind of method.
// Its keys are whatever is not "bad".
func offered(grants ...string) Offer {
	return Offer{
		GrantTypes: grants, Confidential: []string{"client_credentials"},
		Methods: []inbound.ClientAuthentication{
			{Method: inbound.AuthBasic, Basic: true}, {Method: inbound.AuthPost, Parameter: "client_secret"}, {Method: inbound.AuthNone},
			{Method: "private_key_jwt", Parameter: "client_assertion", Algorithms: []string{"ES256"}},
		},
		Keys: func(document []byte) ([]byte, error) {
			if string(document) == "bad" {
				return nil, domain.InvalidFields(domain.Field{Name: "jwks", Code: "format", Message: "is bad"})
			}
			return []byte("kept " + string(document)), nil
		},
	}
}
