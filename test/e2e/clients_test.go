package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestClientLifecycle(t *testing.T) {
	eachStoreCase(t, "CLI-17, CCG-08", settings{"ACCESS_TOKEN_TTL": "15m"}, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin := w.admin.Access
		all := []string{"client_credentials", "password", "refresh_token"}
		c := w.newClient(t, w.admin, []string{"read:profile", "read:roles"}, all)
		one := clientsPath + "/" + c.ID
		first := w.as(t, admin, "GET", one, "", 200)
		if first.member("client_secret") != nil || strings.Contains(string(first.body), "hash") {
			t.Errorf("it tells its secret: %s", first.body)
		}
		edit := call{method: "PATCH", path: one, bearer: admin, json: `{"name":"other","access_token_lifetime":90}`, header: http.Header{"If-Match": {first.header.Get("ETag")}}}
		w.want(t, 200, edit).has(t, "access_token_lifetime", 90)
		w.want(t, 412, edit)
		w.as(t, admin, "PATCH", one, `{"access_token_lifetime":59}`, 422)
		w.as(t, admin, "PATCH", one, `{"access_token_lifetime":null}`, 200).has(t, "access_token_lifetime", nil)

		// Secrets: both count during the overlap, and the old one ends with the next.
		ask := func(secret string, status int) {
			t.Helper()
			w.want(t, status, call{path: tokenPath, basic: client{c.ID, secret}, form: form("grant_type", "client_credentials")})
		}
		second := w.as(t, admin, "POST", one+"/secret", `{"grace":86400}`, 200).text("client_secret")
		ask(c.Secret, 200)
		ask(second, 200)
		third := w.as(t, admin, "POST", one+"/secret", "", 200).text("client_secret")
		ask(c.Secret, 401)
		ask(second, 401)
		ask(third, 200)
		w.as(t, admin, "POST", one+"/secret", `{"grace":1}`, 200)
		eventually(t, 10*time.Second, "without the old secret", func() bool {
			got, err := w.try(call{path: tokenPath, basic: client{c.ID, third}, form: form("grant_type", "client_credentials")})
			return err == nil && got.status == http.StatusUnauthorized
		})
		w.as(t, admin, "POST", one+"/secret", `{"grace":86401}`, 422)
		w.as(t, admin, "POST", one+"/secret", `{"grace":-1}`, 422)
		c.Secret = w.as(t, admin, "POST", one+"/secret", "{}", 200).text("client_secret")

		// A scope that is dropped is gone from tokens that are out.
		own := w.clientToken(t, c)
		w.as(t, own, "GET", rolesPath, "", 200)
		w.as(t, admin, "DELETE", one+"/scopes/read:roles", "", 204)
		w.as(t, own, "GET", rolesPath, "", 403)
		w.as(t, admin, "PUT", one+"/scopes/read:roles", "", 204)

		// Deactivated: nothing works, and what was out stays dead.
		own = w.clientToken(t, c)
		users := w.login(t, w.alice, c)
		w.as(t, users.Access, "GET", mePath, "", 200)
		for range 2 {
			w.as(t, admin, "POST", allClientsPath+"/"+c.ID+"/deactivate", "", 204)
		}
		ask(c.Secret, 401)
		w.as(t, own, "GET", rolesPath, "", 401)
		w.as(t, users.Access, "GET", mePath, "", 401)
		w.as(t, admin, "POST", allClientsPath+"/"+c.ID+"/activate", "", 204)
		w.as(t, own, "GET", rolesPath, "", 401)
		w.as(t, users.Access, "GET", mePath, "", 401)
		refresh := refreshGrant(users.Refresh)
		refresh.basic = c
		w.want(t, 400, refresh).has(t, "error", "invalid_grant")

		own, users = w.clientToken(t, c), w.login(t, w.alice, c)
		w.as(t, own, "GET", rolesPath, "", 200)
		w.as(t, admin, "DELETE", one, "", 204)
		ask(c.Secret, 401)
		w.as(t, own, "GET", rolesPath, "", 401)
		w.as(t, users.Access, "GET", mePath, "", 401)
		w.as(t, admin, "GET", one, "", 404)
		w.as(t, admin, "DELETE", one, "", 404)
	})
}

// TestLastUse has it noted while the server runs, and as it stops.
func TestLastUse(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		c, idle := w.newClient(t, w.admin, nil, nil), w.newClient(t, w.admin, nil, nil)
		lastUse := func(access, id string) any {
			items, _ := w.as(t, access, "GET", allClientsPath+"?limit=100", "", 200).member("items").([]any)
			for _, item := range items {
				if each, _ := item.(map[string]any); each["client_id"] == id {
					return each["last_used_at"]
				}
			}
			t.Fatalf("%s is not listed", id)
			return nil
		}
		w.clientToken(t, c)
		w.Restart(t)
		admin := w.login(t, w.Admin).Access
		if lastUse(admin, c.ID) == nil || lastUse(admin, idle.ID) != nil {
			t.Errorf("last use %v, of one that never was %v", lastUse(admin, c.ID), lastUse(admin, idle.ID))
		}
		w.clientToken(t, idle)
		eventually(t, 20*time.Second, "noted", func() bool { return lastUse(admin, idle.ID) != nil })
	})
}
