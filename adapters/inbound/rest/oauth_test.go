package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func failing(kind domain.Kind, code domain.Code, change func(*domain.Error)) func(*ports) {
	return func(p *ports) {
		p.token = func(context.Context, inbound.TokenRequest) (inbound.TokenResponse, error) {
			err := domain.E(kind, code, "a \"quoted\" line\r\nand ünicode")
			if change != nil {
				change(err)
			}
			return inbound.TokenResponse{}, err
		}
	}
}

func TestTokenEndpoint(t *testing.T) {
	const path = tokenPath
	const grant = "grant_type=client_credentials"
	reached := []string{"token"}
	invalid := []string{`"error":"invalid_request"`}
	run(t, []exampleCase{
		{name: "success", path: path, headers: []string{formType, basicOfC}, body: grant, status: 200, calls: reached,
			exactly:  `{"access_token":"at","token_type":"Bearer","expires_in":900,"scope":"read:profile"}`,
			answered: []string{"Content-Type: application/json", "Cache-Control: no-store", "Pragma: no-cache"}},
		{name: "success for a user", path: path, headers: []string{formType}, body: "grant_type=password&username=a&password=b", status: 200, calls: reached,
			given: func(p *ports) {
				p.token = func(context.Context, inbound.TokenRequest) (inbound.TokenResponse, error) {
					return inbound.TokenResponse{AccessToken: domain.NewSecret("at"), RefreshToken: domain.NewSecret("ksr_1"), UserID: alice, ExpiresIn: time.Second}, nil
				}
			},
			exactly: `{"access_token":"at","token_type":"Bearer","expires_in":1,"scope":"","refresh_token":"ksr_1","user_id":"` + alice + `"}`},
		{name: "TOK-01 GET", method: "GET", path: path + "?" + grant, status: 405, has: invalid, answered: []string{"Allow: POST", "Content-Type: application/json"}},
		{name: "TOK-22 TRACE", method: "TRACE", path: path, headers: []string{basicOfC}, status: 405, answered: []string{"Allow: POST"}, hasNot: []string{"YzpzZWNyZXQ"}},
		{name: "TOK-22 made-up method", method: "BREW", path: path, status: 405, answered: []string{"Allow: POST"}},
		{name: "TOK-22 HEAD", method: "HEAD", path: path, status: 405, answered: []string{"Allow: POST"}},
		{name: "TOK-02 query only", path: path + "?" + grant + "&client_id=c&client_secret=s", headers: []string{formType}, status: 200, calls: reached,
			given: func(p *ports) {
				p.token = func(_ context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error) {
					if len(r.Params) > 0 || r.Client != (inbound.ClientCredentials{}) {
						return inbound.TokenResponse{}, errors.New("the query was read")
					}
					return inbound.TokenResponse{}, nil
				}
			}},
		{name: "a header is judged before the body", path: path, headers: []string{jsonType, "Authorization: Basic !!!"}, body: `{}`, status: 401, has: []string{`"error":"invalid_client"`}, answered: []string{basicAsk}},
		{name: "TOK-03 JSON", path: path, headers: []string{jsonType}, body: `{"grant_type":"x"}`, status: 415, has: invalid},
		{name: "TOK-03 no type", path: path, body: grant, status: 415, has: invalid},
		{name: "TOK-03 two types", path: path, headers: []string{formType, jsonType}, body: grant, status: 415, has: invalid},
		{name: "TOK-03 multipart", path: path, headers: []string{"Content-Type: multipart/form-data; boundary=x"}, body: grant, status: 415, has: invalid},
		{name: "TOK-04 charset", path: path, headers: []string{formType + "; charset=UTF-8"}, body: grant, status: 200, calls: reached},
		{name: "TOK-04 case", path: path, headers: []string{"Content-Type: APPLICATION/X-WWW-FORM-URLENCODED"}, body: grant, status: 200, calls: reached},
		{name: "TOK-09 twice the same", path: path, headers: []string{formType}, body: grant + "&scope=a&scope=a", status: 400, has: invalid},
		{name: "TOK-09 twice, once empty", path: path, headers: []string{formType}, body: grant + "&scope=&scope=a", status: 400, has: invalid},
		{name: "TOK-09 twice, escaped otherwise", path: path, headers: []string{formType}, body: grant + "&%67rant_type=password", status: 400, has: invalid},
		{name: "TOK-15 hostile values", path: path, headers: []string{formType}, body: "grant_type=x%22y%5Cz%3Cscript%3E%0d%0aSet-Cookie:a=b", status: 400, calls: reached,
			given: failing(domain.KindInvalid, domain.CodeUnsupportedGrantType, nil), hasNot: []string{"<script", "Set-Cookie"},
			exactly: `{"error":"unsupported_grant_type","error_description":"a ?quoted? line??and ?nicode"}`},
		{name: "invalid UTF-8", path: path, headers: []string{formType}, body: grant + "&x=%ff", status: 400, has: invalid},
		{name: "NUL", path: path, headers: []string{formType}, body: grant + "&x=%00", status: 400, has: invalid},
		{name: "broken escape", path: path, headers: []string{formType}, body: grant + "&x=%zz", status: 400, has: invalid},
		{name: "TOK-20 100 000 parameters", path: path, headers: []string{formType}, body: strings.Repeat("a=b&", 100_000), status: 400, has: invalid},
		{name: "TOK-20 10 MB", path: path, headers: []string{formType}, body: strings.Repeat("a", 10<<20), status: 413, has: invalid},
		{name: "256 parameters", path: path, headers: []string{formType}, body: distinct(256), status: 200, calls: reached},
		{name: "257 parameters", path: path, headers: []string{formType}, body: distinct(257), status: 400, has: invalid},
		{name: "locked", path: path, headers: []string{formType}, body: grant, status: 400, calls: reached,
			given: failing(domain.KindInvalid, domain.CodeInvalidGrant, func(e *domain.Error) {
				e.Reason, e.LockedUntil, e.RetryAfter = domain.ReasonAccountLocked, noon, 299*time.Second+time.Millisecond
			}),
			has: []string{`"error":"invalid_grant"`, `"reason":"account_locked"`, `"locked_until":"2026-03-01T12:00:00Z"`}, answered: []string{"Retry-After: 300"}},
		{name: "limited", path: path, headers: []string{formType}, body: grant, status: 429, calls: reached, given: failing(domain.KindLimited, domain.CodeRateLimited, nil),
			has: []string{`"error":"temporarily_unavailable"`}, answered: []string{"Retry-After: 1", "Cache-Control: no-store"}},
		{name: "unavailable", path: path, headers: []string{formType}, body: grant, status: 503, calls: reached,
			given: failing(domain.KindUnavailable, domain.CodeBusy, func(e *domain.Error) { e.RetryAfter = 2 * time.Second }),
			has:   []string{`"error":"temporarily_unavailable"`}, answered: []string{"Retry-After: 2"}},
		{name: "internal", path: path, headers: []string{formType}, body: grant, status: 500, calls: reached,
			given: failing(domain.KindInternal, domain.CodeInternal, func(e *domain.Error) { _ = e.Because(errors.New("pq: secret detail")) }),
			has:   []string{`"error":"server_error"`}, hasNot: []string{"secret detail", "quoted"}},
		{name: "a panic", path: path, headers: []string{formType}, body: grant, status: 500, calls: reached,
			given: func(p *ports) { p.token = nil }, has: []string{`"error":"server_error"`}, hasNot: []string{"nil pointer", "goroutine"}},
	})
}

// distinct makes a form of n different parameters.
func distinct(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = "p" + strings.Repeat("x", i) + "=1"
	}
	return strings.Join(parts, "&")
}

func TestTokenChunkedAndOversized(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want int
	}{
		"TOK-04 chunked":          {"grant_type=client_credentials", http.StatusOK},
		"TOK-20 10 MB in chunks":  {strings.Repeat("a", 10<<20), http.StatusRequestEntityTooLarge},
		"exactly the limit":       {strings.Repeat("a", maxBody), http.StatusOK},
		"a byte beyond the limit": {strings.Repeat("a", maxBody+1), http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, obliging(), configured())
			r := httptest.NewRequest(http.MethodPost, tokenPath, unsized{strings.NewReader(tc.body)})
			r.Header.Set("Content-Type", mediaForm)
			if w := ask(s, r); w.Code != tc.want {
				t.Errorf("status %d, want %d", w.Code, tc.want)
			}
		})
	}
}

func TestIntrospection(t *testing.T) {
	active := func(refresh bool) func(*ports) {
		return func(p *ports) {
			p.asClient = func(context.Context, inbound.ClientCredentials, domain.Secret) (inbound.Introspection, error) {
				return inbound.Introspection{Active: true, IsRefresh: refresh, Claims: token.AccessClaims{
					Issuer: "https://auth.example.com", Subject: alice, Audience: []string{"https://auth.example.com"}, IssuedAt: noon, ExpiresAt: noon.Add(time.Minute),
					ID: "jti-1", ClientID: "c", Scope: scope.NewSet(scope.ReadProfile), Username: "alice", SessionID: "sid-1",
				}}, nil
			}
		}
	}
	asClient, asBearer := []string{"introspect as client"}, []string{"introspect as bearer"}
	run(t, []exampleCase{
		{name: "inactive", path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x", status: 200, exactly: `{"active":false}`, calls: asClient,
			answered: []string{"Content-Type: application/json", "Cache-Control: no-store"}},
		{name: "inactive tells nothing", path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x", status: 200, exactly: `{"active":false}`, calls: asClient,
			given: func(p *ports) {
				p.asClient = func(context.Context, inbound.ClientCredentials, domain.Secret) (inbound.Introspection, error) {
					return inbound.Introspection{Claims: token.AccessClaims{Subject: alice}}, nil
				}
			}},
		{name: "INT-03 active", path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x", given: active(false), status: 200, calls: asClient,
			exactly: `{"active":true,"scope":"read:profile","client_id":"c","username":"alice","token_type":"Bearer","sub":"` + alice + `","iss":"https://auth.example.com","aud":["https://auth.example.com"],"exp":1772366460,"iat":1772366400,"jti":"jti-1","sid":"sid-1"}`},
		{name: "INT-08 refresh token", path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x", given: active(true), status: 200, calls: asClient,
			has: []string{`"active":true`}, hasNot: []string{"token_type"}},
		{name: "INT-09 unknown hint", path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x&token_type_hint=bogus", status: 200, calls: asClient},
		{name: "as a bearer", path: introspectPath, headers: []string{formType, full}, body: "token=x", status: 200, calls: asBearer},
		{name: "bearer and secret", path: introspectPath, headers: []string{formType, full}, body: "token=x&client_id=c&client_secret=s", status: 400, has: []string{"invalid_request"}},
		{name: "bad bearer", path: introspectPath, headers: []string{formType, "Authorization: Bearer nope"}, body: "token=x", status: 401, has: []string{`"error":"invalid_token"`},
			answered: []string{`WWW-Authenticate: Bearer realm="keystone", error="invalid_token", error_description="the token is ?not? valid??"`}},
		{name: "INT-02 bearer without the scope", path: introspectPath, headers: []string{formType, bare}, body: "token=x", status: 403,
			has: []string{`"error":"insufficient_scope"`}, answered: []string{`WWW-Authenticate: Bearer realm="keystone", error="insufficient_scope", error_description="the token lacks the needed scope", scope="introspect:tokens"`}},
		{name: "a scope is judged before the body", path: introspectPath, headers: []string{jsonType, bare}, body: `{}`, status: 403, has: []string{`"error":"insufficient_scope"`}},
		{name: "a header is judged before the body", path: introspectPath, headers: []string{jsonType, "Authorization: Basic !!!"}, body: `{}`, status: 401, has: []string{`"error":"invalid_client"`}, answered: []string{basicAsk}},
		{name: "no scope", path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x", status: 200, calls: asClient, has: []string{`"active":true`}, hasNot: []string{"scope"},
			given: func(p *ports) {
				p.asClient = func(context.Context, inbound.ClientCredentials, domain.Secret) (inbound.Introspection, error) {
					return inbound.Introspection{Active: true, Claims: token.AccessClaims{Subject: "c", ClientID: "c"}}, nil
				}
			}},
		{name: "nobody", path: introspectPath, headers: []string{formType}, body: "token=x", status: 401, has: []string{`"error":"invalid_client"`}, answered: []string{basicAsk}},
		{name: "nobody comes before the token", path: introspectPath, headers: []string{formType}, body: "", status: 401, has: []string{`"error":"invalid_client"`}},
		{name: "INT-11 no token", path: introspectPath, headers: []string{formType, basicOfC}, body: "x=y", status: 400, has: []string{`"error":"invalid_request"`}},
		{name: "INT-11 twice", path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x&token=x", status: 400, has: []string{`"error":"invalid_request"`}},
		{name: "INT-11 GET", method: "GET", path: introspectPath + "?token=x", headers: []string{basicOfC}, status: 405, answered: []string{"Allow: POST"}},
		{name: "INT-11 JSON", path: introspectPath, headers: []string{jsonType, basicOfC}, body: `{"token":"x"}`, status: 415},
		{name: "a bearer is judged before the body", path: introspectPath, headers: []string{jsonType, "Authorization: Bearer nope"}, body: `{}`, status: 401},
	})
}

func TestRevocation(t *testing.T) {
	reached := []string{"revoke"}
	revoking := func(err error) func(*ports) {
		return func(p *ports) {
			p.revoke = func(context.Context, inbound.ClientCredentials, domain.Secret) error { return err }
		}
	}
	run(t, []exampleCase{
		{name: "REV-01", path: revokePath, headers: []string{formType, basicOfC}, body: "token=x", status: 200, calls: reached, answered: []string{"Content-Type:", "Cache-Control: no-store"}},
		{name: "REV-06 unknown hint", path: revokePath, headers: []string{formType, basicOfC}, body: "token=x&token_type_hint=y", status: 200, calls: reached},
		{name: "the token itself suffices", path: revokePath, headers: []string{formType}, body: "token=x", status: 200, calls: reached},
		{name: "REV-04", path: revokePath, headers: []string{formType, basicOfC}, body: "token=x", status: 400, calls: reached,
			given: revoking(domain.Invalid(domain.CodeInvalidRequest, "the token is another client's")), has: []string{`"error":"invalid_request"`}},
		{name: "a header is judged before the body", path: revokePath, headers: []string{jsonType, "Authorization: Basic !!!"}, body: `{}`, status: 401, has: []string{`"error":"invalid_client"`}, answered: []string{basicAsk}},
		{name: "REV-07 no token", path: revokePath, headers: []string{formType, basicOfC}, body: "", status: 400, has: []string{`"error":"invalid_request"`}},
		{name: "REV-07 GET with callback", method: "GET", path: revokePath + "?token=x&callback=f", headers: []string{basicOfC}, status: 405, answered: []string{"Allow: POST"}, hasNot: []string{"f("}},
		{name: "REV-09", path: revokePath, headers: []string{formType, basicOfC}, body: "token=x", status: 503, calls: reached,
			given: revoking(domain.Unavailable(errors.New("dial tcp 10.1.1.1"), 0)), has: []string{`"error":"temporarily_unavailable"`}, answered: []string{"Retry-After: 1"}, hasNot: []string{"10.1.1.1"}},
	})
}

func TestOAuthMapsEveryCode(t *testing.T) {
	for _, code := range append(domain.Codes(), codeMethodNotAllowed, codeTooLarge, codeMediaType) {
		w := httptest.NewRecorder()
		p := obliging()
		failing(domain.KindInvalid, code, nil)(p)
		s, _ := serve(t, p, configured())
		r := httptest.NewRequest(http.MethodPost, tokenPath, strings.NewReader(""))
		r.Header.Set("Content-Type", mediaForm)
		s.Handler().ServeHTTP(w, r)
		var body map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if _, mapped := oauthFailures[code]; !mapped || w.Code < 400 || body["error"] == "" {
			t.Errorf("%s is not mapped: %d %s", code, w.Code, w.Body)
		}
		if (w.Code >= 500) != (code == domain.CodeInternal || code == domain.CodeUnavailable || code == domain.CodeBusy) {
			t.Errorf("%s gives %d", code, w.Code)
		}
	}
}
