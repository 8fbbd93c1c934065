package grants

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// chain is a session with its first refresh token, and the pipeline that
// renews it.
type chain struct {
	*Pipeline
	store   *store
	clock   *clock
	codec   *codec
	master  *master
	people  *people
	clients map[string]*client.ServiceClient
	user    token.Principal
	session domain.ID
	first   domain.Secret
}

func newChain(t *testing.T, window time.Duration) *chain {
	t.Helper()
	c := &chain{store: newStore(), clock: &clock{now: given.Now}, codec: &codec{}, master: &master{current: "new", known: []string{"new", "old"}}}
	p := policy()
	p.RetryWindow = window
	owner := given.User()
	c.user = token.Principal{Kind: domain.PartyUser, ID: owner.ID().String(), Name: "ada", Active: true, Scopes: scope.NewSet(scope.ReadProfile, scope.AdminUsers)}
	c.people = &people{all: map[domain.ID]token.Principal{owner.ID(): c.user}}
	c.clients = map[string]*client.ServiceClient{}
	for _, name := range []string{client.FirstParty, "stranger"} {
		c.clients[name] = given.Client(func(s *client.Snapshot) {
			s.ClientID, s.IsFirstParty, s.GrantTypes = name, true, []string{"refresh_token"}
		})
	}
	session := given.Session(owner)
	c.session, c.first = session.ID(), given.Opaque(token.RefreshPrefix)
	c.store.sessions[c.session] = session.Snapshot()
	c.put(given.Refresh(session, func(s *token.RefreshSnapshot) {
		s.Digest, s.Scope = token.DigestOf(c.first), scope.NewSet(scope.ReadProfile, scope.AdminUsers)
	}).Snapshot())
	principals := tokens.NewPrincipals(c.people, nil, uncached[token.Principal]{}, uncached[*client.ServiceClient]{})
	renew := NewRefreshToken(p, c.clock, random{}, c.master, c.store, c.store, c.store, principals, tokens.NewSessions(p, c.clock, c.store))
	authenticate := authenticator(func(who inbound.ClientCredentials) (*client.ServiceClient, error) { return c.clients[who.ID], nil })
	var err error
	c.Pipeline, err = NewPipeline(p, c.clock, random{}, authenticate, c.store, c.store, issuer(t, p, c.clock, c.codec), []Grant{renew})
	must(t, err)
	return c
}

func (c *chain) put(s token.RefreshSnapshot) { c.store.refresh[s.Digest] = s }

func (c *chain) change(of domain.Secret, change func(*token.RefreshSnapshot)) {
	s := c.store.refresh[token.DigestOf(of)]
	change(&s)
	c.put(s)
}

func (c *chain) renew(t *testing.T, presented domain.Secret, scopes string) (inbound.TokenResponse, error) {
	t.Helper()
	return c.renewAs(t, client.FirstParty, presented, scopes)
}

func (c *chain) renewAs(t *testing.T, clientID string, presented domain.Secret, scopes string) (inbound.TokenResponse, error) {
	t.Helper()
	return c.Token(t.Context(), inbound.TokenRequest{Client: inbound.ClientCredentials{ID: clientID},
		Params: map[string]string{"grant_type": "refresh_token", "refresh_token": presented.Reveal(), "scope": scopes}})
}

// punished tells whether the theft was kept: session, chain, signal, event.
func (c *chain) punished(t *testing.T) bool {
	t.Helper()
	ended := c.store.sessions[c.session].EndReason == token.EndedByReuse
	revoked := true
	for _, link := range c.store.refresh {
		revoked = revoked && link.IsRevoked
	}
	told := slices.ContainsFunc(c.store.signals, func(s token.Signal) bool {
		return s.Kind == token.SignalSessionEnded && s.ID == c.session.String()
	})
	recorded := slices.ContainsFunc(c.store.events, func(e domain.Event) bool {
		return e.Type == domain.EventTokenReused && e.Outcome == domain.Failed && e.Subject.ID == c.user.ID
	})
	if ended != revoked || ended != told || ended != recorded {
		t.Errorf("half a punishment: ended %v, chain revoked %v, told %v, recorded %v", ended, revoked, told, recorded)
	}
	return ended
}

func (c *chain) wantUntouched(t *testing.T) {
	t.Helper()
	if c.punished(t) || c.store.refresh[token.DigestOf(c.first)].IsUsed {
		t.Error("the token was spent or its session punished")
	}
}

func TestRefreshRotates(t *testing.T) {
	c := newChain(t, 10*time.Second)
	answer, err := c.renew(t, c.first, "")
	must(t, err)
	if c.codec.signed.SessionID != c.session.String() || answer.UserID != c.user.ID || !cmp.Equal(answer.Scope, c.user.Scopes) {
		t.Errorf("claims %+v, answer %+v", c.codec.signed, answer)
	}
	if answer.RefreshToken.Equal(c.first) || !token.WellFormed(token.RefreshPrefix, answer.RefreshToken.Reveal()) {
		t.Error("not a new refresh token")
	}
	if c.store.spendings != 1 || c.store.units != 0 {
		t.Errorf("%d spendings and %d units of work, want one statement", c.store.spendings, c.store.units)
	}
	next, err := c.renew(t, answer.RefreshToken, "")
	must(t, err)
	if c.codec.signed.SessionID != c.session.String() || next.RefreshToken.Equal(answer.RefreshToken) {
		t.Error("the session does not go on")
	}
}

func TestRefreshRetry(t *testing.T) {
	c := newChain(t, 10*time.Second)
	answer, err := c.renew(t, c.first, "")
	must(t, err)
	for range 3 {
		c.clock.now = c.clock.now.Add(3 * time.Second)
		again, err := c.renew(t, c.first, "")
		must(t, err)
		if !again.RefreshToken.Equal(answer.RefreshToken) || c.codec.signed.SessionID != c.session.String() {
			t.Fatal("the session forked")
		}
	}
	if len(c.store.refresh) != 2 {
		t.Errorf("%d links, want 2", len(c.store.refresh))
	}
	c.clock.now = c.clock.now.Add(time.Second) // the window is over
	_, err = c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInvalidGrant)
	if !c.punished(t) {
		t.Error("theft went unpunished")
	}
	_, err = c.renew(t, answer.RefreshToken, "")
	wantCode(t, err, domain.CodeInvalidGrant)
}

func TestRefreshStolen(t *testing.T) {
	for name, steal := range map[string]func(c *chain, next domain.Secret){
		"the successor was used": func(c *chain, next domain.Secret) {
			_, err := c.renew(t, next, "")
			must(t, err)
		},
		"after the window":            func(c *chain, _ domain.Secret) { c.clock.now = c.clock.now.Add(10 * time.Second) },
		"with a conflict that reruns": func(c *chain, _ domain.Secret) { c.clock.now, c.store.reruns = c.clock.now.Add(time.Minute), 2 },
		"after the window and its own expiry": func(c *chain, _ domain.Secret) {
			c.clock.now = c.clock.now.Add(time.Minute)
			c.change(c.first, func(s *token.RefreshSnapshot) { s.ExpiresAt = c.clock.now })
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t, 10*time.Second)
			answer, err := c.renew(t, c.first, "")
			must(t, err)
			steal(c, answer.RefreshToken)
			_, err = c.renew(t, c.first, "")
			wantCode(t, err, domain.CodeInvalidGrant)
			if !c.punished(t) {
				t.Error("theft went unpunished")
			}
			events := len(c.store.events)
			_, err = c.renew(t, c.first, "")
			wantCode(t, err, domain.CodeInvalidGrant)
			if len(c.store.events) != events {
				t.Error("punished twice")
			}
		})
	}
}

// Within the window, a client that asks again after its token expired is late,
// and no thief: it is refused, and the session lives.
func TestRefreshRetriedTooLate(t *testing.T) {
	c := newChain(t, 10*time.Second)
	_, err := c.renew(t, c.first, "")
	must(t, err)
	c.clock.now = c.clock.now.Add(time.Second)
	c.change(c.first, func(s *token.RefreshSnapshot) { s.ExpiresAt = c.clock.now })
	_, err = c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInvalidGrant)
	if c.punished(t) {
		t.Error("a late retry was taken for theft")
	}
}

// A thief does not escape by asking for a scope that would be refused anyway.
func TestRefreshStolenWithAScope(t *testing.T) {
	for _, asked := range []string{"read:profile", "admin:system"} {
		c := newChain(t, 0)
		_, err := c.renew(t, c.first, "")
		must(t, err)
		_, err = c.renew(t, c.first, asked)
		wantCode(t, err, domain.CodeInvalidGrant)
		if !c.punished(t) {
			t.Errorf("%q: theft went unpunished", asked)
		}
	}
}

func TestRefreshStrict(t *testing.T) {
	c := newChain(t, 0)
	_, err := c.renew(t, c.first, "")
	must(t, err)
	_, err = c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInvalidGrant)
	if !c.punished(t) {
		t.Error("with a window of 0 every second use is theft")
	}
}

func TestRefreshRefusals(t *testing.T) {
	for name, c := range map[string]func(c *chain) (clientID string, presented domain.Secret){
		"another client's":  func(c *chain) (string, domain.Secret) { return "stranger", c.first },
		"unknown":           func(*chain) (string, domain.Secret) { return client.FirstParty, given.Opaque(token.RefreshPrefix) },
		"not of our form":   func(*chain) (string, domain.Secret) { return client.FirstParty, domain.NewSecret("x") },
		"a client's secret": func(*chain) (string, domain.Secret) { return client.FirstParty, given.Opaque(token.SecretPrefix) },
		"its last letter gone": func(c *chain) (string, domain.Secret) {
			return client.FirstParty, domain.NewSecret(c.first.Reveal()[:52])
		},
		"expired": func(c *chain) (string, domain.Secret) {
			c.clock.now = c.clock.now.Add(721 * time.Hour)
			return client.FirstParty, c.first
		},
		"of a session that ended": func(c *chain) (string, domain.Secret) {
			s := c.store.sessions[c.session]
			s.EndedAt = given.Now
			c.store.sessions[c.session] = s
			return client.FirstParty, c.first
		},
		"of a session past its age": func(c *chain) (string, domain.Secret) {
			c.change(c.first, func(s *token.RefreshSnapshot) { s.ExpiresAt = given.Now.Add(9999 * time.Hour) })
			c.clock.now = c.clock.now.Add(2160 * time.Hour)
			return client.FirstParty, c.first
		},
		"revoked": func(c *chain) (string, domain.Secret) {
			c.change(c.first, func(s *token.RefreshSnapshot) { s.IsRevoked = true })
			return client.FirstParty, c.first
		},
		"of a disabled user": func(c *chain) (string, domain.Secret) {
			c.store.inactive[c.store.sessions[c.session].UserID] = true
			return client.FirstParty, c.first
		},
	} {
		for _, asked := range []string{"", "read:profile"} {
			t.Run(name+" "+asked, func(t *testing.T) {
				chain := newChain(t, 10*time.Second)
				clientID, presented := c(chain)
				revoked := chain.store.refresh[token.DigestOf(chain.first)].IsRevoked
				_, err := chain.renewAs(t, clientID, presented, asked)
				wantCode(t, err, domain.CodeInvalidGrant)
				if !revoked {
					chain.wantUntouched(t)
				}
				if chain.codec.signed.ID != "" || len(chain.store.events) != 0 {
					t.Error("signed or recorded something")
				}
			})
		}
	}
}

// A stranger can't kill a chain with a used token either.
func TestRefreshUsedByAStranger(t *testing.T) {
	c := newChain(t, 0)
	answer, err := c.renew(t, c.first, "")
	must(t, err)
	_, err = c.renewAs(t, "stranger", c.first, "")
	wantCode(t, err, domain.CodeInvalidGrant)
	if c.punished(t) {
		t.Error("another client ended the session")
	}
	_, err = c.renew(t, answer.RefreshToken, "")
	must(t, err)
}

var _ outbound.RefreshSpender = (*store)(nil)
