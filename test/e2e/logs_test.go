package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// logged gives the lines of the log that hold what is asked for.
func (s *Server) logged(t *testing.T, want map[string]string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(s.stdout.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("a line of the log is not a JSON object: %q", line)
		}
		holds := true
		for name, value := range want {
			text, _ := record[name].(string)
			holds = holds && text == value
		}
		if holds {
			found = append(found, record)
		}
	}
	return found
}

// TestSecurityEventsAreLoggedApart holds the log to the contract, section 5: a
// request is one line, and what it led to another, under the same request id.
func TestSecurityEventsAreLoggedApart(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		alice := s.register(t)
		guess := passwordGrant(account{Username: alice.Username, Password: "wrong " + newPassword()})
		guess.header = http.Header{"X-Request-Id": {"the-guess"}}
		s.want(t, http.StatusBadRequest, guess)
		login := passwordGrant(alice)
		login.header = http.Header{"X-Request-Id": {"the-login"}}
		session := granted(s.want(t, http.StatusOK, login))
		s.want(t, http.StatusNoContent, call{path: logoutPath, bearer: session.Access, header: http.Header{"X-Request-Id": {"the-end"}}})
		c := s.newKeyClient(t, s.login(t, s.Admin), nil, nil)
		signed, beyond := asserting(c.sign(t, c.claims(s))), asserting(c.sign(t, c.claims(s)), "scope", "admin:system")
		signed.header, beyond.header = http.Header{"X-Request-Id": {"the-assertion"}}, http.Header{"X-Request-Id": {"the-refusal"}}
		s.want(t, http.StatusOK, signed)
		s.want(t, http.StatusBadRequest, beyond)
		stranger := call{path: tokenPath, basic: client{c.ID, "kss_wrong"}, form: form("grant_type", "client_credentials"), header: http.Header{"X-Request-Id": {"the-stranger"}}}
		s.want(t, http.StatusUnauthorized, stranger)

		s.Stop(t) // all that it wrote has arrived then
		for _, want := range []map[string]string{
			{"logger": "audit", "msg": "user.registered", "outcome": "success", "subject": session.UserID},
			{"logger": "audit", "msg": "user.login_failed", "outcome": "failure", "reason": "bad_credentials", "subject": session.UserID, "request_id": "the-guess"},
			{"logger": "audit", "msg": "user.login_succeeded", "outcome": "success", "actor": session.UserID, "request_id": "the-login"},
			{"logger": "audit", "msg": "session.ended", "subject": sessionOf(t, session), "request_id": "the-end"},
			{"msg": "request", "request_id": "the-login", "route": tokenPath, "subject": session.UserID},
			{"msg": "request", "request_id": "the-assertion", "subject": c.ID},
			{"msg": "request", "request_id": "the-refusal", "subject": c.ID},
			{"msg": "request", "request_id": "the-stranger", "subject": ""},
		} {
			if found := s.logged(t, want); len(found) != 1 {
				t.Errorf("%d lines of the log hold %v, want 1", len(found), want)
			}
		}
		if strings.Contains(s.Logs(), alice.Email) {
			t.Error("the log holds an address of a person")
		}
	})
}
