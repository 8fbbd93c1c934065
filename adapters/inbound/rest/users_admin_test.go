package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
)

const (
	someonePath = adminUsersPath + "/" + alice
	sessionItem = `{"id":"` + alice + `","client_id":"keystone","device":null,"address":"192.0.2.1","created_at":"2026-03-01T12:00:00Z",` +
		`"last_used_at":"2026-03-01T12:01:00Z","expires_at":"2026-03-01T13:00:00Z","current":true}`
)

func refusing(err error) func(*ports) { return func(p *ports) { p.users.fail = err } }

func TestUsersAdministered(t *testing.T) {
	h := []string{full}
	j := []string{full, jsonType}
	stale := refusing(domain.CheckVersion(noVersion, 3))
	listed := strings.Replace(aliceBody, `,"scopes":["read:profile","write:profile"]`, "", 1)
	run(t, []exampleCase{
		{name: "list", method: "GET", path: adminUsersPath, headers: h, status: 200, calls: []string{"list users"}, answered: []string{"Cache-Control: no-store"},
			exactly: `{"items":[` + listed + `],"next_cursor":"` + cursor(userList, alice) + `"}`},
		{name: "list with a flag that is none", method: "GET", path: adminUsersPath + "?is_active=1", headers: h, status: 422, has: []string{`"field":"is_active"`}},
		{name: "list with a time that is none", method: "GET", path: adminUsersPath + "?created_after=now", headers: h, status: 422, has: []string{`"field":"created_after"`}},
		{name: "list from elsewhere", method: "GET", path: adminUsersPath + "?cursor=" + cursor("other", alice), headers: h, status: 422, has: []string{`"field":"cursor"`}},
		{name: "list without the scope", method: "GET", path: adminUsersPath, headers: []string{bare}, status: 403, has: []string{`"insufficient_scope"`}},
		{name: "get", method: "GET", path: someonePath, headers: h, status: 200, calls: []string{"get user"}, exactly: aliceBody,
			answered: []string{`ETag: "3"`, "Cache-Control: no-store"}, hasNot: []string{"never shown"}},
		{name: "get what a login may have moved", method: "GET", path: someonePath, headers: append(h, `If-None-Match: "3"`), status: 200, calls: []string{"get user"}, exactly: aliceBody},
		{name: "get nobody", method: "GET", path: someonePath, headers: h, status: 404, calls: []string{"get user"}, given: refusing(domain.NotFound("no"))},
		{name: "ADM-24 no id", method: "GET", path: adminUsersPath + "/me", headers: h, status: 404, calls: []string{"get user"}},
		{name: "ADM-24 a long id", method: "DELETE", path: adminUsersPath + "/" + strings.Repeat("a", 300), headers: h, status: 404, calls: []string{"delete user"}},
		{name: "no id and no body", method: "PATCH", path: adminUsersPath + "/me", headers: j, body: `{`, status: 400},
		{name: "no id and a wrong body", method: "PATCH", path: adminUsersPath + "/me", headers: j, body: `{"zz":1}`, status: 422},
		{name: "create", path: adminUsersPath, headers: j, body: goodRegistration, status: 201, calls: []string{"create user"}, exactly: aliceBody,
			answered: []string{`ETag: "3"`, "Location: " + someonePath}, hasNot: []string{goodWord}},
		{name: "create with roles", path: adminUsersPath, headers: j, body: `{"username":"a","roles":["admin"]}`, status: 422, has: []string{`"field":"roles"`}},
		{name: "create of a taken address", path: adminUsersPath, headers: j, body: goodRegistration, status: 409, calls: []string{"create user"},
			given: refusing(domain.Conflict(domain.CodeEmailTaken, "taken")), has: []string{`"code":"email_taken"`}},
		{name: "change", method: "PATCH", path: someonePath, headers: append(j, `If-Match: "3"`), body: `{"is_active":false}`, status: 200, calls: []string{"change user"}, exactly: aliceBody},
		{name: "change to null", method: "PATCH", path: someonePath, headers: j, body: `{"is_active":null,"is_superuser":null}`, status: 422,
			has: []string{`"field":"is_active"`, `"field":"is_superuser"`}},
		{name: "INP-03 a flag as text", method: "PATCH", path: someonePath, headers: j, body: `{"is_active":"true"}`, status: 422, has: []string{`"field":"is_active"`}, hasNot: []string{"patchFlag"}},
		{name: "ADM-04 fields that are not set", method: "PATCH", path: someonePath, headers: j, body: `{"password_hash":"x"}`, status: 422, has: []string{`"field":"password_hash"`}},
		{name: "change of a version that is gone", method: "PATCH", path: someonePath, headers: append(j, `If-Match: "2", "4"`), body: `{}`, status: 200, calls: []string{"get user", "change user"}},
		{name: "change of the last superuser", method: "PATCH", path: someonePath, headers: j, body: `{}`, status: 409, calls: []string{"change user"},
			given: refusing(domain.Conflict(domain.CodeLastSuperuser, "last")), has: []string{`"code":"last_superuser"`}},
		{name: "delete", method: "DELETE", path: someonePath, headers: h, status: 204, calls: []string{"delete user"}},
		{name: "assign", method: "PUT", path: someonePath + "/roles/admin", headers: h, status: 204, calls: []string{"assign"}},
		{name: "withdraw", method: "DELETE", path: someonePath + "/roles/admin", headers: h, status: 204, calls: []string{"withdraw"}},
		{name: "assign to what it never was", method: "PUT", path: someonePath + "/roles/admin", headers: append(h, `If-Match: W/"3"`), status: 412, calls: []string{"assign"}, given: stale},
		{name: "withdraw from a version that is gone", method: "DELETE", path: someonePath + "/roles/admin", headers: append(h, `If-Match: "1", "2"`), status: 204, calls: []string{"get user", "withdraw"}},
		{name: "unlock what it never was", path: someonePath + "/unlock", headers: append(h, `If-Match: 3`), status: 412, calls: []string{"unlock"}, given: stale},
		{name: "generate a password for what it never was", path: someonePath + "/password", headers: append(h, `If-Match: "x"`), status: 412, calls: []string{"set password"}, given: stale},
		{name: "sessions", method: "GET", path: someonePath + "/sessions?limit=1", headers: h, status: 200, calls: []string{"user sessions"},
			exactly: `{"items":[` + sessionItem + `],"next_cursor":"` + cursor(userSessionList, alice) + `"}`},
		{name: "end sessions", method: "DELETE", path: someonePath + "/sessions", headers: h, status: 204, calls: []string{"end sessions"}},
		{name: "logout", path: someonePath + "/logout", headers: h, status: 204, calls: []string{"logout user"}},
		{name: "unlock", path: someonePath + "/unlock", headers: h, status: 204, calls: []string{"unlock"}},
		{name: "generate a password", path: someonePath + "/password", headers: h, status: 200, calls: []string{"set password"}, exactly: `{"password":"generated"}`, answered: []string{"Cache-Control: no-store"}},
		{name: "generate for an empty object", path: someonePath + "/password", headers: j, body: `{}`, status: 200, calls: []string{"set password"}, exactly: `{"password":"generated"}`},
		{name: "set a password", path: someonePath + "/password", headers: j, body: `{"password":"` + goodWord + `"}`, status: 204, calls: []string{"set password"}},
	})
}

// All that is wrong with a query is told at once, in the order of the document.
func TestQueriesAreToldAllThatIsWrong(t *testing.T) {
	for target, want := range map[string][]string{
		adminUsersPath + "?is_active=x&is_verified=x&created_after=x&limit=0&cursor=x": {"is_active format", "is_verified format", "created_after format", "limit range", "cursor format"},
		adminUsersPath + "?sort=password_hash&fields=a&q=a&is_active=x":                {"fields unknown", "sort unknown"},
		"/api/v1/admin/audit?to=x&from=x&outcome=x&limit=x":                            {"outcome unknown", "from format", "to format", "limit range"},
		"/api/v1/admin/audit?to=9999-12-31T23:59:59-01:00&from=0000-01-01T00:00:00Z":   {"from range", "to range"},
		"/api/v1/admin/audit/export?limit=1":                                           {"limit unknown"},
		rolesPath + "?q=a":                                                             {"q unknown"},
		mePath + "/sessions?" + strings.Repeat("n", 100) + "=1":                        {strings.Repeat("n", maxFieldName) + " unknown"},
	} {
		for range 5 { // no random order
			s, _ := serve(t, obliging(), configured())
			w := ask(s, exampleCase{method: "GET", path: target, headers: []string{full}}.request())
			var told struct {
				Errors []struct{ Field, Code string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != http.StatusUnprocessableEntity {
				t.Fatalf("%s: %d %s", target, w.Code, w.Body)
			}
			var got []string
			for _, e := range told.Errors {
				got = append(got, e.Field+" "+e.Code)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s:\n%s", target, diff)
			}
		}
	}
}

func TestOwnAccess(t *testing.T) {
	h := []string{bare}
	j := []string{bare, jsonType}
	locked := domain.E(domain.KindForbidden, domain.CodeAccountLocked, "later")
	locked.RetryAfter = 5 * time.Minute
	run(t, []exampleCase{
		{name: "change the password", path: mePath + "/password", headers: j, body: `{"current_password":"a","new_password":"b"}`, status: 204, calls: []string{"change password"}},
		{name: "USR-11 wrong", path: mePath + "/password", headers: j, body: `{"current_password":"a","new_password":"b"}`, status: 403, calls: []string{"change password"},
			given: refusing(domain.E(domain.KindForbidden, domain.CodeWrongPassword, "wrong")), has: []string{`"code":"wrong_password"`}, answered: []string{"WWW-Authenticate:"}},
		{name: "USR-11 too often", path: mePath + "/password", headers: j, body: `{"current_password":"a","new_password":"b"}`, status: 403, calls: []string{"change password"},
			given: refusing(locked), has: []string{`"code":"account_locked"`}, answered: []string{"Retry-After: 300"}},
		{name: "sessions", method: "GET", path: mePath + "/sessions", headers: h, status: 200, calls: []string{"own sessions"},
			exactly: `{"items":[` + sessionItem + `],"next_cursor":"` + cursor(mySessionList, alice) + `"}`},
		{name: "end one", method: "DELETE", path: mePath + "/sessions/" + alice, headers: h, status: 204, calls: []string{"end session"}},
		{name: "USR-24 another's", method: "DELETE", path: mePath + "/sessions/" + alice, headers: h, status: 404, calls: []string{"end session"}, given: refusing(domain.NotFound("no"))},
		{name: "end what is no session", method: "DELETE", path: mePath + "/sessions/x", headers: h, status: 404, calls: []string{"end session"}},
		{name: "end the others", method: "DELETE", path: mePath + "/sessions", headers: h, status: 204, calls: []string{"end others"}},
		{name: "delete the account", method: "DELETE", path: mePath, headers: j, body: `{"current_password":"a"}`, status: 204, calls: []string{"delete account"}},
		{name: "delete what it never was", method: "DELETE", path: mePath, headers: append(j, `If-Match: "x"`), body: `{"current_password":"a"}`, status: 204, calls: []string{"delete account"}},
		{name: "delete without a body", method: "DELETE", path: mePath, headers: j, status: 400},
	})
}

// TestUsersAreTold holds what arrives at the use cases to what was asked.
func TestUsersAreTold(t *testing.T) {
	told := func(tc exampleCase) *usersGiven {
		t.Helper()
		p := obliging()
		s, _ := serve(t, p, configured())
		if w := ask(s, tc.request()); w.Code >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", tc.path, w.Code, w.Body)
		}
		return &p.users
	}
	got := told(exampleCase{method: "GET", headers: []string{full},
		path: adminUsersPath + "?q=a%25b&is_active=false&is_verified=true&role=admin&created_after=2026-01-31T12:00:00%2B01:00&limit=7"})
	if f := got.filter; f.Text != "a%b" || *f.IsActive || !*f.IsVerified || f.Role != "admin" || !f.CreatedAfter.Equal(time.Date(2026, 1, 31, 11, 0, 0, 0, time.UTC)) || got.page.Limit != 7 {
		t.Errorf("asked for %+v %+v", f, got.page)
	}
	got = told(exampleCase{path: adminUsersPath, headers: []string{full, jsonType},
		body: `{"username":"u","email":"e","password":"p","first_name":"f","last_name":"l","display_name":"d","bio":"b","is_superuser":true}`})
	if r := got.made.Registration.Registration; r.Username != "u" || r.Email != "e" || r.Profile.FirstName+r.Profile.LastName+r.Profile.DisplayName+r.Profile.Bio != "fldb" || !got.made.IsSuperuser {
		t.Errorf("made of %+v", r)
	}
	got = told(exampleCase{method: "PATCH", path: someonePath, headers: []string{full, "Content-Type: application/merge-patch+json", `If-Match: "9"`},
		body: `{"username":"u","email":"e","password":"p","bio":null,"is_active":false,"is_verified":true,"is_superuser":true}`})
	if c := got.change; *c.Username != "u" || *c.Email != "e" || c.Password.Reveal() != "p" || *c.Profile.Bio != "" || c.Profile.FirstName != nil ||
		*c.IsActive || !*c.IsVerified || !*c.IsSuperuser || got.wanted != 9 {
		t.Errorf("changed by %+v of %d", c, got.wanted)
	}
	got = told(exampleCase{method: "DELETE", path: someonePath, headers: []string{full, `If-Match: "4"`}})
	if got.wanted != 4 {
		t.Errorf("deleted at version %d", got.wanted)
	}
	for _, tc := range []exampleCase{
		{method: "PUT", path: someonePath + "/roles/admin"}, {method: "DELETE", path: someonePath + "/roles/admin"},
		{path: someonePath + "/unlock"}, {path: someonePath + "/password"},
	} {
		tc.headers = []string{full, `If-Match: "6"`}
		if got = told(tc); got.wanted != 6 {
			t.Errorf("%s: version %d", tc.path, got.wanted)
		}
	}
	got = told(exampleCase{method: "DELETE", path: mePath, headers: []string{full, jsonType, `If-Match: "5"`}, body: `{"current_password":"a"}`})
	if got.wanted != 5 {
		t.Errorf("deleted one's own at version %d", got.wanted)
	}
	got = told(exampleCase{method: "PUT", path: someonePath + "/roles/a%2Db", headers: []string{full}})
	if diff := cmp.Diff([]string{alice, "a-b"}, got.about); diff != "" {
		t.Error(diff)
	}
	got = told(exampleCase{path: mePath + "/password", headers: []string{bare, jsonType}, body: `{"current_password":"a","new_password":"b"}`})
	if diff := cmp.Diff([]string{"a", "b"}, got.secret); diff != "" {
		t.Error(diff)
	}
}
