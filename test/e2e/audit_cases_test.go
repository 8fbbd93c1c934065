package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// event is a record of the audit trail.
type event struct {
	Type, Outcome  string
	Reason         *string
	Actor, Subject struct{ Type, ID string }
	Address        *string
	RequestID      *string `json:"request_id"`
	OccurredAt     string  `json:"occurred_at"`
}

func (s *Server) audit(t *testing.T, access, query string) []event {
	t.Helper()
	var list struct{ Items []event }
	got := s.want(t, http.StatusOK, call{method: "GET", path: "/api/v1/admin/audit?limit=100&" + query, bearer: access})
	if err := json.Unmarshal(got.body, &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// TestAuditTrail: who did what to whom, from where, when and with what result.
func TestAuditTrail(t *testing.T) {
	eachStore(t, settings{"LOCKOUT_ATTEMPTS": "3", "REFRESH_RETRY_WINDOW": "0"}, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		admin := w.admin.Access
		bob, path := w.made(t, admin)
		id := strings.TrimPrefix(path, adminUsersPath+"/")
		role, scope := "role-"+random(), "read:res"+random()
		c := w.newClient(t, w.admin, nil, nil)
		type step struct {
			call    call
			status  int
			kind    string
			subject string
		}
		as := func(method, path, json string) call {
			return call{method: method, path: path, bearer: admin, json: json}
		}
		for _, each := range []step{
			{as("PATCH", path, `{"first_name":"Bob"}`), 200, "user.updated", id},
			{as("PUT", path+"/roles/admin", ""), 204, "user.role_assigned", id},
			{as("DELETE", path+"/roles/admin", ""), 204, "user.role_withdrawn", id},
			{as("PATCH", path, `{"is_active":false}`), 200, "user.deactivated", id},
			{as("PATCH", path, `{"is_active":true}`), 200, "user.activated", id},
			{as("PATCH", path, `{"is_superuser":true}`), 200, "user.promoted", id},
			{as("PATCH", path, `{"is_superuser":false}`), 200, "user.demoted", id},
			{as("POST", path+"/unlock", ""), 204, "user.unlocked", id},
			{as("POST", rolesPath, text(members{"name": role})), 201, "role.created", ""},
			{as("PATCH", rolesPath+"/"+role, `{"description":"x"}`), 200, "role.updated", ""},
			{as("POST", scopesPath, text(members{"name": scope})), 201, "scope.created", ""},
			{as("PUT", rolesPath+"/"+role+"/scopes/"+scope, ""), 204, "role.scope_granted", ""},
			{as("DELETE", rolesPath+"/"+role+"/scopes/"+scope, ""), 204, "role.scope_withdrawn", ""},
			{as("DELETE", rolesPath+"/"+role, ""), 204, "role.deleted", ""},
			{as("DELETE", scopesPath+"/"+scope, ""), 204, "scope.deleted", ""},
			{as("PATCH", clientsPath+"/"+c.ID, `{"name":"x"}`), 200, "client.updated", ""},
			{as("POST", clientsPath+"/"+c.ID+"/secret", ""), 200, "client.secret_rotated", ""},
			{as("POST", allClientsPath+"/"+c.ID+"/deactivate", ""), 204, "client.deactivated", ""},
			{as("POST", allClientsPath+"/"+c.ID+"/activate", ""), 204, "client.activated", ""},
			{as("DELETE", clientsPath+"/"+c.ID, ""), 204, "client.deleted", ""},
			{as("PATCH", "/api/v1/admin/settings", `{"password_history":7}`), 200, "setting.changed", ""},
			{as("POST", "/api/v1/admin/keys/rotate", ""), 200, "key.rotated", ""},
		} {
			t.Run("ADM-26, OPS-08 "+each.kind, func(t *testing.T) {
				each.call.header = http.Header{"X-Request-Id": {"audit-" + random()}}
				s.want(t, each.status, each.call)
				for _, e := range s.audit(t, admin, "type="+each.kind) {
					if e.RequestID == nil || *e.RequestID != each.call.header.Get("X-Request-Id") {
						continue
					}
					if e.Outcome != "success" || e.Actor.ID != w.admin.UserID || e.Actor.Type != "user" || e.Subject.ID == "" || each.subject != "" && e.Subject.ID != each.subject ||
						e.Address == nil || *e.Address != "127.0.0.1" || !strings.HasSuffix(e.OccurredAt, "Z") {
						t.Errorf("%+v", e)
					}
					return
				}
				t.Errorf("no event of the request")
			})
		}
		wrong := bob
		wrong.Password = newPassword()
		for range 3 {
			s.want(t, badRequest, passwordGrant(wrong))
		}
		stolen := s.login(t, w.alice)
		s.refresh(t, stolen.Refresh)
		s.want(t, badRequest, refreshGrant(stolen.Refresh))
		for kind, subject := range map[string]string{"user.login_failed": id, "user.locked": id, "user.login_succeeded": stolen.UserID, "token.reuse_detected": stolen.UserID} {
			t.Run("OPS-08 "+kind, func(t *testing.T) {
				found := s.audit(t, admin, "type="+kind+"&subject="+subject)
				if len(found) == 0 || found[0].RequestID == nil || kind == "user.login_failed" && (found[0].Outcome != "failure" || found[0].Reason == nil) {
					t.Errorf("%+v", found)
				}
			})
		}
		t.Run("OPS-08 a client that was refused", func(t *testing.T) {
			guessed := w.newClient(t, w.admin, nil, nil)
			for who, kind := range map[client]string{{ID: guessed.ID, Secret: newPassword()}: "client", {ID: guessed.Secret, Secret: newPassword()}: "unknown"} { // its secret in the wrong place
				request := http.Header{"X-Request-Id": {"guessed-" + random()}}
				s.want(t, http.StatusUnauthorized, call{path: tokenPath, basic: who, form: form("grant_type", "client_credentials"), header: request})
				found := slices.DeleteFunc(s.audit(t, admin, "type=client.refused"), func(e event) bool {
					return e.RequestID == nil || *e.RequestID != request.Get("X-Request-Id")
				})
				if len(found) != 1 || found[0].Outcome != "failure" || found[0].Subject.Type != kind || found[0].Actor.Type != "unknown" ||
					kind == "client" && found[0].Subject.ID != guessed.ID || kind == "unknown" && found[0].Subject.ID != "" {
					t.Errorf("%s: %+v", kind, found)
				}
			}
		})
		t.Run("ADM-26 what was refused", func(t *testing.T) {
			request := "refused-" + random()
			s.want(t, http.StatusForbidden, call{method: "DELETE", path: path, bearer: w.session.Access, header: http.Header{"X-Request-Id": {request}}})
			for _, e := range s.audit(t, admin, "outcome=failure&actor="+w.session.UserID) {
				if e.RequestID != nil && *e.RequestID == request && e.Reason != nil && strings.HasPrefix(*e.Reason, "insufficient_scope") && e.Type == "access.denied" {
					return
				}
			}
			t.Errorf("%+v", s.audit(t, admin, "outcome=failure&actor="+w.session.UserID))
		})
	})
}
