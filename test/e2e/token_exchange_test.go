package e2e

import (
	"net/http"
	"testing"
)

const (
	exchangeGrant   = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
)

func exchanging(by client, subject string, more ...string) call {
	return call{path: tokenPath, basic: by, form: form(append([]string{"grant_type", exchangeGrant, "subject_token", subject, "subject_token_type", accessTokenType}, more...)...)}
}

func TestTokenExchange(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		admin, alice := s.login(t, s.Admin), s.register(t)
		all := []string{"password", "refresh_token", "client_credentials", exchangeGrant}
		if got := s.send(t, call{path: "/api/v1/admin/scopes", bearer: admin.Access, json: text(map[string]string{"name": "impersonate:users"})}); got.status != http.StatusCreated && got.status != http.StatusConflict {
			t.Fatalf("the scope: %d %s", got.status, got.body)
		}
		app, other := s.newClient(t, admin, []string{"read:profile", "write:profile"}, all), s.newClient(t, admin, []string{"read:profile"}, all)
		support := s.newClient(t, admin, []string{"read:profile", "impersonate:users"}, all)
		guard := s.newClient(t, admin, []string{"introspect:tokens"}, nil)
		session := s.login(t, alice, app)

		refused := func(name, code string, request call) {
			t.Helper()
			if got := s.send(t, request); got.status != http.StatusBadRequest || got.text("error") != code {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		refused("another client's token", "invalid_request", exchanging(other, session.Access))
		refused("a superuser's token", "invalid_request", exchanging(support, admin.Access))
		refused("no token", "invalid_request", exchanging(app, "x"))
		refused("a refresh token", "invalid_request", exchanging(app, session.Refresh))
		refused("more scope than the client's", "invalid_scope", exchanging(app, session.Access, "scope", "read:users"))
		refused("another audience", "invalid_target", exchanging(app, session.Access, "audience", "https://elsewhere.example"))
		refused("another's actor token", "invalid_request", exchanging(app, session.Access, "actor_token_type", accessTokenType,
			"actor_token", s.want(t, http.StatusOK, call{path: tokenPath, basic: other, form: form("grant_type", "client_credentials")}).text("access_token")))
		refused("a client that is not registered for it", "unauthorized_client", exchanging(s.newClient(t, admin, nil, nil), session.Access))
		// Whoever lacks the permission can't give it to a client.
		if got := s.send(t, call{path: clientsPath, bearer: session.Access, json: text(map[string]any{"name": "n", "scopes": []string{"impersonate:users"}})}); got.status != http.StatusForbidden {
			t.Errorf("a client made by a user: %d", got.status)
		}

		impersonated := s.want(t, http.StatusOK, exchanging(support, session.Access))
		narrowed := s.want(t, http.StatusOK, exchanging(app, session.Access, "scope", "read:profile"))
		if impersonated.text("refresh_token") != "" || impersonated.text("issued_token_type") != accessTokenType || impersonated.text("scope") != "read:profile" {
			t.Errorf("%s", impersonated.body)
		}
		for _, derived := range []answer{impersonated, narrowed} {
			if got := s.want(t, http.StatusOK, me(derived.text("access_token"))); got.text("username") != alice.Username {
				t.Errorf("%s", got.body)
			}
		}
		if got := s.send(t, call{path: logoutPath, bearer: narrowed.text("access_token"), json: `{"all":true}`}); got.status != http.StatusForbidden {
			t.Errorf("a narrowed token logs everybody out: %d %s", got.status, got.body)
		}
		lent := s.newClient(t, admin, []string{"read:profile", "impersonate:users"}, all)
		rests := s.want(t, http.StatusOK, exchanging(lent, session.Access)).text("access_token")
		s.want(t, http.StatusOK, me(rests))
		s.want(t, http.StatusNoContent, call{method: http.MethodDelete, path: clientsPath + "/" + lent.ID + "/scopes/impersonate:users", bearer: admin.Access})
		if got := s.send(t, me(rests)); got.status != http.StatusUnauthorized {
			t.Errorf("a token outlives the permission that it rests on: %d", got.status)
		}
		again := s.want(t, http.StatusOK, exchanging(app, narrowed.text("access_token")))
		refused("what was narrowed away", "invalid_scope", exchanging(app, narrowed.text("access_token"), "scope", "write:profile"))

		// The source ends, and with it what was made from it.
		s.want(t, http.StatusOK, call{path: revokePath, basic: app, form: form("token", session.Access)})
		for i, derived := range []answer{impersonated, narrowed, again} {
			if got := s.send(t, me(derived.text("access_token"))); got.status != http.StatusUnauthorized {
				t.Errorf("token %d outlives its source: %d", i, got.status)
			}
			if got := s.introspected(t, guard, derived.text("access_token")); got.text("sub") != "" {
				t.Errorf("token %d outlives its source: %s", i, got.body)
			}
		}
		refused("an ended token", "invalid_request", exchanging(app, session.Access))
	})
}

// TestTokenExchangeWithStockClients has clients that others wrote exchange tokens.
func TestTokenExchangeWithStockClients(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		alice := s.register(t)
		app := s.newClient(t, s.login(t, s.Admin), []string{"read:profile"}, []string{"password", "client_credentials", exchangeGrant})
		s.node(t, "token_exchange.mjs", map[string]string{
			"CLIENT_ID": app.ID, "CLIENT_SECRET": app.Secret, "ACCOUNT": alice.Username, "PASSWORD": alice.Password,
		})
	})
}
