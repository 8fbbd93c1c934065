package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func passwordCases(w *world) []contractCase {
	byEmail, wrong := w.alice, w.alice
	byEmail.Username = strings.ToUpper(w.alice.Email)
	wrong.Password = newPassword()
	by := func(c client, call call) call { call.basic = c; return call }
	noAuthenticate := func(t *testing.T, a answer) {
		if a.header.Get("WWW-Authenticate") != "" {
			t.Error("a challenge on 400")
		}
	}
	return []contractCase{
		{name: "PWD-01 built-in client", call: passwordGrant(w.alice), status: http.StatusOK, check: func(t *testing.T, a answer) {
			success(t, a)
			payload := claims(t, a.text("access_token"), 1)
			if payload["sub"] != a.text("user_id") || a.text("user_id") != w.session.UserID || payload["username"] != w.alice.Username || payload["sid"] == nil || payload["client_id"] != "keystone" {
				t.Errorf("claims %v", payload)
			}
			if diff := cmp.Diff([]any{"user"}, payload["roles"]); diff != "" || !strings.HasPrefix(a.text("refresh_token"), "ksr_") {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
		}},
		{name: "PWD-01 by address, folded", call: passwordGrant(byEmail), status: http.StatusOK},
		{name: "PWD-01 registered client", call: by(w.app, passwordGrant(w.alice)), status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.text("scope") != "read:profile" { // what both hold
				t.Errorf("scope %q", a.text("scope"))
			}
		}},
		{name: "PWD-02 wrong password", call: passwordGrant(wrong), status: badRequest, error: "invalid_grant", check: noAuthenticate},
		{name: "PWD-05 no username", call: call{path: tokenPath, form: form("grant_type", "password", "password", "x")}, status: badRequest, error: "invalid_request"},
		{name: "PWD-05 no password", call: call{path: tokenPath, form: form("grant_type", "password", "username", w.alice.Username)}, status: badRequest, error: "invalid_request"},
		{name: "PWD-05 empty password", call: call{path: tokenPath, form: form("grant_type", "password", "username", w.alice.Username, "password", "")}, status: badRequest, error: "invalid_request"},
		{name: "PWD-06, TOK-08 client without the grant", call: by(w.guard, passwordGrant(w.alice)), status: badRequest, error: "unauthorized_client"},
		{name: "PWD-08 beyond the user", call: passwordGrant(w.alice, "scope", "read:profile admin:users"), status: badRequest, error: "invalid_scope"},
		{name: "PWD-08 beyond the client", call: by(w.other, passwordGrant(w.alice, "scope", "write:profile")), status: badRequest, error: "invalid_scope"},
		{name: "PWD-08 less", call: passwordGrant(w.alice, "scope", "read:profile"), status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.text("scope") != "read:profile" {
				t.Errorf("scope %q", a.text("scope"))
			}
		}},
		{name: "USR-07 a password of 900 kB", call: passwordGrant(account{Username: "nobody-" + random(), Password: strings.Repeat("x", 900_000)}), status: badRequest, error: "invalid_grant"},
	}
}

// unlike are the headers in which equal answers may differ.
var unlike = []string{"Date", "X-Request-Id", "Content-Length"}

// TestNoOracle: whether a name exists shows in no answer, before the lock and
// after (PWD-03).
func TestNoOracle(t *testing.T) {
	eachStoreCase(t, "PWD-03, RAT-04", settings{"LOCKOUT_ATTEMPTS": "3"}, func(t *testing.T, s *Server) {
		known := s.register(t)
		known.Password = newPassword()
		unknown := account{Username: "nobody-" + random(), Password: newPassword()}
		asked := 0
		both := func() (a, b answer) {
			asked++
			a, b = s.send(t, passwordGrant(known)), s.send(t, passwordGrant(unknown))
			for _, name := range unlike {
				a.header.Del(name)
				b.header.Del(name)
			}
			return a, b
		}
		for range 3 {
			a, b := both()
			if diff := cmp.Diff(a.header, b.header); diff != "" || a.status != badRequest || b.status != badRequest || string(a.body) != string(b.body) || a.text("reason") != "" {
				t.Errorf("attempt %d: %s\n%s\n%s", asked, a.body, b.body, diff)
			}
		}
		a, b := both()
		for _, locked := range []answer{a, b} {
			until, err := time.Parse(time.RFC3339, locked.text("locked_until"))
			if err != nil || time.Until(until) < 4*time.Minute || locked.text("error") != "invalid_grant" || locked.text("reason") != "account_locked" || locked.status != badRequest || locked.header.Get("Retry-After") == "" {
				t.Errorf("the lock: %d %s %v", locked.status, locked.body, locked.header)
			}
		}
		if a.text("error_description") != b.text("error_description") {
			t.Errorf("%s\n%s", a.body, b.body)
		}
	})
}

// TestWrongGrantCostsNothing: a client that may not use the grant learns and
// spends nothing of the account's budget (TOK-08).
func TestWrongGrantCostsNothing(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		c := passwordGrant(account{Username: w.alice.Username, Password: newPassword()})
		c.basic = w.guard
		for range 12 {
			if got := s.send(t, c); got.text("error") != "unauthorized_client" {
				t.Fatalf("%d %s", got.status, got.body)
			}
		}
		s.login(t, w.alice)
	})
}

func accountCases(w *world) []contractCase {
	taken, mailTaken, fresh := newAccount(), newAccount(), newAccount()
	taken.Username = strings.ToUpper(w.alice.Username)
	mailTaken.Email = strings.ToUpper(w.alice.Email)
	patch := func(json string) call {
		return call{method: "PATCH", path: mePath, bearer: w.session.Access, json: json}
	}
	registered := func(of account) func(t *testing.T, a answer) {
		want := fmt.Sprintf(`{"username":%q,"email":%q,"status":"pending_verification"}`, of.Username, of.Email)
		return func(t *testing.T, a answer) {
			if strings.TrimSpace(string(a.body)) != want {
				t.Errorf("got %s, want %s", a.body, want)
			}
		}
	}
	cases := []contractCase{
		{name: "4.1 registration", call: registration(fresh), status: http.StatusAccepted, check: registered(fresh)},
		{name: "USR-01 taken name, folded", call: registration(taken), status: http.StatusConflict, code: "username_taken"},
		{name: "USR-01 taken address, folded", call: registration(mailTaken), status: http.StatusAccepted, check: registered(mailTaken)},
		{name: "USR-06 short password", call: registration(account{"short-" + random(), "a@example.com", "too short"}), status: unprocessable, code: "validation_failed"},
		{name: "USR-08 NUL in the password", call: call{path: registerPath, json: `{"username":"nul-` + random() + `","email":"n@example.com","password":"long enough\u0000to be one"}`}, status: unprocessable, code: "validation_failed"},
		{name: "USR-02 look-alike name", call: registration(account{"ａｌｉｃｅ", "b@example.com", newPassword()}), status: unprocessable},
		{name: "USR-21 line break in the address", call: registration(account{"crlf-" + random(), "a@b.example\r\nBcc: v@x.example", newPassword()}), status: unprocessable},
		{name: "4.1 me", call: me(w.session.Access), status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.text("id") != w.session.UserID || a.text("username") != w.alice.Username || a.header.Get("ETag") == "" || a.member("password_hash") != nil {
				t.Errorf("%v %s", a.header, a.body)
			}
		}},
		{name: "ADM-29 another version", call: func() call {
			c := patch(`{"bio":"x"}`)
			c.header = http.Header{"If-Match": {`"9999"`}}
			return c
		}(), status: http.StatusPreconditionFailed, code: "version_mismatch"},
		{name: "4.1 change", call: patch(`{"first_name":"Alice","bio":"one\ntwo"}`), status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.text("first_name") != "Alice" || a.text("bio") != "one\ntwo" {
				t.Errorf("%s", a.body)
			}
		}},
		{name: "4.1 alias", call: call{method: "GET", path: "/api/v1/users/profile", bearer: w.session.Access}, status: http.StatusOK},
		{name: "4.1 change by the alias", call: call{method: "PATCH", path: "/api/v1/users/profile", bearer: w.session.Access, json: `{"last_name":"Liddell"}`}, status: http.StatusOK},
		{name: "4.1 clear", call: patch(`{"first_name":null}`), status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.member("first_name") != nil || a.text("bio") == "" {
				t.Errorf("%s", a.body)
			}
		}},
	}
	for _, field := range []string{"roles", "is_superuser", "is_active", "is_verified", "password_hash", "failed_login_attempts", "id", "created_at", "Bio"} {
		cases = append(cases, contractCase{name: "ADM-04 " + field, call: patch(`{"` + field + `":true}`), status: unprocessable, code: "validation_failed"})
	}
	return cases
}
