package tokens

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// presented gives one token of each kind: an access and a refresh token of the
// user through the client, and the client's own.
func (w *world) presented(t *testing.T, c *client.ServiceClient) map[string]domain.Secret {
	t.Helper()
	access, refresh, _ := w.login(t, c.ClientID())
	tokens := map[string]domain.Secret{"access": access, "refresh": refresh}
	if !c.IsPublic() {
		tokens["client's"] = w.clientToken(t, c)
	}
	return tokens
}

func TestIntrospectVisibility(t *testing.T) {
	w := newWorld(t)
	other := given.Client()
	w.people.setClient(other)
	for owner, c := range map[string]*client.ServiceClient{"own": w.own, "another's": other, "first-party": w.firstParty} {
		for kind, raw := range w.presented(t, c) {
			for asking, visible := range map[*client.ServiceClient]bool{w.own: c == w.own, w.seer: true} {
				asClient, err := w.intro.IntrospectAsClient(t.Context(), credentials(asking), raw)
				must(t, err)
				asBearer, err := w.intro.IntrospectAsBearer(t.Context(), w.caller(t, w.clientToken(t, asking)), raw)
				must(t, err)
				if diff := cmp.Diff(asClient, asBearer); diff != "" {
					t.Errorf("%s %s token: client and bearer differ:\n%s", owner, kind, diff)
				}
				if asClient.Active != visible {
					t.Errorf("%s %s token, asked by %v: active %v, want %v", owner, kind, asking.Scopes(), asClient.Active, visible)
				}
				if !visible && !cmp.Equal(asClient, inbound.Introspection{}) {
					t.Errorf("%s %s token: an inactive answer tells %+v", owner, kind, asClient)
				}
				if visible && (asClient.IsRefresh != (kind == "refresh") || asClient.Claims.ClientID != c.ClientID()) {
					t.Errorf("%s %s token: %+v", owner, kind, asClient)
				}
			}
		}
	}
}

func TestIntrospectNeedsAProvenClient(t *testing.T) {
	w := newWorld(t)
	access, _, _ := w.login(t, client.FirstParty)
	for name, c := range map[string]inbound.ClientCredentials{
		"nobody":       {},
		"first-party":  {Method: inbound.AuthNone, ID: client.FirstParty},
		"no secret":    {Method: inbound.AuthNone, ID: w.own.ClientID()},
		"wrong secret": {Method: inbound.AuthPost, ID: w.own.ClientID(), Secret: domain.NewSecret("wrong")},
	} {
		_, err := w.intro.IntrospectAsClient(t.Context(), c, access)
		if !domain.HasCode(err, domain.CodeInvalidClient) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestIntrospectAsUser(t *testing.T) {
	w := newWorld(t)
	access, refresh, _ := w.login(t, client.FirstParty)
	_, err := w.intro.IntrospectAsBearer(t.Context(), w.caller(t, access), access)
	wantCode(t, err, domain.CodeInsufficientScope)
	if missing := domain.AsError(err).Scope; missing != string(scope.IntrospectTokens) {
		t.Errorf("names %q as missing", missing)
	}
	w.user.Scopes = scope.NewSet(scope.IntrospectTokens)
	w.people.setUser(w.user)
	w.feed.Apply(t.Context(), token.Signal{Kind: token.SignalPrincipalChanged, ID: w.user.ID})
	seer, _, _ := w.login(t, client.FirstParty)
	for _, raw := range []domain.Secret{access, refresh, w.clientToken(t, w.own)} {
		answer, err := w.intro.IntrospectAsBearer(t.Context(), w.caller(t, seer), raw)
		must(t, err)
		if !answer.Active {
			t.Error("inactive to a user who may see every token")
		}
	}
}

func TestIntrospectClaims(t *testing.T) {
	w := newWorld(t)
	access, refresh, session := w.login(t, client.FirstParty)
	less := w.user
	less.Scopes = scope.NewSet(scope.ReadProfile)
	w.people.setUser(less)
	answer, err := w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), access)
	must(t, err)
	if diff := cmp.Diff(less.Scopes, answer.Claims.Scope); diff != "" {
		t.Errorf("tells scopes that are lost (-want +got):\n%s", diff)
	}
	answer, err = w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), refresh)
	must(t, err)
	link := w.store.refresh[token.DigestOf(refresh)]
	want := inbound.Introspection{Active: true, IsRefresh: true, Claims: token.AccessClaims{
		Issuer: issuer, Subject: w.user.ID, Audience: []string{issuer, "https://api.example.test"}, ClientID: client.FirstParty,
		IssuedAt: w.clock.Now().Truncate(time.Second), ExpiresAt: link.ExpiresAt.Truncate(time.Second), ID: link.ID.String(),
		Scope: less.Scopes, Username: "ada", Roles: []string{"user"}, SessionID: session.ID().String(),
	}}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Errorf("refresh token (-want +got):\n%s", diff)
	}
}

func TestIntrospectInactive(t *testing.T) {
	for name, change := range map[string]func(w *world, digest token.Digest, session *token.Session){
		"used": func(w *world, d token.Digest, _ *token.Session) {
			s := w.store.refresh[d]
			s.IsUsed = true
			w.store.refresh[d] = s
		},
		"revoked": func(w *world, d token.Digest, _ *token.Session) {
			s := w.store.refresh[d]
			s.IsRevoked = true
			w.store.refresh[d] = s
		},
		"expired": func(w *world, _ token.Digest, _ *token.Session) { w.clock.advance(721 * time.Hour) },
		"unknown": func(w *world, d token.Digest, _ *token.Session) { delete(w.store.refresh, d) },
		"session ended": func(w *world, _ token.Digest, s *token.Session) {
			must(t, w.ends.end(t.Context(), s.ID(), token.EndedByLogout, domain.System))
		},
		"user disabled": func(w *world, _ token.Digest, _ *token.Session) { w.user.Active = false; w.people.setUser(w.user) },
		"user deleted":  func(w *world, _ token.Digest, _ *token.Session) { delete(w.people.users, w.user.ID) },
		"client disabled": func(w *world, _ token.Digest, _ *token.Session) {
			w.people.setClient(given.Client(func(s *client.Snapshot) { s.ClientID, s.IsActive = w.own.ClientID(), false }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, refresh, session := w.login(t, w.own.ClientID())
			change(w, token.DigestOf(refresh), session)
			w.alive(t)
			answer, err := w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), refresh)
			must(t, err)
			if !cmp.Equal(answer, inbound.Introspection{}) {
				t.Errorf("got %+v", answer)
			}
		})
	}
}

// Unknown is not inactive: a resource server would cache the answer.
func TestIntrospectUnknownIsNoAnswer(t *testing.T) {
	w := newWorld(t)
	access, refresh, _ := w.login(t, client.FirstParty)
	w.store.failWork = unavailable()
	_, err := w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), refresh)
	wantCode(t, err, domain.CodeUnavailable)
	w.clock.advance(silence)
	_, err = w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), access)
	wantCode(t, err, domain.CodeUnavailable)
	answer, err := w.intro.IntrospectAsClient(t.Context(), credentials(w.seer), domain.NewSecret("garbage"))
	must(t, err)
	if answer.Active {
		t.Error("garbage is active")
	}
}
