package tokens

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// world is the whole package over fakes: one user, the first-party client and
// two service clients, one of which may introspect everything.
type world struct {
	clock   *clock
	codec   *codec
	store   *store
	bus     *bus
	log     *log
	people  *people
	ring    *KeyRing
	maker   *KeyMaker
	reg     *Registry
	feed    *Feed
	work    *Committer
	princ   *Principals
	issuer  *Issuer
	valid   *Validator
	intro   *Introspector
	revoker *Revoker
	ends    *Sessions

	user                  token.Principal
	firstParty, own, seer *client.ServiceClient
}

const issuer = "https://id.example.test"

func testPolicy() Policy {
	return Policy{Issuer: issuer, Audience: []string{"https://api.example.test"}, Algorithm: token.ES256, AccessTTL: 15 * time.Minute,
		RefreshTTL: 720 * time.Hour, SessionMaxAge: 2160 * time.Hour, RetryWindow: 10 * time.Second}
}

func newWorld(t *testing.T, change ...func(*Policy)) *world {
	t.Helper()
	policy := testPolicy()
	for _, c := range change {
		c(&policy)
	}
	w := &world{clock: newClock(), codec: &codec{signed: map[string]token.AccessClaims{}}, store: newStore(), bus: newBus(),
		people: &people{users: map[string]token.Principal{}, clients: map[string]*client.ServiceClient{}}}
	w.log = &log{since: func(time.Time) ([]token.Signal, time.Time, error) { return nil, w.clock.Now(), nil }}
	w.user = token.Principal{Kind: domain.PartyUser, ID: given.ID().String(), Name: "ada", Active: true, Roles: []string{"user"},
		Scopes: scope.NewSet(scope.ReadProfile, scope.WriteProfile)}
	w.people.setUser(w.user)
	w.firstParty = given.Client(func(s *client.Snapshot) {
		s.ClientID, s.SecretHash, s.IsFirstParty, s.Scopes = client.FirstParty, "", true, nil
	})
	w.own = given.Client()
	w.seer = given.Client(func(s *client.Snapshot) { s.Scopes = scope.NewSet(scope.IntrospectTokens) })
	for _, c := range []*client.ServiceClient{w.firstParty, w.own, w.seer} {
		w.people.setClient(c)
	}
	w.princ = NewPrincipals(w.people, w.people, newCache[string, token.Principal](), newCache[string, *client.ServiceClient]())
	w.ring = NewKeyRing(policy, w.clock, w.codec, master{}, w.store)
	w.reg = NewRegistry()
	w.feed = NewFeed(w.clock, w.log, w.bus, w.reg, w.princ, w.ring)
	w.work = NewCommitter(w.store, w.feed, w.bus)
	w.maker = NewKeyMaker(policy, w.clock, w.codec, master{}, w.work, w.ring)
	w.issuer = NewIssuer(policy, w.clock, random{}, w.codec, w.ring)
	w.valid = NewValidator(policy, w.clock, w.codec, w.ring, w.reg, w.feed, w.princ, newCache[Fingerprint, Kept]())
	w.intro = NewIntrospector(policy, w.clock, w.people, w.valid, w.store, w.princ)
	w.ends = NewSessions(policy, w.clock, w.work)
	w.revoker = NewRevoker(w.clock, w.people, w.valid, w.store, w.ends, w.work)
	must(t, w.maker.Ensure(t.Context()))
	must(t, w.feed.poll(t.Context()))
	return w
}

// alive keeps the revocation state known after the clock was moved.
func (w *world) alive(t *testing.T) {
	t.Helper()
	must(t, w.feed.poll(t.Context()))
}

// login opens a session of the user through the client and gives both tokens.
func (w *world) login(t *testing.T, clientID string) (access, refresh domain.Secret, session *token.Session) {
	t.Helper()
	userID, err := domain.ParseID(w.user.ID)
	must(t, err)
	session = token.OpenSession(random{}.NewID(w.clock.Now()), userID, clientID, given.Origin, w.clock.Now(), 2160*time.Hour)
	refresh = given.Opaque(token.RefreshPrefix)
	link := session.Issue(given.ID(), token.DigestOf(refresh), w.user.Scopes, w.clock.Now(), 720*time.Hour)
	w.store.sessions[session.ID()] = session.Snapshot()
	w.store.refresh[link.Snapshot().Digest] = link.Snapshot()
	access, err = w.issuer.Issue(t.Context(), Grant{Principal: w.user, ClientID: clientID, SessionID: session.ID(), Scope: w.user.Scopes, Lifetime: 15 * time.Minute})
	must(t, err)
	return access, refresh, session
}

// clientToken gives a client's token for itself.
func (w *world) clientToken(t *testing.T, c *client.ServiceClient) domain.Secret {
	t.Helper()
	raw, err := w.issuer.Issue(t.Context(), Grant{Principal: OfClient(c), ClientID: c.ClientID(), Scope: c.Scopes(), Lifetime: 15 * time.Minute})
	must(t, err)
	return raw
}

func (w *world) caller(t *testing.T, raw domain.Secret) inbound.Caller {
	t.Helper()
	caller, err := w.valid.Authenticate(t.Context(), raw.Reveal())
	must(t, err)
	return caller
}

func (w *world) refused(t *testing.T, raw domain.Secret) {
	t.Helper()
	_, err := w.valid.Authenticate(t.Context(), raw.Reveal())
	wantCode(t, err, domain.CodeInvalidToken)
}

// credentials prove the client to the fake below.
func credentials(c *client.ServiceClient) inbound.ClientCredentials {
	return inbound.ClientCredentials{Method: inbound.AuthBasic, ID: c.ClientID(), Secret: domain.NewSecret("right")}
}

// people knows users and clients, and takes "right" for every client's secret.
type people struct {
	mu      sync.Mutex
	users   map[string]token.Principal
	clients map[string]*client.ServiceClient
	fail    error
	reads   int
}

func (p *people) setUser(u token.Principal) { p.mu.Lock(); defer p.mu.Unlock(); p.users[u.ID] = u }
func (p *people) setClient(c *client.ServiceClient) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients[c.ClientID()] = c
}

func (p *people) User(_ context.Context, id domain.ID) (token.Principal, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads++
	if u, ok := p.users[id.String()]; ok || p.fail != nil {
		return u, p.fail
	}
	return token.Principal{}, domain.NotFound("no such user")
}

func (p *people) ByClientID(_ context.Context, id string) (*client.ServiceClient, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads++
	if c, ok := p.clients[id]; ok || p.fail != nil {
		return c, p.fail
	}
	return nil, domain.NotFound("no such client")
}

func (p *people) Authenticate(ctx context.Context, c inbound.ClientCredentials) (*client.ServiceClient, error) {
	if c == (inbound.ClientCredentials{}) {
		return p.ByClientID(ctx, client.FirstParty)
	}
	found, err := p.ByClientID(ctx, c.ID)
	if err != nil || found.IsPublic() != c.Secret.Empty() || !found.IsPublic() && c.Secret.Reveal() != "right" {
		return nil, domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "client authentication failed")
	}
	return found, nil
}
