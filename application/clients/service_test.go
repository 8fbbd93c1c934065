package clients

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

type clock struct{ outbound.Clock }

func (clock) Now() time.Time { return given.Now }

type random struct{}

func (random) NewID(time.Time) domain.ID { return given.ID() }
func (random) Entropy() [32]byte         { return sha256.Sum256([]byte(given.Digest())) }

// store keeps what was added in the last run; runs is how often work runs.
type store struct {
	runs   int
	scopes scope.Set
	fail   error
	added  []*client.ServiceClient
	events []domain.Event
}

func (s *store) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	var err error
	for range s.runs {
		s.added, s.events = nil, nil
		err = work(ctx, outbound.Repositories{Clients: clientRows{store: s}, Scopes: scopeRows{store: s}})
	}
	return err
}

type clientRows struct {
	outbound.Clients
	*store
}

func (r clientRows) Add(_ context.Context, c *client.ServiceClient) error {
	if r.fail != nil {
		return r.fail
	}
	for _, name := range c.Scopes() {
		if !r.scopes.Has(name) {
			return domain.Invalid(domain.CodeUnknownScope, "no such scope")
		}
	}
	r.added, r.events = append(r.added, c), append(r.events, c.Drain()...)
	return nil
}

type scopeRows struct {
	outbound.Scopes
	*store
}

func (r scopeRows) Get(_ context.Context, name scope.Name) (*scope.Scope, error) {
	switch {
	case r.fail != nil:
		return nil, r.fail
	case !r.scopes.Has(name):
		return nil, domain.NotFound("no such scope")
	}
	return scope.Rehydrate(scope.Snapshot{Name: name}), nil
}

func newService() (*Service, *store) {
	s := &store{runs: 1, scopes: scope.Builtin()}
	return NewService(clock{}, random{}, s, nil, offered("password", "client_credentials", "refresh_token"), func() time.Duration { return time.Hour }), s
}

func holding(names ...scope.Name) inbound.Caller {
	return inbound.Caller{Principal: token.Principal{Kind: domain.PartyUser, ID: "caller"}, Scopes: scope.NewSet(names...)}
}

func TestCreate(t *testing.T) {
	service, store := newService()
	store.runs = 2 // a conflict runs it again, and the event must not be lost
	made, err := service.Create(t.Context(), holding(scope.WriteClients, scope.AdminUsers), client.Draft{Name: "Billing", Scopes: []string{"read:users"}})
	if err != nil {
		t.Fatal(err)
	}
	stored := store.added[0].Snapshot()
	if diff := cmp.Diff(made.Client, stored); diff != "" {
		t.Errorf("the answer is not what is stored:\n%s", diff)
	}
	if stored.SecretHash != string(token.DigestOf(made.Secret)) || !token.WellFormed(token.SecretPrefix, made.Secret.Reveal()) {
		t.Error("the secret in the answer is not the one whose hash is stored")
	}
	if !strings.HasPrefix(stored.ClientID, idPrefix) || strings.ContainsAny(stored.ClientID, "=+/ ") || !stored.IsActive || stored.IsFirstParty {
		t.Errorf("stored %+v", stored)
	}
	if diff := cmp.Diff([]string{"client_credentials"}, stored.GrantTypes); diff != "" {
		t.Errorf("grant types (-want +got):\n%s", diff)
	}
	if len(store.events) != 1 || store.events[0].Type != domain.EventClientCreated || store.events[0].Actor.ID != "caller" {
		t.Errorf("events %+v", store.events)
	}
	again, err := service.CreateAsOperator(t.Context(), client.Draft{Name: "Billing", Scopes: []string{"admin:system"}})
	if err != nil || again.Client.ClientID == made.Client.ClientID || again.Secret.Equal(made.Secret) {
		t.Errorf("a second client: %+v, %v", again, err)
	}
}

// TestWrongClientsOfNoStore: what is wrong with a client is told whether its
// scopes can be looked up or not.
func TestWrongClientsOfNoStore(t *testing.T) {
	service, store := newService()
	store.fail = domain.Unavailable(errors.New("gone"), time.Second)
	_, err := service.Create(t.Context(), superuser(), client.Draft{Name: " ", Scopes: []string{"read:users"}})
	if got := fieldsOf(err); got != "name" || !domain.HasCode(err, domain.CodeInvalidInput) {
		t.Errorf("got %v, names %s", err, got)
	}
}

func TestCreateRefusals(t *testing.T) {
	low, high := 59, 86401
	maker := holding(scope.WriteClients, scope.ReadUsers)
	for name, c := range map[string]struct {
		caller inbound.Caller
		draft  client.Draft
		code   domain.Code
		fields string
	}{
		"without the scope":      {holding(scope.ReadUsers), client.Draft{}, domain.CodeInsufficientScope, ""},
		"more than is held":      {maker, client.Draft{Name: "n", Scopes: []string{"write:users"}}, domain.CodeForbidden, ""},
		"implied upwards":        {maker, client.Draft{Name: "n", Scopes: []string{"admin:users"}}, domain.CodeForbidden, ""},
		"unknown, not held":      {maker, client.Draft{Name: "n", Scopes: []string{"read:nothing", "write:users"}}, domain.CodeInvalidInput, "scopes"},
		"unknown to a superuser": {superuser(), client.Draft{Name: "n", Scopes: []string{"read:nothing"}}, domain.CodeInvalidInput, "scopes"},
		"no scope's form":        {maker, client.Draft{Name: "n", Scopes: []string{"*"}}, domain.CodeInvalidInput, "scopes"},
		"no name, unknown scope": {superuser(), client.Draft{Name: " ", Scopes: []string{"read:users", "read:nothing"}}, domain.CodeInvalidInput, "name, scopes"},
		"no name, known scope":   {maker, client.Draft{Name: " ", Scopes: []string{"write:users"}}, domain.CodeInvalidInput, "name"},
		"no name, no scope":      {maker, client.Draft{Name: " ", Scopes: []string{"read:nothing", "*"}}, domain.CodeInvalidInput, "name, scopes"},
		"no name":                {maker, client.Draft{Name: " "}, domain.CodeInvalidInput, "name"},
		"a grant not on offer":   {maker, client.Draft{Name: "n", GrantTypes: []string{"implicit"}}, domain.CodeInvalidInput, "grant_types"},
		"too short a life":       {maker, client.Draft{Name: "n", AccessTokenLifetime: &low}, domain.CodeInvalidInput, "access_token_lifetime"},
		"too long a life":        {maker, client.Draft{Name: "n", AccessTokenLifetime: &high}, domain.CodeInvalidInput, "access_token_lifetime"},
	} {
		t.Run(name, func(t *testing.T) {
			service, store := newService()
			made, err := service.Create(t.Context(), c.caller, c.draft)
			if !domain.HasCode(err, c.code) || len(store.added) != 0 || !made.Secret.Empty() {
				t.Fatalf("got %v, stored %d, want %s", err, len(store.added), c.code)
			}
			if got := fieldsOf(err); got != c.fields {
				t.Errorf("names %s, want %s", got, c.fields)
			}
		})
	}
}

func fieldsOf(err error) string {
	var names []string
	for _, field := range domain.AsError(err).Fields {
		names = append(names, field.Name)
	}
	return strings.Join(names, ", ")
}

func superuser() inbound.Caller {
	caller := holding(scope.AdminSystem)
	caller.Principal.IsSuperuser = true
	return caller
}

func TestCreateStoreAway(t *testing.T) {
	for _, wanted := range [][]string{nil, {"write:users"}} {
		service, store := newService()
		store.fail = unavailable()
		if _, err := service.Create(t.Context(), holding(scope.WriteClients), client.Draft{Name: "n", Scopes: wanted}); !domain.HasCode(err, domain.CodeUnavailable) {
			t.Errorf("got %v", err)
		}
	}
}
