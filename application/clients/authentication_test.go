package clients

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// source is a function field.
type source func(clientID string) (*client.ServiceClient, error)

func (s source) Client(_ context.Context, clientID string) (*client.ServiceClient, error) {
	return s(clientID)
}

func (s source) Stored(ctx context.Context, clientID string) (*client.ServiceClient, error) {
	return s.Client(ctx, clientID)
}

func authenticatorOf(t *testing.T, from Source, used func(string, time.Time), more ...Method) *Authenticator {
	t.Helper()
	a, err := NewAuthenticator(clock{}, from, append([]Method{NewSecretBasic(clock{}), NewSecretPost(clock{}), Public{}}, more...),
		func(_ context.Context, c *client.ServiceClient, at time.Time) { used(c.ClientID(), at) }, func(context.Context, domain.Party) {})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// named is a method that reads what it is told to.
type named struct {
	Public
	inbound.ClientAuthentication
}

func (n named) Describe() inbound.ClientAuthentication { return n.ClientAuthentication }

func TestMethodsDoNotReadTheSame(t *testing.T) {
	for name, tc := range map[string]struct {
		extra inbound.ClientAuthentication
		taken bool
	}{
		"another":             {inbound.ClientAuthentication{Method: "x", Parameter: "y"}, false},
		"a name that is":      {inbound.ClientAuthentication{Method: inbound.AuthPost, Parameter: "y"}, true},
		"a parameter that is": {inbound.ClientAuthentication{Method: "x", Parameter: "client_secret"}, true},
		"another header":      {inbound.ClientAuthentication{Method: "x", Basic: true}, true},
		"another nothing":     {inbound.ClientAuthentication{Method: "x"}, true},
	} {
		methods := []Method{NewSecretBasic(clock{}), NewSecretPost(clock{}), Public{}, named{ClientAuthentication: tc.extra}}
		a, err := NewAuthenticator(clock{}, nil, methods, nil, nil)
		if (err != nil) != tc.taken {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(a.ClientAuthentications()) != len(methods) {
			t.Errorf("%s: %v", name, a.ClientAuthentications())
		}
	}
}

func unavailable() error { return domain.Unavailable(errors.New("the store is away"), time.Second) }

func TestAuthenticate(t *testing.T) {
	secret := given.Opaque(token.SecretPrefix)
	with := func(id string, change ...func(*client.Snapshot)) *client.ServiceClient {
		return given.Client(append([]func(*client.Snapshot){func(s *client.Snapshot) {
			s.ClientID, s.SecretHash = id, string(token.DigestOf(secret))
		}}, change...)...)
	}
	public := func(s *client.Snapshot) { s.IsFirstParty, s.SecretHash = true, "" }
	inactive := func(s *client.Snapshot) { s.IsActive = false }
	known := map[string]*client.ServiceClient{
		client.FirstParty: with(client.FirstParty, public), "confidential": with("confidential"),
		"inactive": with("inactive", inactive), "inactive public": with("inactive public", public, inactive),
		"no hash":               with("no hash", func(s *client.Snapshot) { s.SecretHash = "" }),
		"hash of nothing":       with("hash of nothing", func(s *client.Snapshot) { s.SecretHash = string(token.DigestOf(domain.Secret{})) }),
		"public with a secret":  with("public with a secret", func(s *client.Snapshot) { s.IsFirstParty = true }),
		"hash is the presented": with("hash is the presented", func(s *client.Snapshot) { s.SecretHash = secret.Reveal() }),
	}
	a := authenticatorOf(t, source(func(id string) (*client.ServiceClient, error) {
		if c, ok := known[id]; ok {
			return c, nil
		}
		return nil, domain.NotFound("no such client")
	}), func(string, time.Time) {})
	// What proves whom; everything else of the matrix is refused alike.
	proves := map[inbound.ClientCredentials]bool{
		{Method: inbound.AuthBasic, ID: "confidential", Secret: secret}: true,
		{Method: inbound.AuthPost, ID: "confidential", Secret: secret}:  true,
		{Method: inbound.AuthNone, ID: client.FirstParty}:               true,
		{ID: client.FirstParty}:                                true,
		{Method: inbound.AuthNone, ID: "public with a secret"}: true,
		{ID: "public with a secret"}:                           true,
	}
	secrets := []domain.Secret{secret, given.Opaque(token.SecretPrefix), domain.NewSecret("nobody"), domain.NewSecret(string(token.DigestOf(secret))), {}}
	methods := []inbound.ClientAuthMethod{inbound.AuthBasic, inbound.AuthPost, inbound.AuthNone, "", "private_key_jwt"}
	ids := []string{"unknown", ""}
	for id := range known {
		ids = append(ids, id)
	}
	for _, id := range ids {
		for _, method := range methods {
			for i, s := range secrets {
				who := inbound.ClientCredentials{Method: method, ID: id, Secret: s}
				if who == (inbound.ClientCredentials{}) {
					continue // below
				}
				t.Run(fmt.Sprintf("%s/%s/%d", id, method, i), func(t *testing.T) {
					found, err := a.Authenticate(t.Context(), who)
					if proves[who] {
						if err != nil || found.ClientID() != id {
							t.Fatalf("got %v, %v", found, err)
						}
						return
					}
					if found != nil || !domain.HasCode(err, domain.CodeInvalidClient) || err.Error() != InvalidClient().Error() {
						t.Errorf("got %v, %v", found, err)
					}
				})
			}
		}
	}
	if found, err := a.Authenticate(t.Context(), inbound.ClientCredentials{}); err != nil || found.ClientID() != client.FirstParty {
		t.Errorf("nobody named: got %v, %v", found, err)
	}
}

// A store that does not answer is no wrong secret.
func TestAuthenticateStoreAway(t *testing.T) {
	a := authenticatorOf(t, source(func(string) (*client.ServiceClient, error) { return nil, unavailable() }), func(string, time.Time) {})
	for _, who := range []inbound.ClientCredentials{{}, {Method: inbound.AuthBasic, ID: "c", Secret: domain.NewSecret("s")}} {
		if _, err := a.Authenticate(t.Context(), who); !domain.HasCode(err, domain.CodeUnavailable) {
			t.Errorf("got %v", err)
		}
	}
}

// copied keeps a copy, and counts how often the store was asked.
type copied struct {
	kept, stored *client.ServiceClient
	away         error
	asked        int
}

func (c *copied) Client(_ context.Context, clientID string) (*client.ServiceClient, error) {
	if clientID == c.kept.ClientID() {
		return c.kept, nil
	}
	c.asked++
	return nil, domain.NotFound("no such client")
}

func (c *copied) Stored(context.Context, string) (*client.ServiceClient, error) {
	c.asked++
	return c.stored, c.away
}

// A copy that refuses is no last word, and the store is asked as often for a
// client as for a name that nobody has.
func TestAuthenticateByAnOldCopy(t *testing.T) {
	before, now := given.Opaque(token.SecretPrefix), given.Opaque(token.SecretPrefix)
	with := func(secret domain.Secret, version int64, active bool) *client.ServiceClient {
		return given.Client(func(s *client.Snapshot) {
			s.ClientID, s.SecretHash, s.Version, s.IsActive = "c", string(token.DigestOf(secret)), version, active
		})
	}
	for name, tc := range map[string]struct {
		id     string
		secret domain.Secret
		stored *client.ServiceClient
		away   error
		proves bool
		asked  int
		code   domain.Code // of the refusal, where it is not CodeInvalidClient
	}{
		"right":                      {id: "c", secret: before, proves: true},
		"wrong":                      {id: "c", secret: now, stored: with(before, 1, true), asked: 1},
		"unknown":                    {id: "d", secret: now, asked: 1},
		"made anew":                  {id: "c", secret: now, stored: with(now, 2, true), proves: true, asked: 1},
		"made anew, wrong all along": {id: "c", secret: domain.NewSecret("x"), stored: with(now, 2, true), asked: 1},
		"made anew, closed":          {id: "c", secret: now, stored: with(now, 2, false), asked: 1},
		"deleted":                    {id: "c", secret: now, away: domain.NotFound("no such client"), asked: 1},
		"the store is away":          {id: "c", secret: now, away: unavailable(), asked: 1, code: domain.CodeUnavailable},
	} {
		from := &copied{kept: with(before, 1, true), stored: tc.stored, away: tc.away}
		a := authenticatorOf(t, from, func(string, time.Time) {})
		_, err := a.Authenticate(t.Context(), inbound.ClientCredentials{Method: inbound.AuthBasic, ID: tc.id, Secret: tc.secret})
		if proved := err == nil; proved != tc.proves || !proved && !domain.HasCode(err, cmp.Or(tc.code, domain.CodeInvalidClient)) {
			t.Errorf("%s: got %v", name, err)
		}
		if from.asked != tc.asked {
			t.Errorf("%s: the store was asked %d times, want %d", name, from.asked, tc.asked)
		}
	}
}

// Who did not prove itself is told of, a name that nobody has without it: it may
// be a secret in the wrong place.
func TestRefusedClientsAreTold(t *testing.T) {
	secret := given.Opaque(token.SecretPrefix)
	known := given.Client(func(s *client.Snapshot) {
		s.ClientID, s.Name, s.SecretHash = "c", "reports", string(token.DigestOf(secret))
	})
	var told []domain.Party
	a, err := NewAuthenticator(clock{}, &copied{kept: known, stored: known}, []Method{NewSecretBasic(clock{}), Public{}}, func(context.Context, *client.ServiceClient, time.Time) {},
		func(ctx context.Context, c domain.Party) {
			told = append(told, c)
			if ctx.Err() != nil {
				t.Error("given up with its caller")
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	party := domain.Party{Kind: domain.PartyClient, ID: "c", Name: "reports"}
	for _, tc := range []struct {
		who  inbound.ClientCredentials
		want []domain.Party
	}{
		{who: inbound.ClientCredentials{Method: inbound.AuthBasic, ID: "c", Secret: secret}},
		{who: inbound.ClientCredentials{Method: inbound.AuthBasic, ID: "c", Secret: domain.NewSecret("x")}, want: []domain.Party{party}},
		{who: inbound.ClientCredentials{Method: inbound.AuthNone, ID: "c"}, want: []domain.Party{party}},
		{who: inbound.ClientCredentials{Method: inbound.AuthBasic, ID: secret.Reveal(), Secret: domain.NewSecret("c")}, want: []domain.Party{{}}},
	} {
		told = nil
		_, err := a.Authenticate(gone, tc.who)
		if (err != nil) != (tc.want != nil) || err != nil && !domain.HasCode(err, domain.CodeInvalidClient) {
			t.Errorf("%s: got %v", tc.who.Method, err)
		}
		if !slices.Equal(told, tc.want) {
			t.Errorf("%s: told %+v, want %+v", tc.who.Method, told, tc.want)
		}
	}
}
