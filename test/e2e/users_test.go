package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const adminUsersPath = "/api/v1/admin/users"

// made creates an account as an administrator and gives it with its path.
func (w *world) made(t *testing.T, by string, more ...string) (account, string) {
	t.Helper()
	a := newAccount()
	body := map[string]any{"username": a.Username, "email": a.Email, "password": a.Password}
	if len(more) > 0 {
		body["is_superuser"] = true
	}
	got := w.as(t, by, "POST", adminUsersPath, text(body), 201)
	return a, adminUsersPath + "/" + got.text("id")
}

func TestUsersAdministration(t *testing.T) {
	eachStoreCase(t, "ADM-20, ADM-21, ADM-24, ADM-25, ADM-29", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin := w.admin.Access
		bob, path := w.made(t, admin)
		got := w.as(t, admin, "GET", path, "", 200)
		got.has(t, "roles", []string{"user"})
		got.has(t, "scopes", []string{"read:profile", "write:profile"})
		if strings.Contains(string(got.body), "hash") || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v %s", got.header, got.body)
		}
		w.as(t, admin, "POST", adminUsersPath, text(map[string]string{"username": bob.Username, "email": newAccount().Email, "password": newPassword()}), 409).has(t, "code", "username_taken")
		w.as(t, admin, "POST", adminUsersPath, text(map[string]string{"username": newAccount().Username, "email": bob.Email, "password": newPassword()}), 409).has(t, "code", "email_taken")

		edit := call{method: "PATCH", path: path, bearer: admin, json: `{"last_name":"Straße","is_verified":true}`, header: http.Header{"If-Match": {got.header.Get("ETag")}}}
		w.want(t, 200, edit).has(t, "is_verified", true)
		w.want(t, 412, edit).has(t, "code", "version_mismatch")
		w.as(t, admin, "PATCH", path, `{"email":"moved-`+bob.Email+`"}`, 200).has(t, "is_verified", false)
		for _, bad := range []string{`{"password_hash":"x"}`, `{"is_active":null}`, `{"is_active":"true"}`, `{"username":null}`, `{"email":"nobody"}`, `{"roles":["admin"]}`} {
			w.as(t, admin, "PATCH", path, bad, 422)
		}
		found := func(query string) int {
			t.Helper()
			items, _ := w.as(t, admin, "GET", adminUsersPath+"?"+query, "", 200).member("items").([]any)
			return len(items)
		}
		for query, want := range map[string]int{
			"q=" + url.QueryEscape(strings.ToUpper(bob.Username)):                                  1,
			"q=STRASSE&is_verified=false":                                                          1,
			"q=" + url.QueryEscape("moved-%"):                                                      0,
			"q=" + url.QueryEscape("' OR 1=1 --"):                                                  0,
			"q=" + url.QueryEscape(bob.Username) + "&is_active=false":                              0,
			"q=" + url.QueryEscape(bob.Username) + "&role=admin":                                   0,
			"q=" + url.QueryEscape(bob.Username) + "&role=user&created_after=2020-01-01T00:00:00Z": 1,
		} {
			if n := found(query); n != want {
				t.Errorf("%s: found %d, want %d", query, n, want)
			}
		}
		for _, bad := range []string{"limit=0", "limit=101", "cursor=x", "is_active=2", "created_after=x", "q=" + strings.Repeat("x", 10_000)} { // ADM-20, ADM-21
			w.as(t, admin, "GET", adminUsersPath+"?"+bad, "", 422)
		}
		for _, bad := range []string{"not-a-uuid", "0", "-1", "me", strings.Repeat("a", 300)} { // ADM-24
			w.as(t, admin, "GET", adminUsersPath+"/"+bad, "", 404)
		}

		// ADM-25: deleting ends everything, and who takes the name is someone else.
		g := w.login(t, bob)
		w.as(t, admin, "DELETE", path, "", 204)
		w.as(t, admin, "GET", path, "", 404)
		w.wantDead(t, w.guard, g)
		w.as(t, admin, "POST", adminUsersPath, text(map[string]string{"username": bob.Username, "email": bob.Email, "password": bob.Password}), 201)
		if again := w.login(t, bob); again.UserID == g.UserID {
			t.Error("the id is used again")
		}
	})
}

// TestUsersInPages walks a list while accounts are added.
func TestUsersInPages(t *testing.T) {
	eachStoreCase(t, "ADM-20", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		var want, seen []string
		for range 5 {
			_, path := w.made(t, w.admin.Access)
			want = append(want, strings.TrimPrefix(path, adminUsersPath+"/"))
		}
		next := ""
		for {
			got := w.as(t, w.admin.Access, "GET", adminUsersPath+"?limit=2&q=alice-&cursor="+next, "", 200)
			items, _ := got.member("items").([]any)
			for _, item := range items {
				object, _ := item.(map[string]any)
				id, _ := object["id"].(string)
				seen = append(seen, id)
				if object["scopes"] != nil {
					t.Error("a list gives scopes")
				}
			}
			w.as(t, w.admin.Access, "GET", adminUsersPath+"?limit=3&cursor="+next+"x", "", 422)
			if next = got.text("next_cursor"); next == "" {
				break
			}
			if len(seen) == 2 {
				w.register(t)
			}
		}
		for _, id := range want {
			if !slices.Contains(seen, id) {
				t.Errorf("%s was left out", id)
			}
		}
		slices.Sort(seen)
		if len(slices.Compact(slices.Clone(seen))) != len(seen) {
			t.Errorf("repeated: %v", seen)
		}
	})
}

// TestNobodyChangesWhoHoldsMore: ADM-06, and take-overs of stronger accounts.
func TestNobodyChangesWhoHoldsMore(t *testing.T) {
	eachStoreCase(t, "ADM-06, ADM-19", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin := w.admin.Access
		_, plain := w.made(t, admin)
		_, boss := w.made(t, admin, "superuser")
		strong, strongPath := w.made(t, admin)
		w.as(t, admin, "PUT", strongPath+"/roles/admin", "", 204)
		keeper := w.administrator(t, "read:users", "write:users", "delete:users", "admin:users", "read:sessions", "write:sessions")
		for _, path := range []string{boss, strongPath} {
			for _, c := range []call{
				{method: "PATCH", path: path, json: `{"first_name":"x"}`}, {method: "PATCH", path: path, json: `{"password":"` + newPassword() + `"}`}, {method: "DELETE", path: path},
				{path: path + "/password"}, {path: path + "/logout"}, {path: path + "/unlock"}, {method: "DELETE", path: path + "/sessions"},
				{method: "PUT", path: path + "/roles/user"}, {method: "DELETE", path: path + "/roles/admin"},
			} {
				c.bearer = keeper
				w.want(t, 403, c).has(t, "code", "forbidden")
			}
		}
		w.as(t, keeper, "PUT", plain+"/roles/admin", "", 403)
		w.as(t, keeper, "PATCH", plain, `{"is_superuser":true}`, 403)
		w.as(t, keeper, "POST", adminUsersPath, text(map[string]any{"username": newAccount().Username, "email": newAccount().Email, "password": newPassword(), "is_superuser": true}), 403)
		w.as(t, keeper, "PATCH", plain, `{"first_name":"x"}`, 200)
		w.as(t, keeper, "PUT", plain+"/roles/user", "", 204)
		w.as(t, keeper, "PUT", plain+"/roles/none-such", "", 404)

		// An administrator is no superuser, and loses what the role gave at once (ADM-19).
		g := w.login(t, strong)
		w.as(t, g.Access, "GET", adminUsersPath, "", 200)
		w.as(t, g.Access, "PATCH", strongPath, `{"is_superuser":true}`, 403)
		w.as(t, g.Access, "DELETE", boss, "", 403)
		w.as(t, admin, "DELETE", strongPath+"/roles/admin", "", 204)
		w.as(t, g.Access, "GET", adminUsersPath, "", 403)
	})
}

// TestLastSuperuser: ADM-11.
func TestLastSuperuser(t *testing.T) {
	eachStoreCase(t, "ADM-11", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		over := instances(t, s)
		first := adminUsersPath + "/" + w.admin.UserID
		for _, c := range []call{
			{method: "DELETE", path: first}, {method: "PATCH", path: first, json: `{"is_active":false}`}, {method: "PATCH", path: first, json: `{"is_superuser":false}`},
			{method: "DELETE", path: mePath, json: text(map[string]string{"current_password": s.Admin.Password})},
		} {
			c.bearer = w.admin.Access
			w.want(t, 409, c).has(t, "code", "last_superuser")
		}
		ends := []call{{method: "PATCH", json: `{"is_superuser":false}`}, {method: "PATCH", json: `{"is_active":false}`}, {method: "DELETE"}}
		alive := w.admin.Access
		for try := range 20 {
			// Two new ones end each other; the first stands aside.
			a, pathA := w.made(t, alive, "superuser")
			b, pathB := w.made(t, alive, "superuser")
			grants := []grant{over[0].login(t, a), over[len(over)-1].login(t, b)}
			w.as(t, grants[0].Access, "PATCH", adminUsersPath+"/"+w.admin.UserID, `{"is_superuser":false}`, 200)
			paths := []string{pathB, pathA}
			end := ends[try%len(ends)]
			answers := atOnce(t, 2, func(i int) (answer, error) {
				c := end
				c.bearer, c.path = grants[i].Access, paths[i]
				return over[i*(len(over)-1)].try(c)
			})
			won := 0
			for _, got := range answers {
				if got.status/100 == 2 {
					won++
				} else if got.status != 409 && got.status != 403 && got.status != 401 {
					t.Errorf("status %d: %s", got.status, got.body)
				}
			}
			s.wantCount(t, "1", "SELECT count(*) FROM users WHERE is_superuser AND is_active")
			if won != 1 {
				t.Errorf("%d of two ended the other", won)
			}
			survivor := grants[0]
			if answers[0].status/100 != 2 {
				survivor = grants[1]
			}
			w.admin, alive = survivor, survivor.Access
		}
	})
}
