package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	auditPath    = "/api/v1/admin/audit"
	settingsPath = "/api/v1/admin/settings"
	keysPath     = "/api/v1/admin/keys"
	statsPath    = "/api/v1/admin/stats"

	// inForceWithin is how long another instance may go on with an old setting
	// (contract, section 4.2).
	inForceWithin = 5 * time.Second
)

// trail gives the newest records that a query picks.
func (w *world) trail(t *testing.T, query ...string) []event {
	t.Helper()
	return w.audit(t, w.admin.Access, form(query...))
}

func said(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// TestAuditFilters: what a query picks, and that an export is the whole of it.
func TestAuditFilters(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		a := w.register(t)
		wrong := a
		wrong.Password = newPassword()
		failing := passwordGrant(wrong)
		failing.header = http.Header{"X-Request-Id": {"failing-login"}}
		w.want(t, badRequest, failing)
		g := w.login(t, a)

		failed := w.trail(t, "subject", g.UserID, "outcome", "failure")
		if len(failed) != 1 || failed[0].Type != "user.login_failed" || said(failed[0].RequestID) != "failing-login" || said(failed[0].Address) != "127.0.0.1" || failed[0].Actor.ID != g.UserID {
			t.Errorf("the failed login: %+v", failed)
		}
		if in := w.trail(t, "subject", g.UserID, "type", "user.login_succeeded"); len(in) != 1 || in[0].Outcome != "success" {
			t.Errorf("the login: %+v", in)
		}
		// Filters add up, and times cut: nothing is of the future.
		for _, none := range [][]string{
			{"subject", g.UserID, "type", "user.login_failed", "outcome", "success"}, {"actor", "nobody"}, {"from", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)},
			{"to", "2020-01-01T00:00:00Z"},
		} {
			if found := w.trail(t, none...); len(found) != 0 {
				t.Errorf("%v finds %+v", none, found)
			}
		}
		for _, bad := range []string{"from=yesterday", "to=x", "limit=0", "cursor=x"} {
			w.as(t, w.admin.Access, "GET", auditPath+"?"+bad, "", 422)
		}
		w.as(t, g.Access, "GET", auditPath, "", 403)
		w.as(t, g.Access, "GET", auditPath+"/export", "", 403)

		// An export is the whole of what the list gives in pages.
		exported := w.want(t, 200, call{method: "GET", path: auditPath + "/export?subject=" + url.QueryEscape(g.UserID), bearer: w.admin.Access})
		if !strings.HasPrefix(exported.header.Get("Content-Type"), "application/x-ndjson") {
			t.Errorf("Content-Type %q", exported.header.Get("Content-Type"))
		}
		lines := bufio.NewScanner(strings.NewReader(string(exported.body)))
		var out []event
		for lines.Scan() {
			var e event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatalf("%v in %q", err, lines.Text())
			}
			out = append(out, e)
		}
		if listed := w.trail(t, "subject", g.UserID); len(out) != len(listed) || len(out) < 3 {
			t.Errorf("%d exported, %d listed", len(out), len(listed))
		}
	})
}

// TestDenialsAreAudited: what a token lacks, what its holder would gain, whom it
// reached for, and the last superuser (ADM-26); and no flood of it.
func TestDenialsAreAudited(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		victim := adminUsersPath + "/" + w.admin.UserID
		keeperClient := w.newClient(t, w.admin, []string{"write:users", "admin:users", "write:clients"}, nil)
		keeper := w.clientToken(t, keeperClient)
		for _, denied := range []struct {
			by           string
			call         call
			status       int
			reason, kind string
			of           string
		}{
			{w.session.UserID, call{method: "DELETE", path: victim, bearer: w.session.Access}, 403, "insufficient_scope: delete-user", "user", w.admin.UserID},
			{keeperClient.ID, call{method: "PATCH", path: victim, bearer: keeper, json: `{"first_name":"x"}`}, 403, "forbidden: change-user", "user", w.admin.UserID},
			{keeperClient.ID, call{method: "PUT", path: adminUsersPath + "/" + w.session.UserID + "/roles/admin", bearer: keeper}, 403, "forbidden: assign-role admin", "user", w.session.UserID},
			{keeperClient.ID, call{path: clientsPath, bearer: keeper, json: `{"name":"n","scopes":["admin:system"]}`}, 403, "forbidden: create-client", "system", "keystone"},
			{w.admin.UserID, call{method: "DELETE", path: victim, bearer: w.admin.Access}, 409, "last_superuser: delete-user", "user", w.admin.UserID},
		} {
			denied.call.header = http.Header{"X-Request-Id": {"denied-" + random()}}
			w.want(t, denied.status, denied.call)
			id := denied.call.header.Get("X-Request-Id")
			var found []event
			for _, e := range w.trail(t, "actor", denied.by, "type", "access.denied") {
				if said(e.RequestID) == id {
					found = append(found, e)
				}
			}
			if len(found) != 1 || said(found[0].Reason) != denied.reason || found[0].Outcome != "failure" || found[0].Subject.Type != denied.kind || found[0].Subject.ID != denied.of || said(found[0].Address) != "127.0.0.1" {
				t.Errorf("%s: %+v", denied.reason, found)
			}
		}
		for range 60 {
			w.as(t, w.session.Access, "GET", auditPath, "", 403)
		}
		if kept := len(w.trail(t, "actor", w.session.UserID, "type", "access.denied")); kept < 20 || kept > 2*20+2 { // a minute may have ended meanwhile
			t.Errorf("61 denials left %d records", kept)
		}
	})
}

// TestSettingsReachOtherInstances: validated, versioned, told in the audit
// trail, and in force elsewhere within 5 s (contract, section 4.2).
func TestSettingsReachOtherInstances(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		over := instances(t, s)
		other := over[len(over)-1]
		patch := func(json string, status int) answer {
			t.Helper()
			return w.as(t, w.admin.Access, "PATCH", settingsPath, json, status)
		}
		before := w.as(t, w.admin.Access, "GET", settingsPath, "", 200)
		before.has(t, "overridden", []string{})
		for _, bad := range []string{
			`{"access_token_ttl":"no time"}`, `{"password_min_length":7}`, `{"no_such_setting":1}`, `{"database_url":"sqlite://x"}`, `{"access_token_ttl":{}}`,
			`{"access_token_ttl":"5m","lockout_attempts":-1}`,
		} {
			patch(bad, 422)
		}
		if again := w.as(t, w.admin.Access, "GET", settingsPath, "", 200); again.header.Get("ETag") != before.header.Get("ETag") {
			t.Error("what was refused made a version")
		}
		edit := call{method: "PATCH", path: settingsPath, bearer: w.admin.Access, json: `{"access_token_ttl":"90s","registration":"closed"}`, header: http.Header{"If-Match": {before.header.Get("ETag")}}}
		changed := w.want(t, 200, edit)
		changed.has(t, "overridden", []string{"access_token_ttl", "registration"})
		w.want(t, 412, edit)
		shorter := func() bool {
			got, err := other.try(passwordGrant(w.alice))
			return err == nil && got.status == 200 && number(t, got.member("expires_in")) == 90
		}
		eventually(t, inForceWithin, "in force elsewhere", func() bool { return shorter() })
		eventually(t, inForceWithin, "closed elsewhere", func() bool {
			got, err := other.try(registration(newAccount()))
			return err == nil && got.status == http.StatusForbidden
		})
		told := w.trail(t, "type", "setting.changed")
		if len(told) != 2 || told[0].Actor.ID != w.admin.UserID || told[0].Subject.Type != "setting" {
			t.Errorf("told: %+v", told)
		}
		patch(`{"access_token_ttl":null,"registration":null}`, 200).has(t, "overridden", []string{})
		eventually(t, inForceWithin, "set back elsewhere", func() bool { return !shorter() })
		w.as(t, w.session.Access, "GET", settingsPath, "", 403)
		w.as(t, w.session.Access, "PATCH", settingsPath, `{}`, 403)
	})
}

// TestKeysAndStatistics: contract, section 4.2.
func TestKeysAndStatistics(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		states := func() map[string]string {
			t.Helper()
			got := w.as(t, w.admin.Access, "GET", keysPath, "", 200)
			ids, all := got.items(t, "kid"), map[string]string{}
			for i, state := range got.items(t, "state") {
				all[ids[i]] = state
			}
			return all
		}
		before := states()
		rotated := w.as(t, w.admin.Access, "POST", keysPath+"/rotate", "", 200)
		rotated.has(t, "state", "active")
		after := states()
		active := 0
		for id, state := range after {
			if state == "active" {
				active++
			}
			if before[id] == "active" && state != "retired" {
				t.Errorf("the key that signed is %s", state)
			}
		}
		if active != 1 || before[rotated.text("kid")] != "next" {
			t.Errorf("keys %v, before %v", after, before)
		}
		w.want(t, http.StatusOK, me(w.session.Access)) // signed with the retired one
		w.want(t, http.StatusOK, me(w.login(t, w.alice).Access))
		w.as(t, w.session.Access, "GET", keysPath, "", 403)
		w.as(t, w.session.Access, "POST", keysPath+"/rotate", "", 403)
		w.as(t, w.admin.Access, "POST", keysPath+"/rotate", `{"force":true}`, 422)

		var counted struct {
			Users    struct{ Total, Active int }
			Sessions struct{ Active int }
			Hours    []struct{ Logins, Failures int }
		}
		if err := json.Unmarshal(w.as(t, w.admin.Access, "GET", statsPath, "", 200).body, &counted); err != nil {
			t.Fatal(err)
		}
		logins := 0
		for _, hour := range counted.Hours {
			logins += hour.Logins
		}
		if counted.Users.Total != 2 || counted.Users.Active != 2 || counted.Sessions.Active != 3 || len(counted.Hours) < 24 || logins != 3 {
			t.Errorf("%+v", counted)
		}
		w.as(t, w.session.Access, "GET", statsPath, "", 403)
	})
}

// TestPrincipalsEndElsewhere ends users and clients on one instance, and asks
// another.
func TestPrincipalsEndElsewhere(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		over := instances(t, s)
		other := over[len(over)-1]
		ends := func(what, access string, probe call, end call, status int) {
			t.Helper()
			probe.bearer, end.bearer = access, w.admin.Access
			other.want(t, http.StatusOK, probe)
			w.want(t, status, end)
			eventually(t, seenWithin, what+" ends elsewhere", func() bool {
				got, err := other.try(probe)
				return err == nil && got.status == http.StatusUnauthorized
			})
		}
		profile := call{method: "GET", path: mePath}
		bob, bobs := w.made(t, w.admin.Access)
		ends("a user who is disabled", w.login(t, bob).Access, profile, call{method: "PATCH", path: bobs, json: `{"is_active":false}`}, 200)
		eve, eves := w.made(t, w.admin.Access)
		ends("a user who is deleted", w.login(t, eve).Access, profile, call{method: "DELETE", path: eves}, 204)
		list := call{method: "GET", path: rolesPath}
		c := w.newClient(t, w.admin, []string{"read:roles"}, nil)
		ends("a client that is deleted", w.clientToken(t, c), list, call{method: "DELETE", path: clientsPath + "/" + c.ID}, 204)

		// And one who is a superuser no more keeps what the roles give.
		boss, bosses := w.made(t, w.admin.Access, "superuser")
		access := w.login(t, boss).Access
		other.want(t, http.StatusOK, call{method: "GET", path: keysPath, bearer: access})
		w.as(t, w.admin.Access, "PATCH", bosses, `{"is_superuser":false}`, 200)
		eventually(t, seenWithin, "a superuser is none elsewhere", func() bool {
			got, err := other.try(call{method: "GET", path: keysPath, bearer: access})
			return err == nil && (got.status == http.StatusForbidden || got.status == http.StatusUnauthorized)
		})
	})
}
