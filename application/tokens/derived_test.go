package tokens

import (
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

// derive makes a token for another client from one, as an exchange does.
func (w *world) derive(t *testing.T, from domain.Secret, by *client.ServiceClient) domain.Secret {
	t.Helper()
	caller := w.caller(t, from)
	session := domain.NoID
	if caller.Claims.IsUser() {
		var err error
		session, err = domain.ParseID(caller.Claims.SessionID)
		must(t, err)
	}
	raw, err := w.issuer.Issue(t.Context(), Grant{
		Principal: caller.Principal, ClientID: by.ClientID(), SessionID: session, Scope: caller.Scopes, Lifetime: time.Hour,
		Terms: Terms{Audience: []string{"https://api.example"}, Actors: []token.Actor{{Subject: by.ClientID(), ClientID: by.ClientID()}},
			Sources: caller.Claims.From(), Until: caller.Claims.ExpiresAt},
	})
	must(t, err)
	return raw
}

func TestTermsAreSaid(t *testing.T) {
	w := newWorld(t)
	access, _, _ := w.login(t, client.FirstParty)
	source := w.caller(t, access)
	got := w.caller(t, w.derive(t, access, w.seer)).Claims
	if !slices.Equal(got.Audience, []string{testPolicy().Issuer, "https://api.example"}) || !got.ExpiresAt.Equal(source.Claims.ExpiresAt) ||
		got.Subject != source.Claims.Subject || got.SessionID != source.Claims.SessionID || got.Actors[0].Subject != w.seer.ClientID() || got.Sources[0].ID != source.Claims.ID {
		t.Errorf("%+v", got)
	}
}

// What is made from a token ends with it, whichever way that ends, over any
// number of steps.
func TestDerivedTokensEndWithTheirSource(t *testing.T) {
	for name, end := range map[string]func(*world, token.AccessClaims) token.Signal{
		"the token": func(_ *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalTokenRevoked, ID: c.ID}
		},
		"its session": func(_ *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalSessionEnded, ID: c.SessionID}
		},
		"its user": func(w *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalUserRevoked, ID: c.Subject, Before: w.clock.Now()}
		},
		"its client": func(w *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalClientRevoked, ID: c.ClientID, Before: w.clock.Now()}
		},
		"another's": func(*world, token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalTokenRevoked, ID: given.ID().String()}
		},
		"a later client": func(w *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalClientRevoked, ID: c.ClientID, Before: w.clock.Now().Add(-time.Hour)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			through := given.Client(func(s *client.Snapshot) { s.Scopes = w.user.Scopes })
			w.people.setClient(through)
			access, _, _ := w.login(t, client.FirstParty)
			claims := w.caller(t, access).Claims
			once := w.derive(t, access, through)
			twice := w.derive(t, once, w.seer)
			w.caller(t, twice)
			w.reg.Apply(end(w, claims))
			if name == "another's" || name == "a later client" {
				w.caller(t, once)
				w.caller(t, twice)
				return
			}
			w.refused(t, once)
			w.refused(t, twice)
		})
	}
}

// What was made from a token after its user was logged out everywhere is as dead
// as the token; what rests on another's is not.
func TestDerivedTokensEndWithTheirSourcesUser(t *testing.T) {
	at := func(after time.Duration) string { return random{}.NewID(given.Now.Add(after)).String() }
	signal := token.Signal{Kind: token.SignalUserRevoked, ID: "ada", Before: given.Now.Add(time.Second), ExpiresAt: given.Now.Add(time.Hour)}
	for name, c := range map[string]struct {
		source token.Source
		want   bool
	}{
		"made from an older one":      {token.Source{ID: at(0), SessionID: "s", ClientID: "app"}, true},
		"made from a later one":       {token.Source{ID: at(2 * time.Second), SessionID: "s", ClientID: "app"}, false},
		"made from one of a client's": {token.Source{ID: at(0), ClientID: "app"}, false},
		"made from another session's": {token.Source{ID: at(0), SessionID: "t", ClientID: "app"}, false},
	} {
		r := NewRegistry()
		r.Apply(signal)
		derived := token.AccessClaims{ID: at(3 * time.Second), Subject: "ada", SessionID: "s", ClientID: "b", Sources: []token.Source{c.source}}
		if got := r.Ended(derived); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Each client that a token came through limits it, as it stands now.
func TestDerivedTokensAreLimitedByAllTheyCameThrough(t *testing.T) {
	w := newWorld(t)
	through := given.Client(func(s *client.Snapshot) { s.Scopes = w.user.Scopes })
	w.people.setClient(through)
	last := given.Client(func(s *client.Snapshot) { s.Scopes = scope.NewSet(w.user.Scopes[0]) })
	w.people.setClient(last)
	access, _, _ := w.login(t, through.ClientID())
	derived := w.derive(t, access, last)
	if got := w.caller(t, derived).Scopes; !slices.Equal(got, scope.NewSet(w.user.Scopes[0])) {
		t.Errorf("scope %v", got)
	}
	change := func(change func(*client.Snapshot)) {
		s := through.Snapshot()
		change(&s)
		w.people.setClient(client.Rehydrate(s))
		w.princ.apply(token.Signal{Kind: token.SignalPrincipalChanged, ID: s.ClientID})
	}
	change(func(s *client.Snapshot) { s.Scopes = nil })
	if got := w.caller(t, derived).Scopes; len(got) != 0 {
		t.Errorf("scope %v after the source lost it", got)
	}
	change(func(s *client.Snapshot) { s.IsActive = false })
	w.refused(t, derived)
}

// A client's own token may be another's to carry, but only where it was made
// from one.
func TestDerivedTokensOfClients(t *testing.T) {
	w := newWorld(t)
	own := w.clientToken(t, w.own)
	derived := w.caller(t, w.derive(t, own, w.seer))
	if derived.Principal.ID != w.own.ClientID() || derived.Claims.ClientID != w.seer.ClientID() || len(derived.Scopes) != 0 {
		t.Errorf("%+v", derived)
	}
	forged, err := w.issuer.Issue(t.Context(), Grant{Principal: OfClient(w.own), ClientID: w.seer.ClientID(), Lifetime: time.Minute})
	must(t, err)
	w.refused(t, forged)
}

// A token that rests on the right to impersonate is good while its client has
// that, over all steps, and while its subject holds no more than the client.
func TestImpersonationIsWithdrawnFromTokens(t *testing.T) {
	for name, change := range map[string]func(by *client.Snapshot, of *token.Principal){
		"the client loses the right": func(s *client.Snapshot, _ *token.Principal) {
			s.Scopes = scope.NewSet(scope.ReadProfile, scope.WriteProfile)
		},
		"the client is gone from it":    func(s *client.Snapshot, _ *token.Principal) { s.IsActive = false },
		"the subject becomes superuser": func(_ *client.Snapshot, p *token.Principal) { p.IsSuperuser = true },
		"the subject gains a scope": func(_ *client.Snapshot, p *token.Principal) {
			p.Scopes = append(scope.NewSet(scope.ReadAudit), p.Scopes...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			support := given.Client(func(s *client.Snapshot) { s.Scopes = scope.NewSet("impersonate:users", scope.ReadProfile) })
			w.people.setClient(support)
			_, _, session := w.login(t, client.FirstParty)
			raw, err := w.issuer.Issue(t.Context(), Grant{
				Principal: w.user, ClientID: support.ClientID(), SessionID: session.ID(), Scope: w.user.Scopes, Lifetime: time.Hour,
				Terms: Terms{Actors: []token.Actor{{Subject: support.ClientID(), ClientID: support.ClientID()}}, Impersonators: []string{support.ClientID()}},
			})
			must(t, err)
			if got := w.caller(t, raw).Claims.Impersonators; !slices.Equal(got, []string{support.ClientID()}) {
				t.Errorf("impersonated by %v", got)
			}
			s, p := support.Snapshot(), w.user
			change(&s, &p)
			w.people.setClient(client.Rehydrate(s))
			w.people.setUser(p)
			w.princ.apply(token.Signal{Kind: token.SignalPrincipalChanged, ID: s.ClientID})
			w.princ.apply(token.Signal{Kind: token.SignalPrincipalChanged, ID: p.ID})
			w.refused(t, raw)
			if answer, err := w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), raw); err != nil || answer.Active {
				t.Errorf("introspected: %+v, %v", answer, err)
			}
		})
	}
}
