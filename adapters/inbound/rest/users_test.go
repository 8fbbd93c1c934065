package rest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

const (
	registerPath = "/api/v1/users/register"
	aliceBody    = `{"id":"` + alice + `","username":"alice","email":"alice@example.com","first_name":"Alice","last_name":null,"display_name":null,"bio":null,"phone":null,` +
		`"is_active":true,"is_verified":false,"is_superuser":false,"roles":["user"],"last_login":null,"failed_login_attempts":0,"locked_until":null,` +
		`"password_changed_at":"2026-03-01T12:00:00Z","created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z","scopes":["read:profile","write:profile"]}`
	goodRegistration = `{"username":"alice","email":"alice@example.com","password":"` + goodWord + `"}`
)

func TestBearerUsage(t *testing.T) {
	const invalid = `WWW-Authenticate: Bearer realm="keystone", error="invalid_token", error_description=`
	run(t, []exampleCase{
		{name: "BRR-01", method: "GET", path: mePath, status: 401, has: []string{`"code":"missing_token"`, `"request_id":"`}, answered: []string{plainAsk, problemCT}},
		{name: "BRR-01 other scheme", method: "GET", path: mePath, headers: []string{basicOfC}, status: 401, answered: []string{plainAsk}},
		{name: "BRR-02 BRR-07 refused", method: "GET", path: mePath, headers: []string{"Authorization: Bearer nope"}, status: 401, has: []string{`"code":"invalid_token"`},
			answered: []string{invalid + `"the token is ?not? valid??"`}},
		{name: "BRR-02 no token68", method: "GET", path: mePath, headers: []string{"Authorization: Bearer a b"}, status: 401, answered: []string{invalid + `"the access token is malformed"`}},
		{name: "BRR-02 empty", method: "GET", path: mePath, headers: []string{"Authorization: Bearer"}, status: 401, answered: []string{invalid + `"the access token is malformed"`}},
		{name: "two headers", method: "GET", path: mePath, headers: []string{full, full}, status: 401, answered: []string{invalid + `"the Authorization header must be sent once"`}},
		{name: "BRR-03", method: "GET", path: mePath, headers: []string{bare}, status: 403, has: []string{`"code":"insufficient_scope"`},
			answered: []string{`WWW-Authenticate: Bearer realm="keystone", error="insufficient_scope", error_description="the token does not hold the scope that this needs", scope="read:profile"`}},
		{name: "BRR-05", method: "GET", path: mePath + "?access_token=" + fullToken, status: 401, answered: []string{plainAsk}},
		{name: "lower-case scheme", method: "GET", path: mePath, headers: []string{"Authorization: bearer " + fullToken}, status: 200, calls: []string{"me"}},
		{name: "401 comes before 415", path: "/api/v1/clients", headers: []string{"Content-Type: text/plain"}, body: "x", status: 401},
		{name: "403 comes before 415", path: "/api/v1/clients", headers: []string{bare, "Content-Type: text/plain"}, body: "x", status: 403},
		{name: "fail-closed", method: "GET", path: mePath, headers: []string{full}, status: 503, answered: []string{"Retry-After: 1"},
			given: func(p *ports) {
				p.authenticate = func(context.Context, string) (inbound.Caller, error) {
					return inbound.Caller{}, domain.Unavailable(errors.New("feeds are silent"), 0)
				}
			}},
	})
}

func TestMe(t *testing.T) {
	run(t, []exampleCase{
		{name: "GET", method: "GET", path: mePath, headers: []string{full}, status: 200, exactly: aliceBody, calls: []string{"me"},
			answered: []string{`ETag: "7"`, "Cache-Control: no-store", "Content-Type: application/json"}, hasNot: []string{"never shown"}},
		{name: "the alias", method: "GET", path: "/api/v1/users/profile", headers: []string{full}, status: 200, exactly: aliceBody, calls: []string{"me"}},
		{name: "a client's token", method: "GET", path: mePath, headers: []string{full}, status: 403, has: []string{`"code":"forbidden"`}, calls: []string{"me"},
			given: func(p *ports) {
				p.me = func(context.Context, inbound.Caller) (inbound.Account, error) {
					return inbound.Account{}, domain.Forbidden("only for users")
				}
			}},
		{name: "PUT", method: "PUT", path: mePath, headers: []string{full}, status: 405, has: []string{`"code":"method_not_allowed"`}, answered: []string{"Allow: DELETE, GET, HEAD, PATCH", problemCT}},
	})
}

func TestChangeMe(t *testing.T) {
	reached := []string{"change"}
	type change struct {
		FirstName, LastName, DisplayName, Bio *string
		Version                               int64
	}
	word := func(s string) *string { return &s }
	wants := func(want change) func(*ports) {
		return func(p *ports) {
			answer := p.change
			p.change = func(ctx context.Context, caller inbound.Caller, c user.ProfileChange, version int64) (inbound.Account, error) {
				if diff := cmp.Diff(want, change{c.FirstName, c.LastName, c.DisplayName, c.Bio, version}); diff != "" {
					return inbound.Account{}, errors.New(diff)
				}
				return answer(ctx, caller, c, version)
			}
		}
	}
	unknown := []string{`"code":"validation_failed"`, `"code":"unknown"`}
	run(t, []exampleCase{
		{name: "set, clear and leave", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `{"first_name":"A","bio":null}`, status: 200, calls: reached,
			given: wants(change{FirstName: word("A"), Bio: word("")}), exactly: aliceBody, answered: []string{`ETag: "7"`}},
		{name: "merge patch, alias", method: "PATCH", path: "/api/v1/users/profile", headers: []string{full, "Content-Type: application/merge-patch+json"}, body: `{}`, status: 200, calls: reached, given: wants(change{})},
		{name: "If-Match", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: "7"`}, body: `{}`, status: 200, calls: reached, given: wants(change{Version: 7})},
		{name: "If-Match any", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: *`}, body: `{}`, status: 200, calls: reached, given: wants(change{})},
		{name: "If-Match weak", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: W/"7"`}, body: `{}`, status: 200, calls: reached, given: wants(change{Version: noVersion})},
		{name: "If-Match zero", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: "0"`}, body: `{}`, status: 200, calls: reached, given: wants(change{Version: noVersion})},
		{name: "If-Match unquoted", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: 7`}, body: `{}`, status: 200, calls: reached, given: wants(change{Version: noVersion})},
		{name: "If-Match empty", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match:`}, body: `{}`, status: 200, calls: reached, given: wants(change{Version: noVersion})},
		{name: "If-Match list with the current", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: "3", "7"`}, body: `{}`, status: 200, calls: []string{"me", "change"}, given: wants(change{Version: 7})},
		{name: "If-Match list without it", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: "3"`, `If-Match: "4"`}, body: `{}`, status: 200, calls: []string{"me", "change"}, given: wants(change{Version: noVersion})},
		{name: "another version", method: "PATCH", path: mePath, headers: []string{full, jsonType, `If-Match: "6"`}, body: `{}`, status: 412, calls: reached,
			given: func(p *ports) {
				p.change = func(context.Context, inbound.Caller, user.ProfileChange, int64) (inbound.Account, error) {
					return inbound.Account{}, domain.E(domain.KindPrecondition, domain.CodeVersion, "changed")
				}
			}},
		{name: "is_superuser", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `{"is_superuser":true}`, status: 422, has: append(unknown, `"field":"is_superuser"`)},
		{name: "roles", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `{"roles":["admin"]}`, status: 422, has: unknown, hasNot: []string{"admin\""}},
		{name: "email", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `{"email":"x@y.zz","current_password":"pw"}`, status: 200, calls: []string{"change email to x@y.zz"}, has: []string{`"pending_email":"x@y.zz"`}, hasNot: []string{`"pw"`}},
		{name: "no email", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `{"email":null,"bio":"b"}`, status: 422, calls: []string{"change email to "}, has: []string{`"field":"email"`}},
		{name: "email of another type", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `{"email":["x@y.zz"]}`, status: 422, has: []string{`"field":"email"`}, hasNot: []string{"x@y.zz"}},
		{name: "wrong type", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `{"bio":["secret value"]}`, status: 422,
			has: []string{`"errors":[{"field":"bio","code":"type","message":"must be a string"}]`}, hasNot: []string{"secret value", "patchText", "Go"}},
		{name: "an array", method: "PATCH", path: mePath, headers: []string{full, jsonType}, body: `[]`, status: 400},
		{name: "form", method: "PATCH", path: mePath, headers: []string{full, formType}, body: `bio=x`, status: 415},
	})
}

func TestRegister(t *testing.T) {
	reached := []string{"register"}
	refuse := func(err error) func(*ports) {
		return func(p *ports) { p.register = func(context.Context, inbound.Registration) error { return err } }
	}
	run(t, []exampleCase{
		{name: "accepted", path: registerPath, headers: []string{jsonType}, body: goodRegistration, status: 202, calls: reached,
			exactly: `{"username":"alice","email":"alice@example.com","status":"pending_verification"}`, answered: []string{"Cache-Control: no-store"}},
		{name: "everything arrives", path: registerPath, headers: []string{jsonType + "; charset=utf-8"}, status: 202, calls: reached,
			body: `{"username":"u","email":"e","password":"p","first_name":"f","last_name":"l","display_name":"d","bio":null}`,
			given: func(p *ports) {
				p.register = func(_ context.Context, r inbound.Registration) error {
					want := user.Registration{Username: "u", Email: "e", Profile: user.Profile{FirstName: "f", LastName: "l", DisplayName: "d"}}
					if r.Registration != want || r.Password.Reveal() != "p" {
						return errors.New("the registration arrived otherwise")
					}
					return nil
				}
			}},
		{name: "taken", path: registerPath, headers: []string{jsonType}, body: goodRegistration, status: 409, calls: reached,
			given: refuse(domain.Conflict(domain.CodeUsernameTaken, "the username is taken")), has: []string{`"code":"username_taken"`, `"type":"urn:keystone:problem:username_taken"`, `"title":"Conflict"`, `"status":409`}},
		{name: "closed", path: registerPath, headers: []string{jsonType}, body: goodRegistration, status: 403, calls: reached,
			given: refuse(domain.E(domain.KindForbidden, domain.CodeClosed, "registration is closed")), has: []string{`"code":"registration_closed"`}, answered: []string{"WWW-Authenticate:"}},
		{name: "the domain's fields", path: registerPath, headers: []string{jsonType}, body: goodRegistration, status: 422, calls: reached,
			given: refuse(domain.InvalidFields(domain.Field{Name: "username", Code: "format", Message: "m"}, domain.Field{Name: "password", Code: "too_short", Message: "n"})),
			has:   []string{`"errors":[{"field":"username","code":"format","message":"m"},{"field":"password","code":"too_short","message":"n"}]`}, hasNot: []string{goodWord}},
		{name: "limited", path: registerPath, headers: []string{jsonType}, body: goodRegistration, status: 429, calls: reached,
			given: refuse(domain.E(domain.KindLimited, domain.CodeRateLimited, "later")), answered: []string{"Retry-After: 1"}},
		{name: "INP-03 number", path: registerPath, headers: []string{jsonType}, body: `{"username":123}`, status: 422, has: []string{`"field":"username","code":"type","message":"must be a string"`}, hasNot: []string{"123", "registerBody"}},
		{name: "INP-03 array", path: registerPath, headers: []string{jsonType}, body: `{"password":["a"]}`, status: 422, has: []string{`"field":"password"`}},
		{name: "every misfit", path: registerPath, headers: []string{jsonType}, body: `{"z":1,"username":2,"email":"e\u0000","password":"p","a":{}}`, status: 422, hasNot: []string{`"password"`},
			has: []string{`{"field":"z","code":"unknown","message":"is not known here"},{"field":"username","code":"type","message":"must be a string"},{"field":"email","code":"encoding"`, `{"field":"a","code":"unknown"`}},
		{name: "INP-04 other case", path: registerPath, headers: []string{jsonType}, body: `{"USERNAME":"x","email":"e","password":"p"}`, status: 422, has: []string{`"field":"USERNAME","code":"unknown"`}},
		{name: "INP-04 duplicate", path: registerPath, headers: []string{jsonType}, body: `{"username":"x","username":"y"}`, status: 400, has: []string{`"code":"invalid_request"`}},
		{name: "INP-04 escaped duplicate", path: registerPath, headers: []string{jsonType}, body: `{"username":"x","\u0075sername":"y"}`, status: 400},
		{name: "INP-04 privilege", path: registerPath, headers: []string{jsonType}, body: `{"username":"x","is_superuser":true}`, status: 422, has: []string{`"field":"is_superuser"`}},
		{name: "$schema", path: registerPath, headers: []string{jsonType}, body: `{"$schema":"x"}`, status: 422},
		{name: "INP-01 text", path: registerPath, headers: []string{"Content-Type: text/plain"}, body: goodRegistration, status: 415, has: []string{`"code":"unsupported_media_type"`}},
		{name: "INP-01 no type", path: registerPath, body: goodRegistration, status: 415},
		{name: "INP-05 10 MB", path: registerPath, headers: []string{jsonType}, body: `{"bio":"` + strings.Repeat("a", 10<<20) + `"}`, status: 413, has: []string{`"code":"payload_too_large"`}},
		{name: "a long unknown name is cut", path: registerPath, headers: []string{jsonType}, body: `{"` + strings.Repeat("é", 5000) + `":1}`, status: 422, hasNot: []string{strings.Repeat("é", 33)}},
	})
}

func TestMalformedJSON(t *testing.T) {
	var cases []exampleCase
	for name, body := range map[string]string{
		"empty": "", "null": "null", "array": "[]", "string": `"x"`, "two values": "{}{}", "trailing text": "{} x", "trailing comma": `{"a":1,}`,
		"BOM": "\xef\xbb\xbf{}", "UTF-16": "\xff\xfe{\x00}\x00", "invalid UTF-8": "{\"username\":\"\xff\"}", "NUL": "{\"username\":\"a\x00\"}",
		"invalid UTF-8 behind a lone surrogate": "{\"username\":\"\\ud800\",\"bio\":\"\xff\"}", "cut behind a NUL": `{"username":"a\u0000"`, "100 000 arrays": `{"username":` + strings.Repeat("[", 100_000),
		"33 levels": strings.Repeat(`{"username":`, 33) + "1" + strings.Repeat("}", 33), "unclosed": `{"username":"a`, "comment": `{/**/}`,
	} {
		cases = append(cases, exampleCase{name: "INP-02 " + name, path: registerPath, headers: []string{jsonType}, body: body, status: 400,
			has: []string{`"code":"invalid_request"`}, answered: []string{problemCT}, hasNot: []string{"jsontext", "offset"}})
	}
	run(t, cases)
	run(t, []exampleCase{{name: "an escaped backslash is no NUL", path: registerPath, headers: []string{jsonType}, body: `{"username":"a\\u0000"}`, status: 202, calls: []string{"register"}}})
}
