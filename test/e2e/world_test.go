package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// account is a user as it logs in.
type account struct{ Username, Email, Password string }

// client is a service client as it authenticates.
type client struct{ ID, Secret string }

// grant is what the token endpoint gave.
type grant struct{ Access, Refresh, UserID, Scope string }

func random() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never returns an error since Go 1.24
	return hex.EncodeToString(b[:])
}

// newPassword has characters that every encoding spells differently.
func newPassword() string { return "correct horse + " + random() + "/%" }

func newAccount() account {
	name := "alice-" + random()
	return account{Username: name, Email: name + "@example.com", Password: newPassword()}
}

func text(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err) // only texts and lists of them come here
	}
	return string(encoded)
}

func registration(a account) call {
	return call{path: registerPath, json: text(map[string]string{"username": a.Username, "email": a.Email, "password": a.Password})}
}

// register makes an account.
func (s *Server) register(t *testing.T) account {
	t.Helper()
	a := newAccount()
	s.want(t, http.StatusAccepted, registration(a))
	return a
}

func passwordGrant(a account, more ...string) call {
	return call{path: tokenPath, form: form(append([]string{"grant_type", "password", "username", a.Username, "password", a.Password}, more...)...)}
}

func refreshGrant(refresh string, more ...string) call {
	return call{path: tokenPath, form: form(append([]string{"grant_type", "refresh_token", "refresh_token", refresh}, more...)...)}
}

func granted(a answer) grant {
	return grant{Access: a.text("access_token"), Refresh: a.text("refresh_token"), UserID: a.text("user_id"), Scope: a.text("scope")}
}

// login opens a session with the built-in client, or with the given one.
func (s *Server) login(t *testing.T, a account, by ...client) grant {
	t.Helper()
	c := passwordGrant(a)
	if len(by) > 0 {
		c.basic = by[0]
	}
	return granted(s.want(t, http.StatusOK, c))
}

// refresh spends a refresh token.
func (s *Server) refresh(t *testing.T, refresh string) grant {
	t.Helper()
	return granted(s.want(t, http.StatusOK, refreshGrant(refresh)))
}

// newClient registers a service client on behalf of the superuser.
func (s *Server) newClient(t *testing.T, admin grant, scopes, grants []string) client {
	t.Helper()
	draft := map[string]any{"name": "e2e " + random()}
	if scopes != nil {
		draft["scopes"] = scopes
	}
	if grants != nil {
		draft["grant_types"] = grants
	}
	made := s.want(t, http.StatusCreated, call{path: clientsPath, bearer: admin.Access, json: text(draft)})
	return client{ID: made.text("client_id"), Secret: made.text("client_secret")}
}

// me asks for the bearer's own account.
func me(access string) call { return call{method: "GET", path: mePath, bearer: access} }

// introspected gives the state of a token, as who may see every token sees it.
func (s *Server) introspected(t *testing.T, by client, raw string) answer {
	t.Helper()
	return s.want(t, http.StatusOK, call{path: introspectPath, basic: by, form: form("token", raw)})
}

// wantDead holds a session's tokens to being refused everywhere.
func (s *Server) wantDead(t *testing.T, by client, tokens ...grant) {
	t.Helper()
	for i, g := range tokens {
		for _, raw := range []string{g.Access, g.Refresh} {
			if got := s.introspected(t, by, raw); strings.TrimSpace(string(got.body)) != `{"active":false}` {
				t.Errorf("token %d of a dead session: introspection says %s", i, got.body)
			}
		}
		if got := s.send(t, me(g.Access)); got.status != http.StatusUnauthorized {
			t.Errorf("access token %d of a dead session: status %d, want 401", i, got.status)
		}
		if got := s.send(t, refreshGrant(g.Refresh)); got.status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
			t.Errorf("refresh token %d of a dead session: %d %s", i, got.status, got.body)
		}
	}
}

// claims reads a token without verifying it; part 0 is the header, 1 the payload.
func claims(t *testing.T, access string, part int) map[string]any {
	t.Helper()
	parts := strings.Split(access, ".")
	if len(parts) != 3 {
		t.Fatalf("not a compact JWS: %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

// sessionOf is the session that an access token belongs to.
func sessionOf(t *testing.T, g grant) string {
	t.Helper()
	sid, _ := claims(t, g.Access, 1)["sid"].(string)
	if sid == "" {
		t.Fatal("the access token names no session")
	}
	return sid
}

// world is who takes part in the cases of the contract.
type world struct {
	*Server
	admin   grant
	alice   account
	session grant  // alice's, of the built-in client
	guard   client // may introspect every token
	app     client // may do all grants, for users too
	other   client // the same, another
}

func newWorld(t *testing.T, s *Server) *world {
	t.Helper()
	w := &world{Server: s, alice: s.register(t), admin: s.login(t, s.Admin)}
	all := []string{"password", "refresh_token", "client_credentials"}
	w.session = s.login(t, w.alice)
	w.guard = s.newClient(t, w.admin, []string{"introspect:tokens", "read:users"}, nil)
	w.app = s.newClient(t, w.admin, []string{"read:profile", "read:roles"}, all)
	w.other = s.newClient(t, w.admin, []string{"read:profile"}, all)
	return w
}

// clientToken is an access token of a client's own.
func (w *world) clientToken(t *testing.T, c client) string {
	t.Helper()
	return w.want(t, http.StatusOK, call{path: tokenPath, basic: c, form: form("grant_type", "client_credentials")}).text("access_token")
}
