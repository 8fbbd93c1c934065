package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// unsigned is the token with alg none and no signature.
func unsigned(t *testing.T, access string) string {
	t.Helper()
	header := claims(t, access, 0)
	header["alg"] = "none"
	return base64.RawURLEncoding.EncodeToString([]byte(text(header))) + "." + strings.Split(access, ".")[1] + "."
}

func bearerCases(t *testing.T, w *world) []contractCase {
	t.Helper()
	const invalid = `error="invalid_token"`
	revoked := w.login(t, w.alice)
	w.want(t, http.StatusOK, call{path: revokePath, form: form("token", revoked.Access)})
	access := w.session.Access
	cases := []contractCase{
		{name: "BRR-01 no token", call: call{method: "GET", path: mePath}, status: unauthorized, code: "missing_token", says: []string{`Bearer realm="keystone"`}, check: func(t *testing.T, a answer) {
			if strings.Contains(a.header.Get("WWW-Authenticate"), "error") {
				t.Errorf("an error where nothing was tried: %q", a.header.Get("WWW-Authenticate"))
			}
		}},
		{name: "BRR-03 without the scope", call: call{path: clientsPath, bearer: access, json: `{}`}, status: http.StatusForbidden, code: "insufficient_scope",
			says: []string{`error="insufficient_scope"`, `scope="write:clients"`}},
		{name: "BRR-05 in the query", call: call{method: "GET", path: mePath + "?access_token=" + access}, status: unauthorized, code: "missing_token"},
		{name: "BRR-05 in a form", call: call{path: logoutPath, form: form("access_token", access)}, status: unauthorized},
		{name: "BRR-05 two headers", call: call{method: "GET", path: mePath, header: http.Header{"Authorization": {"Bearer " + access, "Bearer " + access}}}, status: unauthorized},
		{name: "BRR-08 own account", call: me(access), status: http.StatusOK}, // wellFormed wants no-store
		{name: "RFC 9110, 11.1 lower-case scheme", call: call{method: "GET", path: mePath, header: http.Header{"Authorization": {"bearer " + access}}}, status: http.StatusOK},
		{name: "WEB-16 a cookie", call: call{method: "GET", path: mePath, header: http.Header{"Cookie": {"access_token=" + access}}}, status: unauthorized, code: "missing_token"},
		{name: "2 order: 401 before 415", call: call{path: checkPath, raw: "x", media: "text/plain"}, status: unauthorized},
		{name: "2 order: 403 before 415", call: call{path: clientsPath, bearer: access, raw: "x", media: "text/plain"}, status: http.StatusForbidden},
	}
	for name, raw := range map[string]string{
		"BRR-02 garbage": "garbage", "BRR-02 revoked": revoked.Access, "JWT-01 unsigned": unsigned(t, access), "JWT-12 refresh token": w.session.Refresh,
		"JWT-13 cut": access[:len(access)-2], "JWT-13 no signature": access[:strings.LastIndexByte(access, '.')+1], "JWT-14 padded": access + "==",
		"JWT-14 four parts": access + ".x", "JWT-14 five parts": access + ".x.y", "JWT-16 a long token": strings.Repeat("a", 20_000),
		"JWT-13 zero signature": access[:strings.LastIndexByte(access, '.')+1] + strings.Repeat("A", 86),
	} {
		cases = append(cases, contractCase{name: name, call: me(raw), status: unauthorized, code: "invalid_token", says: []string{"Bearer", invalid}})
	}
	return cases
}

func jsonCases(w *world) []contractCase {
	check := func(json string) call { return call{path: checkPath, bearer: w.session.Access, json: json} }
	raw := func(body, media string) call {
		return call{path: checkPath, bearer: w.session.Access, raw: body, media: media}
	}
	const good = `{"resource":"profile","action":"read"}`
	malformed := map[string]string{
		"null": "null", "array": "[]", "string": `"x"`, "two": good + good, "comma": `{"resource":"profile","action":"read",}`, "BOM": "\ufeff" + good,
		"UTF-16": "{\x00}\x00", "repeated": `{"resource":"profile","resource":"users","action":"read"}`, "no UTF-8": "{\"resource\":\"\xff\",\"action\":\"read\"}",
		"deep":          `{"resource":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"single quotes": `{'resource':'profile'}`, "comment": good + "//", "cut": `{"resource":"pro`,
	}
	misfits := map[string]string{
		"number for string": `{"resource":1,"action":"read"}`, "array for string": `{"resource":["profile"],"action":"read"}`, "object for array": `{"checks":{}}`,
		"NUL": `{"resource":"a\u0000b","action":"read"}`, "lone surrogate": `{"resource":"a\ud800","action":"read"}`,
		"huge number": `{"resource":1e400,"action":"read"}`, "unknown": `{"resource":"profile","action":"read","is_superuser":true}`,
		"another case": `{"Resource":"profile","action":"read"}`, "both forms": `{"resource":"profile","action":"read","checks":[{"resource":"profile","action":"read"}]}`,
		"neither form": `{}`, "101 checks": `{"checks":[` + strings.TrimSuffix(strings.Repeat(good+",", 101), ",") + `]}`,
	}
	cases := []contractCase{
		{name: "INP-01 text", call: raw(good, "text/plain"), status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
		{name: "INP-01 form", call: raw("resource=profile&action=read", mediaForm), status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
		{name: "INP-01 no type", call: raw(good, ""), status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
		{name: "INP-01 parameters", call: raw(good, "application/json; charset=utf-8"), status: http.StatusOK},
		{name: "INP-02 empty", call: raw("", mediaJSON), status: badRequest},
		{name: "INP-05 2 MiB", call: check(`{"resource":"` + strings.Repeat("x", 2<<20) + `"}`), status: http.StatusRequestEntityTooLarge, code: "payload_too_large"},
		{name: "INP-05 200 000 elements", call: check(`{"checks":[` + strings.Repeat("1,", 200_000) + `1]}`), status: unprocessable},
		{name: "INP-03 user types", call: call{path: registerPath, json: `{"username":123,"email":"a@example.com","password":["a"]}`}, status: unprocessable, code: "validation_failed"},
		{name: "INP-04 smuggled flag", call: call{path: registerPath, json: `{"username":"x-` + random() + `","email":"a@example.com","password":"` + newPassword() + `","Is_Superuser":true}`}, status: unprocessable},
		{name: "INP-04 two spellings", call: call{path: registerPath, json: `{"USERNAME":"x","username":"y-` + random() + `","email":"a@example.com","password":"` + newPassword() + `"}`}, status: unprocessable},
	}
	for name, body := range malformed {
		cases = append(cases, contractCase{name: "INP-02 " + name, call: check(body), status: badRequest, code: "invalid_request"})
	}
	for name, body := range misfits {
		cases = append(cases, contractCase{name: "INP-03 " + name, call: check(body), status: unprocessable, code: "validation_failed"})
	}
	return cases
}

func serviceClientCases(w *world) []contractCase {
	make := func(by, json string) call { return call{path: clientsPath, bearer: by, json: json} }
	admin := w.admin.Access
	return []contractCase{
		{name: "4.3 made", call: make(admin, `{"name":"reports","description":"d","scopes":["read:users"],"access_token_lifetime":600}`), status: http.StatusCreated, check: func(t *testing.T, a answer) {
			if a.header.Get("Location") != clientsPath+"/"+a.text("client_id") || !strings.HasPrefix(a.text("client_secret"), "kss_") ||
				text(a.member("grant_types")) != `["client_credentials"]` || text(a.member("scopes")) != `["read:users"]` || number(t, a.member("access_token_lifetime")) != 600 || a.member("is_active") != true {
				t.Errorf("%v %s", a.header, a.body)
			}
		}},
		{name: "4.3 no name", call: make(admin, `{}`), status: unprocessable, code: "validation_failed"},
		{name: "4.3 unknown grant", call: make(admin, `{"name":"x","grant_types":["implicit"]}`), status: unprocessable},
		{name: "4.3 unknown scope", call: make(admin, `{"name":"x","scopes":["read:nothing"]}`), status: unprocessable},
		{name: "4.3 lifetime too short", call: make(admin, `{"name":"x","access_token_lifetime":59}`), status: unprocessable},
		{name: "4.3 lifetime too long", call: make(admin, `{"name":"x","access_token_lifetime":86401}`), status: unprocessable},
		{name: "4.3 chosen secret", call: make(admin, `{"name":"x","client_secret":"chosen-by-myself"}`), status: unprocessable},
		{name: "4.3 no token", call: make("", `{"name":"x"}`), status: unauthorized},
	}
}

// TestNoClientBeyondItsMaker: nobody gives what they do not hold (ADM-08).
func TestNoClientBeyondItsMaker(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		maker := s.newClient(t, s.login(t, s.Admin), []string{"write:clients", "read:users"}, nil)
		access := s.want(t, http.StatusOK, call{path: tokenPath, basic: maker, form: form("grant_type", "client_credentials")}).text("access_token")
		s.want(t, http.StatusCreated, call{path: clientsPath, bearer: access, json: `{"name":"as much","scopes":["read:users"]}`})
		for _, more := range []string{"admin:users", "write:users", "admin:system", "introspect:tokens"} {
			if got := s.send(t, call{path: clientsPath, bearer: access, json: `{"name":"more","scopes":["read:users","` + more + `"]}`}); got.status != http.StatusForbidden {
				t.Errorf("%s: %d %s", more, got.status, got.body)
			}
		}
	})
}

func permissionCases(w *world) []contractCase {
	check := func(by, json string) call { return call{path: checkPath, bearer: by, json: json} }
	alice, admin := w.session.Access, w.admin.Access
	body := func(want string) func(t *testing.T, a answer) {
		return func(t *testing.T, a answer) {
			if strings.TrimSpace(string(a.body)) != want {
				t.Errorf("got %s, want %s", a.body, want)
			}
		}
	}
	ok := http.StatusOK
	return []contractCase{
		{name: "3.4 allowed", call: check(alice, `{"resource":"profile","action":"read"}`), status: ok, check: body(`{"resource":"profile","action":"read","allowed":true}`)},
		{name: "ADM-15, ADM-18 near miss", call: check(alice, `{"resource":"profiles","action":"read"}`), status: ok, check: body(`{"resource":"profiles","action":"read","allowed":false}`)},
		{name: "ADM-15 another case", call: check(alice, `{"resource":"Profile","action":"read"}`), status: ok, check: body(`{"resource":"Profile","action":"read","allowed":false}`)},
		{name: "3.4 bulk", call: check(alice, `{"checks":[{"resource":"users","action":"read"},{"resource":"profile","action":"write"}]}`), status: ok,
			check: body(`{"results":[{"resource":"users","action":"read","allowed":false},{"resource":"profile","action":"write","allowed":true}]}`)},
		{name: "ADM-18 another's, without the right", call: check(alice, `{"resource":"profile","action":"read","user_id":"`+w.admin.UserID+`"}`), status: http.StatusForbidden, code: "insufficient_scope"},
		{name: "3.4 another's", call: check(admin, `{"resource":"users","action":"read","user_id":"`+w.session.UserID+`"}`), status: ok, check: body(`{"resource":"users","action":"read","allowed":false}`)},
		{name: "3.4 nobody's", call: check(admin, `{"resource":"users","action":"read","user_id":"`+"01a20938-0000-7000-8000-000000000000"+`"}`), status: http.StatusNotFound},
		{name: "ADM-24 no id", call: check(admin, `{"resource":"users","action":"read","user_id":"me"}`), status: unprocessable},
		{name: "4 through admin", call: check(admin, `{"resource":"users","action":"delete"}`), status: ok, check: body(`{"resource":"users","action":"delete","allowed":true}`)},
		{name: "4 superuser, of what nobody named", call: check(admin, `{"resource":"rockets","action":"launch"}`), status: ok, check: body(`{"resource":"rockets","action":"launch","allowed":true}`)},
	}
}
