package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const (
	badRequest    = http.StatusBadRequest
	unauthorized  = http.StatusUnauthorized
	unprocessable = http.StatusUnprocessableEntity
)

func tokenCases(w *world) []contractCase {
	asked := form("grant_type", "client_credentials")
	inQuery := "?" + form("grant_type", "client_credentials", "client_id", w.app.ID, "client_secret", w.app.Secret)
	multipart := "--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--x--\r\n"
	var unknown strings.Builder
	for i := range 50 {
		fmt.Fprintf(&unknown, "&unknown%d=x", i)
	}
	hostile := "x\"y\\z<script>\r\nSet-Cookie:a=b ü\x01"
	sent := func(c call) call { c.path, c.basic = tokenPath, w.app; return c }
	cases := []contractCase{
		{name: "TOK-01 GET", call: call{method: "GET", path: tokenPath + inQuery}, status: http.StatusMethodNotAllowed, error: "invalid_request", check: allowsPost},
		{name: "TOK-02 credentials in the query", call: call{path: tokenPath + inQuery, raw: "&", media: mediaForm}, status: badRequest, error: "invalid_request"},
		{name: "TOK-02 client in the query", call: call{path: tokenPath + inQuery, form: asked}, status: unauthorized, error: "invalid_client"},
		{name: "TOK-03 JSON", call: sent(call{json: `{"grant_type":"client_credentials"}`}), status: http.StatusUnsupportedMediaType, error: "invalid_request"},
		{name: "TOK-03 text", call: sent(call{raw: asked, media: "text/plain"}), status: http.StatusUnsupportedMediaType, error: "invalid_request"},
		{name: "TOK-03 multipart", call: sent(call{raw: multipart, media: "multipart/form-data; boundary=x"}), status: http.StatusUnsupportedMediaType, error: "invalid_request"},
		{name: "TOK-03 no type", call: sent(call{raw: asked}), status: http.StatusUnsupportedMediaType, error: "invalid_request"},
		{name: "TOK-04 charset", call: sent(call{form: asked, media: mediaForm + "; charset=UTF-8"}), status: http.StatusOK},
		{name: "TOK-04 upper case", call: sent(call{form: asked, media: strings.ToUpper(mediaForm)}), status: http.StatusOK},
		{name: "TOK-04 chunked", call: sent(call{body: io.MultiReader(strings.NewReader(asked)), media: mediaForm}), status: http.StatusOK},
		{name: "TOK-07 missing", call: sent(call{form: "scope=read%3Aprofile"}), status: badRequest, error: "invalid_request"},
		{name: "TOK-07 upper case", call: sent(call{form: form("grant_type", "CLIENT_CREDENTIALS")}), status: badRequest, error: "unsupported_grant_type"},
		{name: "TOK-07 trailing blank", call: sent(call{form: form("grant_type", "client_credentials ")}), status: badRequest, error: "unsupported_grant_type"},
		{name: "TOK-07 unknown", call: sent(call{form: form("grant_type", "urn:unknown")}), status: badRequest, error: "unsupported_grant_type"},
		{name: "TOK-10 scope in the query", call: call{path: tokenPath + "?scope=admin:users", basic: w.app, form: form("grant_type", "client_credentials", "scope", "read:profile")},
			status: http.StatusOK, check: func(t *testing.T, a answer) {
				if scope := claims(t, a.text("access_token"), 1)["scope"]; scope != "read:profile" {
					t.Errorf("scope %v", scope)
				}
			}},
		{name: "TOK-11 unknown parameters", call: sent(call{form: asked + unknown.String()}), status: http.StatusOK},
		{name: "TOK-12, TOK-13, TOK-19, JWT-17 success", call: sent(call{form: asked + "&scope=read%3Aprofile"}), status: http.StatusOK, check: success},
		{name: "TOK-18 blanks and repetition", call: sent(call{form: form("grant_type", "client_credentials", "scope", "  read:profile   read:profile read:roles ")}),
			status: http.StatusOK, check: func(t *testing.T, a answer) {
				if a.text("scope") != "read:profile read:roles" {
					t.Errorf("scope %q", a.text("scope"))
				}
			}},
		{name: "TOK-20 2 MiB", call: sent(call{form: asked + "&x=" + strings.Repeat("x", 2<<20)}), status: http.StatusRequestEntityTooLarge, error: "invalid_request"},
		{name: "TOK-20 2 MiB in chunks", call: sent(call{body: io.MultiReader(strings.NewReader(asked + "&x=" + strings.Repeat("x", 2<<20))), media: mediaForm}),
			status: http.StatusRequestEntityTooLarge, error: "invalid_request"},
		{name: "TOK-20 100 000 parameters", call: sent(call{form: asked + strings.Repeat("&a=b", 100_000)}), status: badRequest, error: "invalid_request"},
		{name: "TOK-20 10 000 scopes", call: sent(call{form: asked + "&scope=" + strings.Repeat("a%3Ab+", 10_000)}), status: badRequest, error: "invalid_scope"},
		{name: "INP-05 NUL", call: sent(call{form: asked + "&x=%00"}), status: badRequest, error: "invalid_request"},
		{name: "INP-05 no UTF-8", call: sent(call{form: asked + "&x=%ff"}), status: badRequest, error: "invalid_request"},
		{name: "WEB-16 a cookie", call: call{path: tokenPath, form: asked, header: http.Header{"Cookie": {"session=" + w.session.Access}}}, status: unauthorized, error: "invalid_client"},
	}
	for _, name := range []string{"grant_type", "scope", "username", "password", "refresh_token", "client_id", "client_secret"} {
		cases = append(cases, contractCase{name: "TOK-15 hostile " + name, call: call{path: tokenPath, form: hostileForm(w, name, hostile)},
			status: hostileStatus(name), check: func(t *testing.T, a answer) {
				if a.header.Get("Set-Cookie") != "" || strings.Contains(string(a.body), "<script") {
					t.Errorf("echoes: %v %s", a.header, a.body)
				}
			}})
	}
	return cases
}

// hostileForm is a good password request but for one parameter.
func hostileForm(w *world, name, value string) string {
	values := url.Values{"grant_type": {"password"}, "username": {"nobody-" + random()}, "password": {w.alice.Password}, "client_id": {w.app.ID}, "client_secret": {w.app.Secret}}
	if name == "refresh_token" {
		values.Set("grant_type", "refresh_token")
	}
	values.Set(name, value)
	return values.Encode()
}

func hostileStatus(name string) int {
	if strings.HasPrefix(name, "client_") {
		return unauthorized
	}
	return badRequest
}

func allowsPost(t *testing.T, a answer) {
	if a.header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q, want POST", a.header.Get("Allow"))
	}
}

// success checks RFC 6749, section 5.1, and RFC 9068, section 2 (JWT-17, JWT-18).
func success(t *testing.T, a answer) {
	access := a.text("access_token")
	header, payload := claims(t, access, 0), claims(t, access, 1)
	if a.text("token_type") != "Bearer" || a.text("scope") != payload["scope"] || a.header.Get("Content-Type") != mediaJSON {
		t.Errorf("%s with scope %v", a.body, payload["scope"])
	}
	lifetime := number(t, payload["exp"]) - number(t, payload["iat"])
	if expires := number(t, a.member("expires_in")); expires != lifetime || lifetime <= 0 || lifetime > 3600 {
		t.Errorf("expires_in %v, exp-iat %v", expires, lifetime)
	}
	if header["typ"] != "at+jwt" || header["kid"] == nil || header["alg"] == "none" {
		t.Errorf("header %v", header)
	}
	for _, name := range []string{"iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope"} {
		if payload[name] == nil {
			t.Errorf("no claim %s", name)
		}
	}
	for _, name := range []string{"email", "password", "is_superuser"} {
		if payload[name] != nil {
			t.Errorf("claim %s", name)
		}
	}
}

// repeatedCases send each parameter twice (TOK-09).
func repeatedCases(w *world) []contractCase {
	valid := map[string]string{
		"grant_type": "password", "username": w.alice.Username, "password": w.alice.Password, "scope": "read:profile",
		"client_id": w.app.ID, "client_secret": w.app.Secret, "refresh_token": w.session.Refresh, "unknown": "x",
	}
	var all []string
	for name, value := range valid {
		all = append(all, name, value)
	}
	var cases []contractCase
	for name, value := range valid {
		for kind, second := range map[string]string{"equal": value, "different": "x", "empty": ""} {
			cases = append(cases, contractCase{name: "TOK-09 " + name + " " + kind, status: badRequest, error: "invalid_request",
				call: call{path: tokenPath, form: form(all...) + "&" + form(name, second)}})
		}
	}
	return append(cases, contractCase{name: "INT-11 token twice", status: badRequest, error: "invalid_request",
		call: call{path: introspectPath, basic: w.guard, form: form("token", "x", "token", "x")}})
}

// methodCases: only POST, and nothing is echoed (TOK-22, INT-11, REV-07).
func methodCases() []contractCase {
	var cases []contractCase
	for _, path := range []string{tokenPath, introspectPath, revokePath} {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"} {
			cases = append(cases, contractCase{name: fmt.Sprintf("TOK-22 %s %s", method, path), call: call{method: method, path: path},
				status: http.StatusMethodNotAllowed, check: allowsPost})
		}
	}
	return cases
}
