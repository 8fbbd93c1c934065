package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	rolesPath      = "/api/v1/admin/roles"
	scopesPath     = "/api/v1/admin/scopes"
	allClientsPath = "/api/v1/admin/clients"
)

// as sends a request with a bearer and holds it to a status.
func (s *Server) as(t *testing.T, access, method, path, json string, status int) answer {
	t.Helper()
	return s.want(t, status, call{method: method, path: path, bearer: access, json: json})
}

// administrator is a client's token that holds these scopes: what a delegated
// administration acts with.
func (w *world) administrator(t *testing.T, scopes ...string) string {
	t.Helper()
	return w.clientToken(t, w.newClient(t, w.admin, scopes, nil))
}

func (a answer) has(t *testing.T, name string, want any) {
	t.Helper()
	if got := a.member(name); text(got) != text(want) {
		t.Errorf("%s: %v, want %v in %s", name, got, want, a.body)
	}
}

func TestRoles(t *testing.T) {
	eachStoreCase(t, "ADM-12, ADM-13", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin, name, fresh := w.admin.Access, "role-"+random(), "read:res"+random()
		made := w.as(t, admin, "POST", rolesPath, text(map[string]string{"name": name, "description": "d"}), 201)
		made.has(t, "scopes", []string{})
		w.as(t, admin, "POST", rolesPath, text(map[string]string{"name": name}), 409).has(t, "code", "conflict")
		for _, bad := range []string{"Admin", "admin ", "ＡＤＭＩＮ", "аdmin", ""} {
			w.as(t, admin, "POST", rolesPath, text(map[string]string{"name": bad}), 422)
		}
		one := rolesPath + "/" + name
		tag := w.as(t, admin, "GET", one, "", 200).header.Get("ETag")
		if tag == "" || tag != made.header.Get("ETag") || made.header.Get("Location") != one {
			t.Errorf("ETag %q, made with %q at %q", tag, made.header.Get("ETag"), made.header.Get("Location"))
		}
		edit := call{method: "PATCH", path: one, bearer: admin, json: `{"description":"other"}`, header: http.Header{"If-Match": {tag}}}
		changed := w.want(t, 200, edit)
		changed.has(t, "description", "other")
		w.want(t, 412, edit)
		w.as(t, admin, "PATCH", one, `{"name":"elsewhere"}`, 422)
		w.as(t, admin, "PATCH", one, `{"description":null}`, 200).has(t, "description", "")

		w.as(t, admin, "PUT", one+"/scopes/"+fresh, "", 404)
		w.as(t, admin, "POST", scopesPath, text(map[string]string{"name": fresh}), 201)
		for range 2 {
			w.as(t, admin, "PUT", one+"/scopes/"+fresh, "", 204)
		}
		w.as(t, admin, "GET", one, "", 200).has(t, "scopes", []string{fresh})
		w.as(t, admin, "DELETE", scopesPath+"/"+fresh, "", 409).has(t, "code", "in_use")
		for range 2 {
			w.as(t, admin, "DELETE", one+"/scopes/"+url.PathEscape(strings.Replace(fresh, ":", "%3A", 1)), "", 404) // encoded twice names nothing
			w.as(t, admin, "DELETE", one+"/scopes/"+strings.Replace(fresh, ":", "%3A", 1), "", 204)
		}
		w.as(t, admin, "DELETE", scopesPath+"/"+fresh, "", 204)
		w.as(t, admin, "DELETE", one, "", 204)
		w.as(t, admin, "GET", one, "", 404)
		w.as(t, admin, "DELETE", one, "", 404)
		for _, builtin := range []string{rolesPath + "/admin", rolesPath + "/user", scopesPath + "/read:users", scopesPath + "/admin:system"} {
			w.as(t, admin, "DELETE", builtin, "", 409).has(t, "code", "builtin")
		}
	})
}

func TestScopes(t *testing.T) {
	eachStoreCase(t, "ADM-14", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin, resource := w.admin.Access, "res"+random()
		name := "read:" + resource
		one := scopesPath + "/" + name
		made := w.as(t, admin, "POST", scopesPath, text(map[string]string{"name": name, "description": "d", "resource": resource}), 201)
		made.has(t, "resource", resource)
		w.as(t, admin, "POST", scopesPath, text(map[string]string{"name": name}), 409)
		w.as(t, admin, "POST", scopesPath, text(map[string]string{"name": name, "resource": "another"}), 422)
		for _, bad := range []string{"a b", `a"b`, "", "é", strings.Repeat("a", 300), "*", "read:*", "*:*"} {
			w.as(t, admin, "POST", scopesPath, text(map[string]string{"name": bad}), 422)
			w.as(t, admin, "GET", scopesPath+"/"+url.PathEscape(bad+"x"), "", 404)
		}
		edit := call{method: "PATCH", path: one, bearer: admin, json: `{"description":"other"}`, header: http.Header{"If-Match": {made.header.Get("ETag")}}}
		w.want(t, 200, edit).has(t, "description", "other")
		w.want(t, 412, edit)
		w.want(t, 412, call{method: "DELETE", path: one, bearer: admin, header: edit.header})
		w.as(t, admin, "DELETE", one, "", 204)
		w.as(t, admin, "GET", one, "", 404)
	})
}

func TestListsOfAccess(t *testing.T) {
	eachStoreCase(t, "ADM-20", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin := w.admin.Access
		for _, list := range []struct {
			path, key string
			add       func()
		}{
			{rolesPath, "name", func() { w.as(t, admin, "POST", rolesPath, text(map[string]string{"name": "r" + random()}), 201) }},
			{scopesPath, "name", func() { w.as(t, admin, "POST", scopesPath, text(map[string]string{"name": "x:r" + random()}), 201) }},
			{allClientsPath, "client_id", func() { w.newClient(t, w.admin, nil, nil) }},
		} {
			for range 4 {
				list.add()
			}
			whole := w.as(t, admin, "GET", list.path+"?limit=100", "", 200).items(t, list.key)
			var walked []string
			for path := list.path + "?limit=2"; ; {
				got := w.as(t, admin, "GET", path, "", 200)
				walked = append(walked, got.items(t, list.key)...)
				next := got.text("next_cursor")
				if next == "" {
					break
				}
				if len(walked) == 2 {
					list.add() // neither repeats nor hides what there was
					for _, tampered := range []string{next[1:], next + "A", "x", strings.ToUpper(next)} {
						w.as(t, admin, "GET", list.path+"?cursor="+tampered, "", 422)
					}
				}
				path = list.path + "?limit=2&cursor=" + next
			}
			if len(walked) != len(whole)+1 || !slices.Equal(walked[:len(whole)], whole) {
				t.Errorf("%s: walked %v, whole %v", list.path, walked, whole)
			}
			for _, limit := range []string{"0", "-1", "101", "1000000000", "abc", "1e3"} {
				w.as(t, admin, "GET", list.path+"?limit="+limit, "", 422)
			}
		}
	})
}

// items gives a field of each item of a list.
func (a answer) items(t *testing.T, field string) []string {
	t.Helper()
	items, ok := a.member("items").([]any)
	if !ok {
		t.Fatalf("no list: %s", a.body)
	}
	var found []string
	for _, item := range items {
		value, _ := item.(map[string]any)[field].(string)
		found = append(found, value)
	}
	return found
}

// TestNobodyGrantsWhatTheyLack has administrators of parts reach for the rest.
func TestNobodyGrantsWhatTheyLack(t *testing.T) {
	eachStoreCase(t, "ADM-07, ADM-08, ADM-09, ADM-12", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin, role := w.admin.Access, "role-"+random()
		w.as(t, admin, "POST", rolesPath, text(map[string]string{"name": role}), 201)
		w.as(t, admin, "PUT", rolesPath+"/"+role+"/scopes/read:users", "", 204)
		editor := w.administrator(t, "admin:roles", "read:users")
		strong := w.newClient(t, w.admin, []string{"admin:system"}, nil)
		weak := w.newClient(t, w.admin, []string{"read:users"}, nil)
		keeper := w.administrator(t, "admin:clients", "read:users")

		one := rolesPath + "/" + role
		w.as(t, editor, "PATCH", one, `{"description":"mine"}`, 200)
		for _, beyond := range []string{"admin:users", "write:users", "admin:system", "admin:clients"} {
			w.as(t, editor, "PUT", one+"/scopes/"+beyond, "", 403)
			w.as(t, keeper, "PUT", clientsPath+"/"+weak.ID+"/scopes/write:users", "", 403)
			w.as(t, keeper, "PATCH", clientsPath+"/"+weak.ID, text(map[string]any{"scopes": []string{beyond + "x", "read:users"}}), 422)
			w.as(t, keeper, "POST", clientsPath, text(map[string]any{"name": "n", "scopes": []string{"admin:users"}}), 403)
		}
		for _, attempt := range [][3]string{
			{"PATCH", rolesPath + "/admin", `{"description":"taken"}`}, {"DELETE", rolesPath + "/admin/scopes/read:users", ""},
			{"PUT", rolesPath + "/admin/scopes/read:users", ""},
		} {
			w.as(t, editor, attempt[0], attempt[1], attempt[2], 403)
		}
		for _, attempt := range [][3]string{
			{"PATCH", clientsPath + "/" + strong.ID, `{"name":"taken"}`}, {"POST", clientsPath + "/" + strong.ID + "/secret", ""},
			{"DELETE", clientsPath + "/" + strong.ID, ""}, {"PUT", clientsPath + "/" + strong.ID + "/scopes/read:users", ""},
			{"DELETE", clientsPath + "/" + strong.ID + "/scopes/admin:system", ""},
			{"POST", allClientsPath + "/" + strong.ID + "/deactivate", ""}, {"POST", allClientsPath + "/" + strong.ID + "/activate", ""},
		} {
			w.as(t, keeper, attempt[0], attempt[1], attempt[2], 403)
		}
		w.clientToken(t, strong) // its secret still is what it was
		w.as(t, keeper, "PATCH", clientsPath+"/"+weak.ID, `{"is_trusted":true}`, 422)
		w.as(t, keeper, "PATCH", clientsPath+"/"+weak.ID, `{"description":"mine"}`, 200)
		for _, builtin := range [][3]string{
			{"PATCH", clientsPath + "/keystone", `{"name":"taken"}`}, {"POST", clientsPath + "/keystone/secret", ""},
			{"DELETE", clientsPath + "/keystone", ""}, {"POST", allClientsPath + "/keystone/deactivate", ""},
		} {
			w.as(t, admin, builtin[0], builtin[1], builtin[2], 409).has(t, "code", "builtin")
		}
		// Near misses of a permission are none, and readers change nothing.
		reader := w.administrator(t, "read:roles", "read:scopes", "read:clients")
		w.as(t, reader, "GET", one, "", 200)
		for _, path := range []string{one, scopesPath + "/read:users", clientsPath + "/" + weak.ID} {
			w.as(t, reader, "GET", path, "", 200)
			w.as(t, reader, "DELETE", path, "", 403).has(t, "code", "insufficient_scope")
		}
		w.as(t, reader, "GET", allClientsPath, "", 403)
		w.as(t, w.session.Access, "GET", rolesPath, "", 403)
	})
}

// TestAccessFollowsElsewhere changes what tokens may on one instance, and asks
// another.
func TestAccessFollowsElsewhere(t *testing.T) {
	eachStoreCase(t, "OPS-11, CCG-08, JWT-20", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		other := s.sibling(t)
		c := w.newClient(t, w.admin, []string{"read:roles"}, nil)
		own := w.clientToken(t, c)
		follows := func(what string, want int) {
			t.Helper()
			eventually(t, time.Second, what, func() bool {
				got, err := other.try(call{method: "GET", path: rolesPath, bearer: own})
				return err == nil && got.status == want
			})
		}
		follows("good elsewhere", 200)
		w.as(t, w.admin.Access, "DELETE", clientsPath+"/"+c.ID+"/scopes/read:roles", "", 204)
		follows("without the scope", 403)
		w.as(t, w.admin.Access, "PUT", clientsPath+"/"+c.ID+"/scopes/read:roles", "", 204)
		follows("with it again", 200)
		w.as(t, w.admin.Access, "POST", allClientsPath+"/"+c.ID+"/deactivate", "", 204)
		follows("dead", 401)

		// Everybody's role loses a scope, and gets it back.
		role := rolesPath + "/user/scopes/read:profile"
		profile := func(what string, want int) {
			t.Helper()
			eventually(t, time.Second, what, func() bool {
				got, err := other.try(me(w.session.Access))
				return err == nil && got.status == want
			})
		}
		profile("good elsewhere", 200)
		w.as(t, w.admin.Access, "DELETE", role, "", 204)
		profile("without the scope", 403)
		w.as(t, w.admin.Access, "PUT", role, "", 204)
		profile("with it again", 200)

		// A role that is deleted leaves everyone who had it.
		name := "role-" + random()
		w.as(t, w.admin.Access, "POST", rolesPath, text(map[string]string{"name": name}), 201)
		w.as(t, w.admin.Access, "PUT", rolesPath+"/"+name+"/scopes/read:roles", "", 204)
		w.as(t, w.admin.Access, "PUT", "/api/v1/admin/users/"+w.session.UserID+"/roles/"+name, "", 204)
		own = w.login(t, w.alice).Access
		follows("good with the role", 200)
		w.as(t, w.admin.Access, "DELETE", rolesPath+"/"+name, "", 204)
		follows("without the role", 403)
	})
}
