package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// operation is one line of the OpenAPI document.
type operation struct{ method, path string }

// operations gives what the server says it does.
func (s *Server) operations(t *testing.T) []operation {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(s.get(t, "/openapi.json").body, &document); err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, methods := range document.Paths {
		for method := range methods {
			all = append(all, operation{strings.ToUpper(method), path})
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d operations", len(all))
	}
	return all
}

// at fills a path's parameters with what exists.
func (o operation) at(user, client string) string {
	id := user
	if strings.HasPrefix(o.path, clientsPath) || strings.HasPrefix(o.path, allClientsPath) {
		id = client
	}
	return strings.NewReplacer("{id}", id, "{role}", "admin", "{name}", "admin", "{scope}", "read:users").Replace(o.path)
}

func (o operation) changes() bool { return o.method != http.MethodGet }

// privileged tells the operations that nobody may without a scope of administration.
func (o operation) privileged() bool {
	return strings.HasPrefix(o.path, "/api/v1/admin/") || strings.HasPrefix(o.path, clientsPath)
}

// TestAdministrationNeedsItsScope has an ordinary user and a client without a
// scope ask for everything, and finds the database as it was.
func TestAdministrationNeedsItsScope(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		bob := w.login(t, w.register(t)).UserID
		weak := w.clientToken(t, w.other)
		all := s.operations(t)
		before := s.records(t)
		asked := 0
		for _, o := range all {
			if !o.privileged() {
				continue
			}
			asked++
			for who, access := range map[string]string{"a user": w.session.Access, "a client": weak} {
				t.Run(fmt.Sprintf("ADM-02 %s %s by %s", o.method, o.path, who), func(t *testing.T) {
					c := call{method: o.method, path: o.at(bob, w.app.ID), bearer: access}
					if o.changes() {
						c.json = `{}`
					}
					got := s.send(t, c)
					holds(t, contractCase{status: http.StatusForbidden, code: "insufficient_scope", says: []string{`error="insufficient_scope"`, `scope="`}}, got)
					wellFormed(t, c, got)
				})
			}
		}
		if asked < 30 {
			t.Errorf("only %d operations of administration", asked)
		}
		if after := s.records(t); after != before {
			t.Errorf("ADM-02: something was changed:\n%s\n%s", before, after)
		}
	})
}

// records is what administration keeps, row by row.
func (s *Server) records(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, query := range []string{
		"SELECT id || username || email || password_hash || is_active || is_verified || is_superuser || coalesce(display_name, '') FROM users ORDER BY id",
		"SELECT name || coalesce(description, '') FROM roles ORDER BY name", "SELECT name || coalesce(description, '') FROM scopes ORDER BY name",
		"SELECT count(*) || '' FROM role_scopes", "SELECT count(*) || '' FROM user_roles", "SELECT count(*) || '' FROM service_client_scopes",
		"SELECT client_id || client_secret_hash || name || is_active FROM service_clients WHERE client_secret_hash IS NOT NULL ORDER BY client_id",
		"SELECT id || state FROM signing_keys ORDER BY id", "SELECT count(*) || '' FROM settings", "SELECT count(*) || '' FROM sessions",
	} {
		all.WriteString(strings.Join(s.column(t, query), "\n") + "\n")
	}
	return all.String()
}

// hiding are names of members that no answer may have.
var hiding = regexp.MustCompile(`"(password|[a-z_]*_hash|[a-z_]*hash_[a-z_]*|client_secret|secret|sealed|private|[a-z_]*_token|mfa[a-z_]*)"\s*:`)

// TestAnswersHoldNoSecrets walks all that administration can read.
func TestAnswersHoldNoSecrets(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		s.want(t, http.StatusAccepted, post(resetPath+"/request", map[string]string{"email": w.alice.Email}))
		s.mail(t, "password_reset", w.alice.Email)
		walked := 0
		for _, o := range s.operations(t) {
			if o.changes() || !strings.HasPrefix(o.path, "/api/v1/") || strings.HasSuffix(o.path, "/{user_code}") {
				continue // a code that waits is of a flow, and looked at there
			}
			walked++
			t.Run("ADM-22 "+o.path, func(t *testing.T) {
				path := o.at(w.session.UserID, w.app.ID)
				if strings.HasPrefix(path, scopesPath+"/") {
					path = scopesPath + "/read:users"
				}
				got := s.want(t, http.StatusOK, call{method: "GET", path: path, bearer: w.admin.Access})
				if found := hiding.FindString(string(got.body)); found != "" && !strings.HasSuffix(path, "/settings") {
					t.Errorf("a member %s: %s", found, got.body)
				}
				if found := s.secrets.find(string(got.body)); len(found) > 0 {
					t.Errorf("it tells %q", found)
				}
				if got.header.Get("Cache-Control") != "no-store" {
					t.Errorf("BRR-08: Cache-Control %q", got.header.Get("Cache-Control"))
				}
			})
		}
		if walked < 15 {
			t.Errorf("only %d", walked)
		}
	})
}

// TestRightsAreWhole: what can't be done in whole is not done in part, and what
// is refused leaves no trace.
func TestRightsAreWhole(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin, one := w.admin.Access, clientsPath+"/"+w.app.ID
		held := text([]string{"read:profile", "read:roles"})
		scopes := func(t *testing.T) string {
			t.Helper()
			return text(w.as(t, admin, "GET", one, "", 200).member("scopes"))
		}
		t.Run("ADM-16 one of two is unknown", func(t *testing.T) {
			w.as(t, admin, "PATCH", one, `{"scopes":["read:users","read:nothing"]}`, 422)
			if got := scopes(t); got != held {
				t.Errorf("holds %s", got)
			}
		})
		t.Run("ADM-16 twice the same", func(t *testing.T) {
			got := w.send(t, call{method: "PATCH", path: one, bearer: admin, json: `{"scopes":["read:profile","read:roles","read:profile"]}`})
			if held != scopes(t) || got.status != 200 && got.status != 422 {
				t.Errorf("%d, holds %s", got.status, scopes(t))
			}
		})
		t.Run("ADM-16 none", func(t *testing.T) {
			w.as(t, admin, "PATCH", one, `{"scopes":[]}`, 200)
			if got := scopes(t); got != "[]" {
				t.Errorf("holds %s", got)
			}
		})
		for _, field := range []string{"webhook_url", "jwks_uri", "logo_uri", "backchannel_logout_uri", "redirect_uris"} {
			for _, target := range []string{"http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::ffff:127.0.0.1]/", "file:///etc/passwd", "http://localhost/"} {
				t.Run("ADM-28 "+field+" "+target, func(t *testing.T) {
					w.as(t, admin, "POST", clientsPath, text(members{"name": "x", field: target}), 422)
					w.as(t, admin, "PATCH", clientsPath+"/"+w.other.ID, text(members{field: target}), 422)
				})
			}
		}
		for _, hostile := range []string{"%0d%0aSet-Cookie:a=b", `%22%2C%20realm=%22x`, "%00", strings.Repeat("a", 2000), "..%2f..%2f"} {
			for kind, c := range map[string]call{
				"refused": {method: "GET", path: adminUsersPath + "/" + hostile, bearer: w.session.Access},
				"nobody":  {method: "GET", path: adminUsersPath + "/" + hostile},
				"query":   {method: "GET", path: adminUsersPath + "?q=" + hostile + "&scope=" + hostile},
			} {
				t.Run("BRR-07 "+kind+" "+hostile[:min(len(hostile), 30)], func(t *testing.T) {
					got := w.send(t, c)
					wellFormed(t, c, got)
					if got.header.Get("Set-Cookie") != "" || got.status < 400 || got.status >= 500 {
						t.Errorf("%d %v", got.status, got.header)
					}
				})
			}
		}
		for _, query := range []string{"sort=password_hash", "fields=*,password_hash", "order=id;drop table users", "sort=(select 1)", "expand=password_hash"} {
			t.Run("ADM-21 "+query, func(t *testing.T) {
				got := w.as(t, admin, "GET", adminUsersPath+"?limit=5&"+strings.NewReplacer(" ", "%20", ";", "%3B").Replace(query), "", 422)
				name, _, _ := strings.Cut(query, "=")
				if want := `{"field":"` + name + `","code":"unknown"`; !strings.Contains(string(got.body), want) {
					t.Errorf("%s", got.body)
				}
			})
		}
		t.Run("BRR-07 scope asked for", func(t *testing.T) {
			c := call{path: tokenPath, basic: w.other, form: form("grant_type", "client_credentials", "scope", "a\"b\r\nX: y")}
			got := w.want(t, badRequest, c)
			wellFormed(t, c, got)
		})
		t.Run("RTK-07 roles lost and gained", func(t *testing.T) {
			lost, gained := "lost-"+random(), "gained-"+random()
			for role, scope := range map[string]string{lost: "read:roles", gained: "read:scopes"} {
				w.as(t, admin, "POST", rolesPath, text(members{"name": role}), 201)
				w.as(t, admin, "PUT", rolesPath+"/"+role+"/scopes/"+scope, "", 204)
			}
			user := adminUsersPath + "/" + w.session.UserID + "/roles/"
			w.as(t, admin, "PUT", user+lost, "", 204)
			g := w.login(t, w.alice)
			if !slices.Contains(strings.Fields(g.Scope), "read:roles") {
				t.Fatalf("scope %q", g.Scope)
			}
			w.as(t, admin, "DELETE", user+lost, "", 204)
			w.as(t, admin, "PUT", user+gained, "", 204)
			next := w.refresh(t, g.Refresh)
			if has := strings.Fields(next.Scope); slices.Contains(has, "read:roles") || slices.Contains(has, "read:scopes") || claims(t, next.Access, 1)["scope"] != next.Scope {
				t.Errorf("scope %q", next.Scope)
			}
			w.as(t, next.Access, "GET", rolesPath, "", 403)
		})
	})
}
