package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	devicesPath = mePath + "/devices/"
)

func TestDeviceAuthorization(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		admin := s.login(t, s.Admin)
		person := s.register(t)
		alice := s.login(t, person)
		all := []string{deviceGrant, "refresh_token"}
		tv, radio := s.newClient(t, admin, []string{"read:profile", "read:users"}, all), s.newClient(t, admin, nil, all)
		ask := func(more ...string) answer {
			return s.want(t, http.StatusOK, call{path: "/api/v1/auth/device_authorization", basic: tv, form: form(more...)})
		}
		poll := func(by client, code string) answer {
			return s.send(t, call{path: tokenPath, basic: by, form: form("grant_type", deviceGrant, "device_code", code)})
		}
		refused := func(name, code string, got answer) {
			t.Helper()
			if got.status != http.StatusBadRequest || got.text("error") != code {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		approval := func(bearer, code, password string) answer {
			return s.send(t, call{path: devicesPath + code + "/approve", bearer: bearer, json: text(map[string]string{"current_password": password})})
		}
		decide := func(bearer, code, verdict string) int {
			if verdict == "deny" {
				return s.send(t, call{path: devicesPath + code + "/deny", bearer: bearer}).status
			}
			return approval(bearer, code, person.Password).status
		}

		codes := ask("scope", "read:profile")
		code, user := codes.text("device_code"), codes.text("user_code")
		if codes.text("verification_uri") != s.Issuer+"/device" || len(user) != 9 {
			t.Errorf("%s", codes.body)
		}
		shown := s.want(t, http.StatusOK, call{method: http.MethodGet, path: devicesPath + strings.ToLower(user), bearer: alice.Access})
		if shown.text("client_id") != tv.ID || shown.text("client_name") == "" {
			t.Errorf("%s", shown.body)
		}
		refused("pending", "authorization_pending", poll(tv, code))
		refused("at once again", "slow_down", poll(tv, code))
		refused("another client", "invalid_grant", poll(radio, code))
		refused("a guess", "invalid_grant", poll(tv, "guess"))
		refused("more scope than the client's", "invalid_scope", s.send(t, call{path: "/api/v1/auth/device_authorization", basic: tv, form: form("scope", "write:users")}))
		refused("the built-in client", "unauthorized_client", s.send(t, call{path: "/api/v1/auth/device_authorization", form: form("client_id", "keystone")}))
		if got := decide(alice.Access, "BBBB-BBBB", "approve"); got != http.StatusNotFound {
			t.Errorf("a guessed user code: %d", got)
		}
		// A bearer token alone lets nothing in, nor does that of a login elsewhere.
		if got := approval(alice.Access, user, ""); got.status != 422 {
			t.Errorf("without the password: %d %s", got.status, got.body)
		}
		got := approval(alice.Access, user, newPassword())
		if got.status != http.StatusForbidden {
			t.Errorf("a wrong password: %d %s", got.status, got.body)
		}
		got.has(t, "code", "wrong_password")
		elsewhere := s.login(t, person, s.newClient(t, admin, []string{"read:profile"}, []string{"password", "refresh_token"}))
		if got := decide(elsewhere.Access, user, "approve"); got != http.StatusForbidden {
			t.Errorf("a login through an application: %d", got)
		}
		// Of 20 decisions one counts, and of 20 polls one is answered.
		race := func(won int, try func() int) {
			t.Helper()
			statuses := make([]int, 20)
			var all sync.WaitGroup
			for i := range statuses {
				all.Go(func() { statuses[i] = try() })
			}
			all.Wait()
			winners := 0
			for _, status := range statuses {
				if status == won {
					winners++
				} else if status >= 500 {
					t.Errorf("status %d", status)
				}
			}
			if winners != 1 {
				t.Errorf("%d winners, want 1: %v", winners, statuses)
			}
		}
		race(http.StatusNoContent, func() int { return decide(alice.Access, user, "approve") })
		race(http.StatusOK, func() int { return poll(tv, code).status })
		for _, verdict := range []string{"approve", "deny"} {
			if got := decide(alice.Access, user, verdict); got != http.StatusNotFound {
				t.Errorf("%s afterwards: %d", verdict, got)
			}
		}
		// What is let in is a session of the user's like any other.
		second := ask("scope", "read:profile")
		if got := decide(alice.Access, second.text("user_code"), "approve"); got != http.StatusNoContent {
			t.Fatalf("approve: %d", got)
		}
		device := poll(tv, second.text("device_code"))
		s.want(t, http.StatusOK, me(device.text("access_token")))
		s.want(t, http.StatusNoContent, call{path: "/api/v1/auth/logout", bearer: alice.Access, json: `{"all":true}`})
		if got := s.send(t, me(device.text("access_token"))); got.status != http.StatusUnauthorized {
			t.Errorf("it outlives the logout: %d", got.status)
		}
		alice = s.login(t, person)
		denied := ask("scope", "read:profile")
		if got := decide(alice.Access, denied.text("user_code"), "deny"); got != http.StatusNoContent {
			t.Errorf("deny: %d", got)
		}
		refused("denied", "access_denied", poll(tv, denied.text("device_code")))
		// What was let in and did not fetch its tokens yet falls with the login it was done from.
		third := ask("scope", "read:profile")
		if got := decide(alice.Access, third.text("user_code"), "approve"); got != http.StatusNoContent {
			t.Fatalf("approve: %d", got)
		}
		s.want(t, http.StatusNoContent, call{path: "/api/v1/auth/logout", bearer: alice.Access, json: `{"all":true}`})
		refused("after the logout", "invalid_grant", poll(tv, third.text("device_code")))
		if got := s.want(t, http.StatusOK, call{method: http.MethodGet, path: "/device?user_code=%3Cb%3E"}); strings.Contains(string(got.body), "<b>") {
			t.Errorf("the page repeats what it is given: %s", got.body)
		}
	})
}

// TestDeviceWithStockClients has clients that others wrote log a device in.
func TestDeviceWithStockClients(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		person := s.register(t)
		s.node(t, "device.mjs", map[string]string{
			"ADMIN_TOKEN": s.login(t, s.Admin).Access, "USER_TOKEN": s.login(t, person).Access, "USER_PASSWORD": person.Password,
		})
	})
}
