package e2e

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const basicRealm = `Basic realm="keystone"`

func clientCases(w *world) []contractCase {
	asked := form("grant_type", "client_credentials")
	wrong := client{w.app.ID, "kss_" + strings.Repeat("x", 49)}
	authorization := func(values ...string) http.Header { return http.Header{"Authorization": values} }
	encoded := func(plain string) string { return base64.StdEncoding.EncodeToString([]byte(plain)) }
	own := encoded(w.app.ID + ":" + w.app.Secret)
	refused := func(name string, c call) contractCase {
		c.path = tokenPath
		return contractCase{name: name, call: c, status: unauthorized, error: "invalid_client", says: []string{basicRealm}}
	}
	bad := func(name string, c call) contractCase {
		c.path = tokenPath
		return contractCase{name: name, call: c, status: badRequest, error: "invalid_request"}
	}
	accepted := func(name string, c call) contractCase {
		c.path = tokenPath
		return contractCase{name: name, call: c, status: http.StatusOK}
	}
	assertion := form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "e30.e30.x")
	inBody := func(c client, more ...string) string {
		return form(append([]string{"grant_type", "client_credentials", "client_id", c.ID, "client_secret", c.Secret}, more...)...)
	}
	cases := []contractCase{
		refused("CLI-01 nobody", call{form: asked}),
		refused("CLI-02 wrong secret, Basic", call{basic: wrong, form: asked}),
		refused("CLI-02 unknown client, Basic", call{basic: client{"ksc_nobody", w.app.Secret}, form: asked}),
		refused("CLI-04 wrong secret, body", call{form: inBody(wrong)}),
		bad("CLI-05 Basic and body", call{basic: w.app, form: inBody(w.app)}),
		bad("CLI-05 Basic and assertion", call{basic: w.app, form: asked + "&" + assertion}),
		refused("CLI-05 assertion", call{form: asked + "&" + assertion}),
		bad("CLI-06 another client_id", call{basic: w.app, form: asked + "&" + form("client_id", w.other.ID)}),
		accepted("CLI-07 the same client_id", call{basic: w.app, form: asked + "&" + form("client_id", w.app.ID)}),
		accepted("CLI-09 raw", call{header: authorization("Basic " + own), form: asked}),
		accepted("CLI-09 encoded", call{basic: w.app, form: asked}),
		accepted("CLI-09 encoded to excess", call{header: authorization("Basic " + encoded(w.app.ID+":"+strings.ReplaceAll(w.app.Secret, "_", "%5F"))), form: asked}),
		refused("CLI-10 broken encoding", call{header: authorization("Basic " + encoded("foo %:bar $")), form: asked}),
		bad("CLI-11 two headers", call{header: authorization("Basic "+own, "Basic "+own), form: asked}),
		accepted("CLI-12 lower-case scheme", call{header: authorization("basic " + own), form: asked}),
		refused("CLI-13 no secret, client credentials", call{form: asked + "&" + form("client_id", w.app.ID)}),
		refused("CLI-13 no secret, password", call{form: passwordGrant(w.alice, "client_id", w.app.ID).form}),
		refused("CLI-13 no secret, refresh", call{form: refreshGrant(w.session.Refresh, "client_id", w.app.ID).form}),
		refused("CLI-14 empty secret, Basic", call{header: authorization("Basic " + encoded(w.app.ID+":")), form: asked}),
		refused("CLI-14 empty secret, body", call{form: inBody(client{w.app.ID, ""})}),
		refused("CLI-14 the built-in client, empty secret", call{header: authorization("Basic " + encoded("keystone:")), form: passwordGrant(w.alice).form}),
		refused("CLI-15 the built-in client with a secret", call{basic: client{"keystone", w.app.Secret}, form: passwordGrant(w.alice).form}),
		refused("3.1 a secret without an id", call{form: asked + "&" + form("client_secret", w.app.Secret)}),
		refused("2.3.1 NUL in the id", call{header: authorization("Basic " + encoded("key%00stone:x")), form: asked}),
	}
	for _, header := range []string{"Basic", "Basic Zm9v", "Basic !!!", "Basic " + own + "!", "Bearer x", "Digest x", ""} {
		cases = append(cases, refused("CLI-11 header "+strings.ReplaceAll(header, own, "own"), call{header: authorization(header), form: passwordGrant(w.alice, "client_id", "keystone").form}))
	}
	return cases
}

// TestSecretAlphabet: what the server makes needs no encoding anywhere (CLI-09).
func TestSecretAlphabet(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		plain := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
		for i := range 50 {
			c := s.newClient(t, w.admin, nil, nil)
			if !plain.MatchString(c.ID) || !plain.MatchString(c.Secret) || !strings.HasPrefix(c.Secret, "kss_") || len(c.Secret) < 40 {
				t.Fatalf("client %d: id %q, secret of %d characters", i, c.ID, len(c.Secret))
			}
		}
		if !plain.MatchString(w.session.Refresh) || !strings.HasPrefix(w.session.Refresh, "ksr_") {
			t.Errorf("a refresh token of another form: %q", w.session.Refresh)
		}
	})
}

func clientCredentialsCases(t *testing.T, w *world) []contractCase {
	t.Helper()
	machine := w.clientToken(t, w.app)
	minute := w.want(t, http.StatusCreated, call{path: clientsPath, bearer: w.admin.Access, json: `{"name":"a minute","scopes":["read:roles"],"access_token_lifetime":60}`})
	short := client{minute.text("client_id"), minute.text("client_secret")}
	return []contractCase{
		{name: "CCG-02 public client", call: call{path: tokenPath, form: form("grant_type", "client_credentials", "client_id", "keystone")}, status: badRequest, error: "unauthorized_client"},
		{name: "CCG-02 nobody", call: call{path: tokenPath, form: form("grant_type", "client_credentials")}, status: unauthorized, error: "invalid_client"},
		{name: "CCG-02 a confidential client without its secret", call: call{path: tokenPath, form: form("grant_type", "client_credentials", "client_id", w.app.ID)}, status: unauthorized, error: "invalid_client"},
		{name: "CCG-03 one scope too many", call: call{path: tokenPath, basic: w.app, form: form("grant_type", "client_credentials", "scope", "read:profile admin:users")}, status: badRequest, error: "invalid_scope"},
		{name: "CCG-03 no scope is all", call: call{path: tokenPath, basic: w.app, form: form("grant_type", "client_credentials")}, status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.text("scope") != "read:profile read:roles" || a.member("refresh_token") != nil || a.member("user_id") != nil {
				t.Errorf("answer %s", a.body)
			}
			if payload := claims(t, a.text("access_token"), 1); payload["sub"] != w.app.ID || payload["sid"] != nil || payload["username"] != nil {
				t.Errorf("claims %v", payload)
			}
		}},
		{name: "CCG-05 own account", call: me(machine), status: http.StatusForbidden, code: "forbidden"},
		{name: "CCG-05 profile", call: call{method: "GET", path: "/api/v1/users/profile", bearer: machine}, status: http.StatusForbidden, code: "forbidden"},
		{name: "CCG-05 logout", call: call{path: logoutPath, bearer: machine}, status: http.StatusForbidden, code: "forbidden"},
		{name: "CCG-06 resource is ignored", call: call{path: tokenPath, basic: w.app, form: form("grant_type", "client_credentials", "resource", "https://rs.example", "audience", "https://rs.example")},
			status: http.StatusOK, check: func(t *testing.T, a answer) {
				if strings.Contains(text(claims(t, a.text("access_token"), 1)["aud"]), "rs.example") {
					t.Error("the audience was widened")
				}
			}},
		{name: "CCG-07 lifetime of a minute", call: call{path: tokenPath, basic: short, form: form("grant_type", "client_credentials")}, status: http.StatusOK, check: func(t *testing.T, a answer) {
			payload := claims(t, a.text("access_token"), 1)
			state := w.introspected(t, w.guard, a.text("access_token"))
			for name, got := range map[string]float64{
				"expires_in": number(t, a.member("expires_in")), "exp-iat": number(t, payload["exp"]) - number(t, payload["iat"]),
				"introspection": number(t, state.member("exp")) - number(t, state.member("iat")),
			} {
				if got != 60 {
					t.Errorf("%s: %v, want 60", name, got)
				}
			}
		}},
	}
}
