package tokens

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

func TestAuthenticateTellsWhoSpeaks(t *testing.T) {
	w := newWorld(t)
	access, _, session := w.login(t, client.FirstParty)
	caller := w.caller(t, access)
	if diff := cmp.Diff(w.user, caller.Principal); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(w.user.Scopes, caller.Scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
	if caller.Claims.SessionID != session.ID().String() || caller.Claims.ExpiresAt.Sub(caller.Claims.IssuedAt) != 15*time.Minute {
		t.Errorf("claims: %+v", caller.Claims)
	}
	if diff := cmp.Diff([]string{issuer, "https://api.example.test"}, caller.Claims.Audience); diff != "" {
		t.Errorf("audience (-want +got):\n%s", diff)
	}
	own := w.caller(t, w.clientToken(t, w.own))
	if own.Principal.Kind != domain.PartyClient || own.Claims.Subject != w.own.ClientID() || own.Claims.IsUser() {
		t.Errorf("client's caller: %+v", own)
	}
}

// A warm validation costs no signature check and no read.
func TestAuthenticateWarm(t *testing.T) {
	w := newWorld(t)
	access, _, _ := w.login(t, client.FirstParty)
	w.caller(t, access)
	verifications, reads := w.codec.verifications, w.people.reads
	w.caller(t, access)
	if w.codec.verifications != verifications || w.people.reads != reads {
		t.Errorf("a warm validation verified %d and read %d times", w.codec.verifications-verifications, w.people.reads-reads)
	}
}

func TestAuthenticateRefusesClaims(t *testing.T) {
	good := func(w *world) token.AccessClaims {
		now := w.clock.Now().Truncate(time.Second)
		return token.AccessClaims{Issuer: issuer, Subject: w.user.ID, Audience: []string{issuer}, IssuedAt: now, ExpiresAt: now.Add(time.Minute),
			ID: given.ID().String(), ClientID: client.FirstParty, SessionID: given.ID().String(), Scope: w.user.Scopes}
	}
	for name, c := range map[string]struct {
		change func(w *world, c *token.AccessClaims)
		ok     bool
	}{
		"as issued":              {func(*world, *token.AccessClaims) {}, true},
		"another issuer":         {func(_ *world, c *token.AccessClaims) { c.Issuer = issuer + "/" }, false},
		"no issuer":              {func(_ *world, c *token.AccessClaims) { c.Issuer = "" }, false},
		"another audience":       {func(_ *world, c *token.AccessClaims) { c.Audience = []string{"https://api.example.test"} }, false},
		"no audience":            {func(_ *world, c *token.AccessClaims) { c.Audience = nil }, false},
		"no exp":                 {func(_ *world, c *token.AccessClaims) { c.ExpiresAt = time.Time{} }, false},
		"exp now":                {func(w *world, c *token.AccessClaims) { c.ExpiresAt = w.clock.Now() }, false},
		"exp in a moment":        {func(w *world, c *token.AccessClaims) { c.ExpiresAt = w.clock.Now().Add(time.Microsecond) }, true},
		"nbf ahead":              {func(w *world, c *token.AccessClaims) { c.NotBefore = w.clock.Now().Add(time.Second) }, false},
		"nbf now":                {func(w *world, c *token.AccessClaims) { c.NotBefore = w.clock.Now() }, true},
		"an unknown subject":     {func(_ *world, c *token.AccessClaims) { c.Subject = given.ID().String() }, false},
		"a subject of no form":   {func(_ *world, c *token.AccessClaims) { c.Subject = "ada" }, false},
		"an unknown client":      {func(_ *world, c *token.AccessClaims) { c.ClientID = "nobody" }, false},
		"a client for another":   {func(w *world, c *token.AccessClaims) { c.SessionID, c.Subject = "", w.own.ClientID() }, false},
		"a user with no session": {func(_ *world, c *token.AccessClaims) { c.SessionID = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			claims := good(w)
			c.change(w, &claims)
			key, err := w.ring.active()
			must(t, err)
			raw, err := w.codec.Sign(t.Context(), key, claims)
			must(t, err)
			_, err = w.valid.Authenticate(t.Context(), raw)
			if c.ok {
				must(t, err)
				return
			}
			wantCode(t, err, domain.CodeInvalidToken)
		})
	}
}

func TestAuthenticateRefusesGarbage(t *testing.T) {
	w := newWorld(t)
	for _, raw := range []string{"", "garbage", strings.Repeat("a", maxBearer+1), given.Opaque(token.RefreshPrefix).Reveal()} {
		_, err := w.valid.Authenticate(t.Context(), raw)
		wantCode(t, err, domain.CodeInvalidToken)
	}
	before := w.codec.verifications
	_, err := w.valid.Authenticate(t.Context(), strings.Repeat("a", maxBearer+1))
	wantCode(t, err, domain.CodeInvalidToken)
	if w.codec.verifications != before {
		t.Error("an oversized token was parsed")
	}
}

func TestAuthenticateLeeway(t *testing.T) {
	w := newWorld(t, func(p *Policy) { p.Leeway = 5 * time.Second })
	access, _, _ := w.login(t, client.FirstParty)
	w.clock.advance(15*time.Minute + 4*time.Second)
	w.alive(t)
	w.caller(t, access) // iat is cut to the second, so exp was a part of a second ago more
	w.clock.advance(time.Second)
	w.refused(t, access)
}

func TestAuthenticateRevoked(t *testing.T) {
	for name, signal := range map[string]func(w *world, c token.AccessClaims) token.Signal{
		"token": func(_ *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalTokenRevoked, ID: c.ID}
		},
		"session": func(_ *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalSessionEnded, ID: c.SessionID}
		},
		"user": func(w *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalUserRevoked, ID: c.Subject, Before: w.clock.Now()}
		},
		"client": func(w *world, c token.AccessClaims) token.Signal {
			return token.Signal{Kind: token.SignalClientRevoked, ID: c.ClientID, Before: w.clock.Now()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			access, _, _ := w.login(t, client.FirstParty)
			s := signal(w, w.caller(t, access).Claims)
			s.ExpiresAt = w.clock.Now().Add(time.Hour)
			w.feed.Apply(t.Context(), s)
			w.refused(t, access)
			w.clock.advance(time.Millisecond)
			later, _, _ := w.login(t, client.FirstParty)
			w.caller(t, later) // what is issued afterwards is untouched
		})
	}
}

func TestAuthenticateUnknownState(t *testing.T) {
	for _, open := range []bool{false, true} {
		w := newWorld(t, func(p *Policy) { p.FailOpen = open })
		access, _, session := w.login(t, client.FirstParty)
		w.clock.advance(silence)
		_, err := w.valid.Authenticate(t.Context(), access.Reveal())
		if open {
			must(t, err)
		} else if domain.AsError(err).Kind != domain.KindUnavailable {
			t.Fatalf("closed: got %v, want unavailable", err)
		}
		// What is known to be revoked stays refused in either mode.
		must(t, w.ends.end(t.Context(), session.ID(), token.EndedByLogout, domain.System))
		w.refused(t, access)
	}
}

func TestAuthenticateUntrustedKey(t *testing.T) {
	w := newWorld(t)
	access, _, _ := w.login(t, client.FirstParty)
	w.caller(t, access) // now its result is kept
	for i := range w.store.keys {
		k := &w.store.keys[i]
		if k.State == token.KeyActive {
			k.State, k.ExpiresAt = token.KeyRetired, w.clock.Now().Add(time.Minute)
		} else {
			k.State = token.KeyActive
		}
	}
	must(t, w.ring.Reload(t.Context()))
	w.caller(t, access) // retired, and trusted until its last token has expired
	w.clock.advance(time.Minute)
	w.alive(t)
	w.refused(t, access)
}

func TestAuthenticatePrincipalNow(t *testing.T) {
	changed := func(w *world, id string) {
		w.feed.Apply(t.Context(), token.Signal{Kind: token.SignalPrincipalChanged, ID: id})
	}
	t.Run("user disabled", func(t *testing.T) {
		w := newWorld(t)
		access, _, _ := w.login(t, client.FirstParty)
		w.caller(t, access)
		disabled := w.user
		disabled.Active = false
		w.people.setUser(disabled)
		changed(w, w.user.ID)
		w.refused(t, access)
	})
	t.Run("client disabled", func(t *testing.T) {
		w := newWorld(t)
		access, _, _ := w.login(t, w.own.ClientID())
		own := w.clientToken(t, w.own)
		w.caller(t, access)
		w.people.setClient(given.Client(func(s *client.Snapshot) { s.ClientID, s.IsActive = w.own.ClientID(), false }))
		changed(w, w.own.ClientID())
		w.refused(t, access)
		w.refused(t, own)
	})
	t.Run("scopes lost", func(t *testing.T) {
		w := newWorld(t)
		access, _, _ := w.login(t, client.FirstParty)
		w.caller(t, access)
		less := w.user
		less.Scopes = scope.NewSet(scope.ReadProfile, scope.AdminSystem)
		w.people.setUser(less)
		w.feed.Apply(t.Context(), token.Signal{Kind: token.SignalRolesChanged})
		if diff := cmp.Diff(scope.NewSet(scope.ReadProfile), w.caller(t, access).Scopes); diff != "" {
			t.Errorf("scopes (-want +got):\n%s", diff)
		}
	})
	t.Run("a user's token through a client is limited to the client's", func(t *testing.T) {
		w := newWorld(t)
		access, _, _ := w.login(t, w.own.ClientID())
		if got := w.caller(t, access).Scopes; len(got) != 0 {
			t.Errorf("got %v through a client without these scopes", got)
		}
	})
	t.Run("the store is away", func(t *testing.T) {
		w := newWorld(t)
		access, _, _ := w.login(t, client.FirstParty)
		w.people.fail = unavailable()
		_, err := w.valid.Authenticate(t.Context(), access.Reveal())
		wantCode(t, err, domain.CodeUnavailable)
	})
}
