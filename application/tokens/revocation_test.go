package tokens

import (
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// Who may end whose token (contract 3.4; RFC 7009, section 2.1).
func TestRevokeOwnership(t *testing.T) {
	const nobodyNamed, byName, proven, other = "nobody named", "first-party by name", "the client", "another client"
	for _, c := range []struct {
		asking, owner string
		code          domain.Code // empty: it ends
	}{
		{nobodyNamed, client.FirstParty, ""},
		{byName, client.FirstParty, ""},
		{proven, client.FirstParty, domain.CodeInvalidRequest},
		{nobodyNamed, "own", domain.CodeInvalidClient},
		{byName, "own", domain.CodeInvalidRequest},
		{proven, "own", ""},
		{other, "own", domain.CodeInvalidRequest},
		{nobodyNamed, "public", ""},
		{byName, "public", domain.CodeInvalidRequest},
		{proven, "public", domain.CodeInvalidRequest},
	} {
		t.Run(c.asking+" on "+c.owner, func(t *testing.T) {
			w := newWorld(t)
			public := given.Client(func(s *client.Snapshot) { s.AuthMethod, s.SecretHash, s.Scopes = "none", "", w.user.Scopes })
			w.people.setClient(public)
			owner := map[string]*client.ServiceClient{client.FirstParty: w.firstParty, "own": w.own, "public": public}[c.owner]
			who := map[string]inbound.ClientCredentials{
				nobodyNamed: {}, byName: {Method: inbound.AuthNone, ID: client.FirstParty},
				proven: credentials(w.own), other: credentials(w.seer),
			}[c.asking]
			for kind, raw := range w.presented(t, owner) {
				err := w.revoker.Revoke(t.Context(), who, raw)
				answer, asked := w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), raw)
				must(t, asked)
				if c.code != "" {
					wantCode(t, err, c.code)
				} else {
					must(t, err)
				}
				if answer.Active != (c.code != "") {
					t.Errorf("%s: active afterwards: %v", kind, answer.Active)
				}
			}
		})
	}
}

func TestRevokeReach(t *testing.T) {
	w := newWorld(t)
	access, refresh, session := w.login(t, client.FirstParty)
	sibling, err := w.issuer.Issue(t.Context(), Grant{Principal: w.user, ClientID: client.FirstParty, SessionID: session.ID(), Scope: w.user.Scopes, Lifetime: time.Hour})
	must(t, err)
	must(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, access))
	w.refused(t, access)
	w.caller(t, sibling) // an access token ends alone
	events := w.store.stored().events
	if last := events[len(events)-1]; last.Type != domain.EventTokenRevoked || last.Actor.ID != client.FirstParty {
		t.Errorf("event: %+v", last)
	}
	must(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, refresh))
	w.refused(t, sibling) // a refresh token ends its session
	if s := w.store.stored().sessions[session.ID()]; s.EndReason != token.EndedByRevocation {
		t.Errorf("session: %+v", s)
	}
	// Again, and what was dead before: nothing more is written.
	written := len(w.store.stored().events)
	must(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, access))
	must(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, refresh))
	if got := len(w.store.stored().events); got != written {
		t.Errorf("revoking twice wrote %d events more", got-written)
	}
}

func TestRevokeNothingToEnd(t *testing.T) {
	w := newWorld(t)
	expired, _, _ := w.login(t, client.FirstParty)
	w.clock.advance(16 * time.Minute) // with the most that the leeway can be
	before := len(w.store.stored().signals)
	for name, raw := range map[string]domain.Secret{
		"empty": {}, "garbage": domain.NewSecret("garbage"), "expired": expired,
		"unknown refresh token": given.Opaque(token.RefreshPrefix), "a client's secret": given.Opaque(token.SecretPrefix),
	} {
		if err := w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(w.store.stored().signals); got != before {
		t.Errorf("stored %d signals for nothing", got-before)
	}
}

// Within the leeway a token still counts, so it still has to be ended.
func TestRevokeWithinLeeway(t *testing.T) {
	w := newWorld(t, func(p *Policy) { p.Leeway = 30 * time.Second })
	access, _, _ := w.login(t, client.FirstParty)
	w.clock.advance(15*time.Minute + 10*time.Second)
	w.alive(t)
	w.caller(t, access)
	must(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, access))
	w.refused(t, access)
	w.reg.Forget(w.clock.Now().Add(15 * time.Second))
	w.clock.advance(15 * time.Second)
	w.alive(t)
	w.refused(t, access)
}

// The leeway can be raised at run time: what is revoked stays dead under any.
func TestRevokeOutlivesEveryLeeway(t *testing.T) {
	w := newWorld(t)
	access, _, _ := w.login(t, client.FirstParty)
	late, _, _ := w.login(t, client.FirstParty)
	must(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, access))
	w.clock.advance(15*time.Minute + 30*time.Second)
	must(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, late)) // expired, and not for good
	w.valid.policy = Policy{Issuer: issuer, Leeway: maxLeeway}
	w.clock.advance(29 * time.Second)
	w.reg.Forget(w.clock.Now())
	w.alive(t)
	w.refused(t, access)
	w.refused(t, late)
}

func TestRevokeThatIsNotStoredFails(t *testing.T) {
	for name, fail := range map[string]func(*store){
		"no answer":     func(s *store) { s.failWork = unavailable() },
		"failed commit": func(s *store) { s.failAtEnd = unavailable() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			access, refresh, _ := w.login(t, client.FirstParty)
			fail(w.store)
			for _, raw := range []domain.Secret{access, refresh} {
				wantCode(t, w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, raw), domain.CodeUnavailable)
			}
			w.caller(t, access) // and is not taken for ended here either
		})
	}
	w := newWorld(t)
	access, _, _ := w.login(t, client.FirstParty)
	w.people.fail = unavailable()
	delete(w.people.clients, client.FirstParty)
	if err := w.revoker.Revoke(t.Context(), inbound.ClientCredentials{}, access); err == nil {
		t.Error("succeeded without having been able to ask for the client")
	}
}

func TestRevokeWrongCredentials(t *testing.T) {
	w := newWorld(t)
	access, _, _ := w.login(t, w.own.ClientID())
	wrong := credentials(w.own)
	wrong.Secret = domain.NewSecret("wrong")
	wantCode(t, w.revoker.Revoke(t.Context(), wrong, access), domain.CodeInvalidClient)
	wantCode(t, w.revoker.Revoke(t.Context(), wrong, domain.NewSecret("garbage")), domain.CodeInvalidClient)
	answer, err := w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), access)
	must(t, err)
	if !answer.Active {
		t.Error("ended without credentials")
	}
}
