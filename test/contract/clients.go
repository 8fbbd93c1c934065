package contract

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunClients holds an implementation to outbound.Clients and
// outbound.ClientDirectory.
func RunClients(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { clientsBehaviour(t, s) })
	t.Run("contention", func(t *testing.T) {
		t.Run("30 concurrent clients of one client_id: one winner", func(t *testing.T) {
			id := given.Name("client")
			wantWinners(t, race(30, func(int) error {
				return s.add(t, given.Client(func(c *client.Snapshot) { c.ClientID = id }))
			}), 1, domain.CodeConflict)
		})
	})
}

func fullClient(s *client.Snapshot) {
	s.Name, s.Description = "Caf\u00e9 \"quoted\" ?0", "line one\nline two"
	s.IsFirstParty = true
	s.AuthMethod, s.Keys = "private_key_jwt", `{"keys":[{"kty":"OKP","kid":"\u00e5"}]}`
	s.Scopes = scope.NewSet(scope.ReadUsers, scope.AdminSystem, scope.ReadProfile)
	s.GrantTypes = []string{"client_credentials", "password", "refresh_token"}
	s.AccessTokenLifetime = client.MaxLifetime
	s.PreviousSecretHash, s.PreviousSecretUntil = string(given.Digest()), given.Now.Add(time.Hour)
	s.Version, s.CreatedAt, s.UpdatedAt = 7, given.Now.Add(-time.Hour), given.Now.Add(time.Microsecond)
}

// client gives the stored client, which has to exist.
func (s Store) client(t testing.TB, clientID string) client.Snapshot {
	t.Helper()
	c, err := s.Clients.ByClientID(within(t), clientID)
	ok(t, err)
	return c.Snapshot()
}

func editedClient(c *client.ServiceClient, change func(*client.Snapshot)) *client.ServiceClient {
	next := c.Snapshot()
	change(&next)
	return client.Rehydrate(next)
}

func clientsBehaviour(t *testing.T, s Store) {
	t.Run("the first-party client is there", func(t *testing.T) {
		c := client.Rehydrate(s.client(t, client.FirstParty))
		for what, is := range map[string]bool{
			"public": c.IsPublic(), "active": c.IsActive(), "without a secret": c.SecretHash() == "",
			"password": c.MayUse("password"), "refresh_token": c.MayUse("refresh_token"), "not client_credentials": !c.MayUse("client_credentials"),
		} {
			if !is {
				t.Errorf("it is not: %s", what)
			}
		}
	})
	for name, change := range map[string]func(*client.Snapshot){
		"a client with every field":       fullClient,
		"a client with the fewest fields": func(c *client.Snapshot) { c.Scopes, c.IsActive, c.SecretHash = nil, false, "" },
	} {
		t.Run(name+" comes back as it was", func(t *testing.T) {
			c := given.Client(change)
			s.given(t, c)
			same(t, "ByClientID", s.client(t, c.ClientID()), c.Snapshot())
			got, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (*client.ServiceClient, error) {
				return r.Clients.Get(ctx, c.ClientID())
			})
			ok(t, err)
			same(t, "Get", got.Snapshot(), c.Snapshot())
		})
	}
	t.Run("the full client leaves no field out", func(t *testing.T) { wantFull(t, given.Client(fullClient).Snapshot()) })
	t.Run("what is not there is KindNotFound, to the letter", func(t *testing.T) {
		c := given.Client()
		s.given(t, c)
		for _, id := range []string{given.Name("nobody"), "", strings.ToUpper(c.ClientID()), c.ClientID() + " "} {
			_, err := s.Clients.ByClientID(within(t), id)
			wantKind(t, err, domain.KindNotFound)
			_, err = read(t, s, func(ctx context.Context, r outbound.Repositories) (*client.ServiceClient, error) {
				return r.Clients.Get(ctx, id)
			})
			wantKind(t, err, domain.KindNotFound)
		}
	})
	t.Run("a taken client_id is CodeConflict", func(t *testing.T) {
		c := given.Client()
		s.given(t, c)
		wantCode(t, s.add(t, given.Client(func(d *client.Snapshot) { d.ClientID = c.ClientID() })), domain.CodeConflict)
		same(t, "client", s.client(t, c.ClientID()), c.Snapshot())
	})
	t.Run("an unknown scope is CodeUnknownScope and stores nothing", func(t *testing.T) {
		unknown := scope.NewSet(scope.ReadUsers, scope.Of("read", given.Name("unknown")))
		c := given.Client(func(c *client.Snapshot) { c.Scopes = unknown })
		wantCode(t, s.add(t, c), domain.CodeUnknownScope)
		_, err := s.Clients.ByClientID(within(t), c.ClientID())
		wantKind(t, err, domain.KindNotFound)

		c = given.Client()
		s.given(t, c)
		wantCode(t, s.save(t, editedClient(c, func(c *client.Snapshot) { c.Scopes, c.Name = unknown, "lost" })), domain.CodeUnknownScope)
		same(t, "client", s.client(t, c.ClientID()), c.Snapshot())
	})
	t.Run("saving stores every field", func(t *testing.T) {
		c := given.Client()
		s.given(t, c)
		c = editedClient(c, func(next *client.Snapshot) {
			created, version := next.CreatedAt, next.Version
			fullClient(next)
			next.CreatedAt, next.Version = created, version
			next.SecretHash, next.IsActive = string(given.Digest()), false
			next.IsFirstParty = false
		})
		ok(t, s.save(t, c))
		same(t, "client", s.client(t, c.ClientID()), c.Snapshot())
	})
	t.Run("scopes are added and taken away", func(t *testing.T) {
		c := given.Client()
		s.given(t, c)
		for _, scopes := range []scope.Set{scope.Builtin(), scope.NewSet(scope.ReadAudit), nil, scope.NewSet(scope.ReadUsers)} {
			c = editedClient(c, func(c *client.Snapshot) { c.Scopes = scopes })
			ok(t, s.save(t, c))
			same(t, "scopes", s.client(t, c.ClientID()).Scopes, scopes)
		}
	})
	t.Run("scopes come back sorted by byte", func(t *testing.T) {
		scopes := s.unevenScopes(t)
		c := given.Client(func(c *client.Snapshot) { c.Scopes = scopes })
		s.given(t, c)
		same(t, "scopes", s.client(t, c.ClientID()).Scopes, scopes)
	})
	t.Run("what is gone is KindNotFound", func(t *testing.T) {
		wantKind(t, s.save(t, given.Client()), domain.KindNotFound)
	})
	t.Run("what others changed meanwhile is CodeConflict", func(t *testing.T) {
		c := given.Client(func(c *client.Snapshot) { c.Version = 2 })
		s.given(t, c)
		wantCode(t, s.save(t, editedClient(c, func(c *client.Snapshot) { c.Version, c.Name = 1, "lost" })), domain.CodeConflict)
		same(t, "client", s.client(t, c.ClientID()), c.Snapshot())
	})
	t.Run("its event is stored with it", func(t *testing.T) {
		c, err := client.New(given.ID(), given.Name("client"), "", client.Draft{Name: "n"}, []string{"client_credentials"}, domain.System, given.Now)
		ok(t, err)
		s.given(t, c)
		s.wantEvents(t, c.ClientID(), domain.EventClientCreated)
	})
	t.Run("what is returned or handed in is not kept", func(t *testing.T) {
		scopes, grants := scope.NewSet(scope.ReadAudit, scope.ReadUsers), []string{"client_credentials", "password"}
		c := given.Client(func(c *client.Snapshot) { c.Scopes, c.GrantTypes = scopes, grants })
		s.given(t, c)
		scopes[0], grants[0] = "changed", "changed"
		got := s.client(t, c.ClientID())
		spoil(t, "scopes", got.Scopes, "changed")
		spoil(t, "grant types", got.GrantTypes, "changed")
		again := s.client(t, c.ClientID())
		same(t, "scopes", again.Scopes, scope.NewSet(scope.ReadAudit, scope.ReadUsers))
		same(t, "grants", again.GrantTypes, []string{"client_credentials", "password"})
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, err := s.Clients.ByClientID(ended(t), client.FirstParty)
		wantStopped(t, "ByClientID", err)
	})
}

// unevenScopes stores scopes that a database's collation sorts unlike bytes do,
// and gives them sorted by byte, as scope.Set must be.
func (s Store) unevenScopes(t *testing.T) scope.Set {
	resource := given.Name("x")
	var names []scope.Name
	for _, end := range []string{"c", "_a", "-b", ".d", "0"} {
		names = append(names, scope.Of("read", resource+end))
		s.given(t, scope.Rehydrate(scope.Snapshot{ID: given.ID(), Name: names[len(names)-1], Resource: resource + end, CreatedAt: given.Now, UpdatedAt: given.Now}))
	}
	return scope.NewSet(names...)
}
