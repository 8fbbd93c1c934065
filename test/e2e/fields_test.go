package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// fields gives the field and the code of each error of a problem, in their order.
func (a answer) fields() string {
	var told []string
	items, _ := a.member("errors").([]any)
	for _, item := range items {
		field, _ := item.(map[string]any)
		name, _ := field["field"].(string)
		code, _ := field["code"].(string)
		told = append(told, name+" "+code)
	}
	return strings.Join(told, ", ")
}

// TestFieldsAreToldTogether: a 422 names all that is wrong with a body, and goes
// before what is stored is looked at (contract, section 2).
func TestFieldsAreToldTogether(t *testing.T) {
	eachStoreCase(t, "INP-03, ADM-21, ADM-24", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		_, bob := w.made(t, w.admin.Access)
		const nobody = adminUsersPath + "/01890000-0000-7000-8000-000000000000"
		long := strings.Repeat("x", 100_000)
		settingsBefore := string(w.as(t, w.admin.Access, "GET", settingsPath, "", 200).body)
		for name, c := range map[string]struct{ method, path, body, fields string }{
			"every misfit":           {"POST", registerPath, `{"z":1,"username":2,"email":"e\u0000","password":"p","bio":"\udc00"}`, "z unknown, username type, email encoding, bio encoding"},
			"unknown settings":       {"PATCH", settingsPath, `{"lockout_attempts":"many","access_token_ttl":"5m","master_key":"x","` + long[:100] + `":1}`, "master_key unknown, " + long[:64] + " unknown, lockout_attempts invalid"},
			"a weak password":        {"PATCH", bob, `{"password":"passwordpassword","email":"nobody","username":"x"}`, "username format, email format, password common"},
			"a short password":       {"PATCH", bob, `{"password":"short","email":"nobody"}`, "email format, password too_short"},
			"nobody":                 {"PATCH", nobody, `{"email":"nobody"}`, "email format"},
			"nobody, weak":           {"PATCH", nobody, `{"password":"passwordpassword","email":"nobody"}`, "email format"},
			"nobody's password":      {"POST", nobody + "/password", `{"password":"short"}`, "password too_short"},
			"an unknown scope":       {"POST", clientsPath, `{"name":"","scopes":["read:nothing"],"access_token_lifetime":1}`, "name required, access_token_lifetime range, scopes unknown"},
			"no scope, and keys":     {"POST", clientsPath, `{"name":"","scopes":["nothing"],"jwks":{"keys":[]}}`, "jwks range, name required, scopes format"},
			"a change of scopes":     {"PATCH", clientsPath + "/" + w.app.ID, `{"name":"","scopes":["read:nothing"]}`, "name required, scopes unknown"},
			"the built-in client":    {"PATCH", clientsPath + "/keystone", `{"access_token_lifetime":1}`, "access_token_lifetime range"},
			"no client":              {"PATCH", clientsPath + "/ksc_nobody", `{"token_endpoint_auth_method":"tls","name":""}`, "name required, token_endpoint_auth_method unknown"},
			"a role's description":   {"PATCH", rolesPath + "/nobody", `{"description":"` + long + `"}`, "description too_long"},
			"a scope's description":  {"PATCH", scopesPath + "/read:nothing", `{"description":"` + long + `"}`, "description too_long"},
			"a role's name":          {"PATCH", rolesPath + "/admin", `{"name":"other","description":"` + long + `"}`, "name immutable, description too_long"},
			"a scope's resource":     {"PATCH", scopesPath + "/read:users", `{"name":"a:b","resource":"c","description":"` + long + `"}`, "name immutable, resource immutable, description too_long"},
			"a scope of another":     {"POST", scopesPath, `{"name":"X","resource":"c","description":"` + long + `"}`, "name format, description too_long, resource mismatch"},
			"flags of null":          {"PATCH", bob, `{"is_active":null,"email":2,"is_superuser":null}`, "is_active type, email type, is_superuser type"},
			"a role of a bad name":   {"POST", rolesPath, `{"name":"X","description":"` + long + `"}`, "name format, description too_long"},
			"a scope of a bad name":  {"POST", scopesPath, `{"name":"X","description":"` + long + `"}`, "name format, description too_long"},
			"one's own profile":      {"PATCH", mePath, `{"first_name":"` + long + `","bio":"\u0001"}`, "first_name too_long, bio characters"},
			"a built-in description": {"PATCH", rolesPath + "/admin", `{"description":"` + long + `"}`, "description too_long"},
		} {
			t.Run(name, func(t *testing.T) {
				for _, tag := range []string{`"4711"`, `W/"1"`, `"4711", "4712"`} {
					stale := call{method: c.method, path: c.path, json: c.body, bearer: w.admin.Access, header: http.Header{"If-Match": {tag}}}
					if got := w.want(t, unprocessable, stale); got.fields() != c.fields {
						t.Errorf("%s, want %s", got.fields(), c.fields)
					}
				}
			})
		}
		if after := string(w.as(t, w.admin.Access, "GET", settingsPath, "", 200).body); after != settingsBefore {
			t.Errorf("settings %s, before %s", after, settingsBefore)
		}
		for path, status := range map[string]int{nobody: 404, bob: 412, clientsPath + "/keystone": 412, clientsPath + "/ksc_nobody": 404, rolesPath + "/nobody": 404} {
			w.want(t, status, call{method: "PATCH", path: path, json: `{}`, bearer: w.admin.Access, header: http.Header{"If-Match": {`"4711"`}}})
			w.want(t, http.StatusForbidden, call{method: "PATCH", path: path, json: `{"email":"nobody","description":"` + long + `"}`, bearer: w.session.Access})
		}

		clerk := w.administrator(t, "write:users")
		superuser := newAccount()
		w.as(t, clerk, "POST", adminUsersPath, `{"username":"x","email":"nobody","password":"short","is_superuser":true}`, unprocessable)
		w.as(t, clerk, "POST", adminUsersPath, text(map[string]any{"username": superuser.Username, "email": superuser.Email, "password": superuser.Password, "is_superuser": true}), http.StatusForbidden)

		s.Stop(t)
		s.settings["REGISTRATION"] = "closed"
		s.Start(t)
		if got := s.want(t, unprocessable, call{path: registerPath, json: `{}`}); got.fields() != "username format, email format, password too_short" {
			t.Errorf("%s", got.body)
		}
		s.want(t, http.StatusForbidden, registration(newAccount())).has(t, "code", "registration_closed")
	})
}
