package e2e

import (
	"net/http"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

func TestJWTBearer(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		admin, alice := s.login(t, s.Admin), s.register(t)
		session := s.login(t, alice)
		if got := s.send(t, call{path: "/api/v1/admin/scopes", bearer: admin.Access, json: text(map[string]string{"name": "impersonate:users"})}); got.status != http.StatusCreated && got.status != http.StatusConflict {
			t.Fatalf("the scope: %d %s", got.status, got.body)
		}
		plain := s.newKeyClient(t, admin, []string{"read:profile"}, []string{bearerGrant})
		support := s.newKeyClient(t, admin, []string{"read:profile", "impersonate:users"}, []string{bearerGrant, "refresh_token"})
		ask := func(by keyClient, signer keyClient, change jwt.MapClaims) call {
			claims := by.claims(s)
			for name, value := range change {
				claims[name] = value
			}
			return call{path: tokenPath, form: form("grant_type", bearerGrant, "client_assertion_type", assertionType, "client_assertion", by.sign(t, by.claims(s)),
				"assertion", signer.sign(t, claims))}
		}
		forUser := jwt.MapClaims{"sub": session.UserID}
		if got := s.want(t, http.StatusOK, ask(plain, plain, nil)); got.text("user_id") != "" {
			t.Errorf("%s", got.body)
		}
		for name, request := range map[string]call{
			"a user, without the permission":  ask(plain, plain, forUser),
			"signed by another":               ask(support, plain, nil),
			"issued by another":               ask(support, support, jwt.MapClaims{"iss": plain.ID}),
			"for the token endpoint":          ask(support, support, jwt.MapClaims{"aud": s.Issuer + tokenPath}),
			"expired":                         ask(support, support, jwt.MapClaims{"exp": 1}),
			"a username":                      ask(support, support, jwt.MapClaims{"sub": alice.Username}),
			"another client":                  ask(support, support, jwt.MapClaims{"sub": plain.ID}),
			"what proves a client":            {path: tokenPath, form: form("grant_type", bearerGrant, "client_assertion_type", assertionType, "client_assertion", support.sign(t, support.claims(s)), "assertion", support.signAs(t, clientAuthenticationType, support.claims(s)))},
			"an access token as an assertion": {path: tokenPath, form: form("grant_type", bearerGrant, "client_assertion_type", assertionType, "client_assertion", support.sign(t, support.claims(s)), "assertion", session.Access)},
		} {
			if got := s.send(t, request); got.status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		// To act for someone is to change their account: nobody does it to who holds more.
		keeper := s.newKeyClient(t, admin, []string{"admin:users", "write:users", "read:profile", "write:profile"}, []string{bearerGrant})
		if got := s.send(t, ask(keeper, keeper, jwt.MapClaims{"sub": admin.UserID})); got.status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
			t.Errorf("a superuser, by a client that keeps users: %d %s", got.status, got.body)
		}
		s.want(t, http.StatusOK, ask(keeper, keeper, forUser))
		acted := s.want(t, http.StatusOK, ask(support, support, forUser))
		if acted.text("refresh_token") != "" || acted.text("scope") != "read:profile" {
			t.Errorf("%s", acted.body)
		}
		s.want(t, http.StatusOK, me(acted.text("access_token")))
		for _, request := range []call{
			{path: logoutPath, json: `{"all":true}`}, {path: logoutPath}, {method: http.MethodGet, path: mePath + "/sessions"}, {method: http.MethodDelete, path: mePath + "/sessions"},
			{method: http.MethodDelete, path: mePath, json: text(map[string]string{"current_password": alice.Password})},
		} {
			request.bearer = acted.text("access_token")
			if got := s.send(t, request); got.status != http.StatusForbidden || got.text("code") != "forbidden" {
				t.Errorf("%s %s by who acts: %d %s", request.method, request.path, got.status, got.body)
			}
		}
		// What rests on a permission ends with it.
		lent := s.newKeyClient(t, admin, []string{"read:profile", "impersonate:users"}, []string{bearerGrant})
		rests := s.want(t, http.StatusOK, ask(lent, lent, forUser)).text("access_token")
		s.want(t, http.StatusOK, me(rests))
		s.want(t, http.StatusNoContent, call{method: http.MethodDelete, path: clientsPath + "/" + lent.ID + "/scopes/impersonate:users", bearer: admin.Access})
		if got := s.send(t, me(rests)); got.status != http.StatusUnauthorized {
			t.Errorf("a token outlives the permission that it rests on: %d", got.status)
		}
		s.want(t, http.StatusNoContent, call{path: "/api/v1/auth/logout", bearer: session.Access, json: `{"all":true}`})
		if got := s.send(t, me(acted.text("access_token"))); got.status != http.StatusUnauthorized {
			t.Errorf("it outlives the user's logout: %d", got.status)
		}
		// Of 20 requests with one assertion one is answered.
		assertion := support.sign(t, support.claims(s))
		statuses := make([]int, 20)
		var race sync.WaitGroup
		for i := range statuses {
			request := call{path: tokenPath, form: form("grant_type", bearerGrant, "client_assertion_type", assertionType, "client_assertion", support.sign(t, support.claims(s)), "assertion", assertion)}
			race.Go(func() { statuses[i] = s.send(t, request).status })
		}
		race.Wait()
		won := 0
		for _, status := range statuses {
			if status == http.StatusOK {
				won++
			} else if status != http.StatusBadRequest {
				t.Errorf("status %d", status)
			}
		}
		if won != 1 {
			t.Errorf("%d winners, want 1", won)
		}
	})
}

// TestJWTBearerWithAStockClient has a client that others wrote act for a user.
func TestJWTBearerWithAStockClient(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		admin, alice := s.login(t, s.Admin), s.login(t, s.register(t))
		if got := s.send(t, call{path: "/api/v1/admin/scopes", bearer: admin.Access, json: text(map[string]string{"name": "impersonate:users"})}); got.status != http.StatusCreated && got.status != http.StatusConflict {
			t.Fatalf("the scope: %d %s", got.status, got.body)
		}
		s.node(t, "jwt_bearer.mjs", map[string]string{"ADMIN_TOKEN": admin.Access, "USER_ID": alice.UserID})
	})
}
