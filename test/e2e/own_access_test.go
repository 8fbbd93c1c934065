package e2e

import (
	"net/http"
	"slices"
	"testing"
)

const (
	myPasswordPath = mePath + "/password"
	mySessionsPath = mePath + "/sessions"
)

func change(access, current, next string) call {
	return call{path: myPasswordPath, bearer: access, json: text(map[string]string{"current_password": current, "new_password": next})}
}

// TestOwnPassword: USR-11, USR-12 and the policy.
func TestOwnPassword(t *testing.T) {
	eachStoreCase(t, "USR-11, USR-12, RAT-03", settings{"LOCKOUT_ATTEMPTS": "3", "PASSWORD_HISTORY": "3"}, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		a := w.register(t)
		here, there := w.login(t, a), w.login(t, a)
		for password, code := range map[string]string{
			"too short": "too_short", "passwordpassword": "common", "qwertyuiop12345": "common", "keystone-12345678": "personal",
			a.Username + "-2026": "personal", "aaaaaaaaaaaaaaaaaaaaaaaa": "weak",
		} {
			got := w.want(t, 422, change(here.Access, a.Password, password))
			fields, _ := got.member("errors").([]any)
			first, _ := fields[0].(map[string]any)
			if first["field"] != "new_password" || first["code"] != code || (first["score"] != nil) != (code == "weak" || code == "common") {
				t.Errorf("%s: %s, want %s", password, got.body, code)
			}
		}
		w.want(t, 422, change(here.Access, a.Password, a.Password)) // it is the one in force
		w.want(t, http.StatusOK, me(there.Access))

		next := newPassword()
		w.want(t, 204, change(here.Access, a.Password, next))
		w.want(t, http.StatusOK, me(here.Access))
		w.refresh(t, here.Refresh)
		w.wantDead(t, w.guard, there)
		w.want(t, badRequest, passwordGrant(a))
		old := a.Password
		a.Password = next
		w.login(t, a)
		w.want(t, 422, change(here.Access, next, old)) // the history

		// The budget is the one that logins have.
		for range 2 {
			w.want(t, 403, change(here.Access, newPassword(), newPassword())).has(t, "code", "wrong_password")
		}
		wrong := a
		wrong.Password = newPassword()
		w.want(t, badRequest, passwordGrant(wrong))
		got := w.want(t, 403, change(here.Access, a.Password, newPassword()))
		got.has(t, "code", "account_locked")
		if got.header.Get("Retry-After") == "" || got.header.Get("WWW-Authenticate") != "" {
			t.Errorf("answered with %v", got.header)
		}
		w.want(t, badRequest, passwordGrant(a)).has(t, "reason", "account_locked")
		path := adminUsersPath + "/" + here.UserID
		w.as(t, w.admin.Access, "GET", path, "", 200).has(t, "failed_login_attempts", 3)
		w.as(t, w.admin.Access, "POST", path+"/unlock", "", 204)
		w.as(t, w.admin.Access, "GET", path, "", 200).has(t, "locked_until", nil)
		w.login(t, a)

		// An administrator's password ends every session.
		made := w.as(t, w.admin.Access, "POST", path+"/password", "", 200).text("password")
		if len(made) < 20 {
			t.Errorf("generated %d characters", len(made))
		}
		w.wantDead(t, w.guard, here)
		a.Password = made
		g := w.login(t, a)
		w.as(t, w.admin.Access, "POST", path+"/password", text(map[string]string{"password": made}), 422)
		a.Password = newPassword()
		w.as(t, w.admin.Access, "POST", path+"/password", text(map[string]string{"password": a.Password}), 204)
		w.wantDead(t, w.guard, g)
		g = w.login(t, a)

		gone := call{method: "DELETE", path: mePath, bearer: g.Access, json: `{"current_password":"no"}`}
		w.want(t, 403, gone).has(t, "code", "wrong_password")
		gone.json = text(map[string]string{"current_password": a.Password})
		w.want(t, 204, gone)
		w.wantDead(t, w.guard, g)
		w.want(t, badRequest, passwordGrant(a))
	})
}

// TestPasswordClasses: what an installation may require on top.
func TestPasswordClasses(t *testing.T) {
	eachStore(t, settings{"PASSWORD_REQUIRE": "upper,digit", "BOOTSTRAP_ADMIN_PASSWORD": "Correct horse battery 1"}, func(t *testing.T, s *Server) {
		a := newAccount()
		a.Password = "correct horse battery staple"
		s.want(t, 422, registration(a))
		a.Password = "Correct horse battery staple 1"
		s.want(t, http.StatusAccepted, registration(a))
	})
}

// TestOwnSessions: USR-24.
func TestOwnSessions(t *testing.T) {
	eachStoreCase(t, "USR-24, JWT-20, INT-06", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		a, other := w.register(t), w.login(t, w.register(t))
		here, there, elsewhere := w.login(t, a), w.login(t, a), w.login(t, a)
		list := func(path, access string) (ids []string, current int) {
			t.Helper()
			items, _ := w.as(t, access, "GET", path, "", 200).member("items").([]any)
			for _, item := range items {
				session, _ := item.(map[string]any)
				id, _ := session["id"].(string)
				ids = append(ids, id)
				if session["current"] == true {
					current++
				}
				if session["device"] == nil || session["address"] == nil || session["last_used_at"] == nil || session["expires_at"] == nil {
					t.Errorf("a session of %v", session)
				}
			}
			return ids, current
		}
		ids, current := list(mySessionsPath, here.Access)
		if len(ids) != 3 || current != 1 || !slices.Contains(ids, sessionOf(t, there)) {
			t.Errorf("sessions %v, %d current", ids, current)
		}
		w.as(t, here.Access, "DELETE", mySessionsPath+"/"+sessionOf(t, other), "", 404)
		w.want(t, http.StatusOK, me(other.Access))
		w.as(t, here.Access, "DELETE", mySessionsPath+"/"+sessionOf(t, there), "", 204)
		w.as(t, here.Access, "DELETE", mySessionsPath+"/"+sessionOf(t, there), "", 404)
		w.wantDead(t, w.guard, there)
		w.as(t, here.Access, "DELETE", mySessionsPath, "", 204)
		w.wantDead(t, w.guard, elsewhere)
		w.want(t, http.StatusOK, me(here.Access))

		theirs := adminUsersPath + "/" + here.UserID
		if ids, current = list(theirs+"/sessions", w.admin.Access); len(ids) != 1 || current != 0 {
			t.Errorf("sessions %v, %d current", ids, current)
		}
		w.as(t, w.admin.Access, "DELETE", theirs+"/sessions", "", 204)
		w.wantDead(t, w.guard, here)
		again := w.login(t, a)
		w.as(t, w.admin.Access, "POST", theirs+"/logout", "", 204)
		w.wantDead(t, w.guard, again)

		// Deactivation ends what is open and lets nobody in.
		again = w.login(t, a)
		w.as(t, w.admin.Access, "PATCH", theirs, `{"is_active":false}`, 200)
		w.wantDead(t, w.guard, again)
		w.want(t, badRequest, passwordGrant(a)).has(t, "reason", "account_disabled")
		w.as(t, w.admin.Access, "PATCH", theirs, `{"is_active":true}`, 200)
		w.want(t, http.StatusUnauthorized, me(again.Access))
		w.login(t, a)

		// Machines have neither.
		machine := w.administrator(t, "read:users")
		for _, c := range []call{{method: "GET", path: mySessionsPath}, {method: "DELETE", path: mySessionsPath}, change("", "a", newPassword()), {method: "DELETE", path: mePath, json: `{}`}} {
			c.bearer = machine
			w.want(t, 403, c)
		}
	})
}
