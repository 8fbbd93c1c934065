package rest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	service "github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
)

const (
	logoutPath = "/api/v1/auth/logout"
	checkPath  = "/api/v1/auth/permissions/check"
)

func TestLogout(t *testing.T) {
	reached := []string{"logout"}
	all := func(want bool) func(*ports) {
		return func(p *ports) {
			p.logout = func(_ context.Context, caller inbound.Caller, all bool) error {
				if all != want || caller.Claims.Subject != alice {
					return errors.New("asked otherwise")
				}
				return nil
			}
		}
	}
	run(t, []exampleCase{
		{name: "no body", path: logoutPath, headers: []string{full}, status: 204, calls: reached, given: all(false)},
		{name: "no body, with a type", path: logoutPath, headers: []string{full, jsonType}, status: 204, calls: reached, given: all(false)},
		{name: "all", path: logoutPath, headers: []string{full, jsonType}, body: `{"all":true}`, status: 204, calls: reached, given: all(true)},
		{name: "text", path: logoutPath, headers: []string{full, "Content-Type: text/plain"}, body: `{"all":true}`, status: 415},
		{name: "no coercion", path: logoutPath, headers: []string{full, jsonType}, body: `{"all":"true"}`, status: 422, has: []string{`"field":"all","code":"type","message":"must be a boolean"`}},
		{name: "no token", path: logoutPath, status: 401, answered: []string{plainAsk, problemCT}},
		{name: "a client's token", path: logoutPath, headers: []string{full}, status: 403, calls: reached,
			given: func(p *ports) {
				p.logout = func(context.Context, inbound.Caller, bool) error { return domain.Forbidden("clients have no session") }
			}, has: []string{`"code":"forbidden"`}},
	})
}

func TestPermissionCheck(t *testing.T) {
	reached := []string{"allowed"}
	h := []string{full, jsonType}
	run(t, []exampleCase{
		{name: "one", path: checkPath, headers: h, body: `{"resource":"users","action":"read"}`, status: 200, calls: reached, exactly: `{"resource":"users","action":"read","allowed":true}`},
		{name: "one refused", path: checkPath, headers: h, body: `{"resource":"users","action":"write"}`, status: 200, calls: reached, exactly: `{"resource":"users","action":"write","allowed":false}`},
		{name: "several", path: checkPath, headers: h, body: `{"checks":[{"resource":"a","action":"read"},{"resource":"b","action":"x"}]}`, status: 200, calls: reached,
			exactly: `{"results":[{"resource":"a","action":"read","allowed":true},{"resource":"b","action":"x","allowed":false}]}`},
		{name: "another user", path: checkPath, headers: h, body: `{"resource":"a","action":"read","user_id":"` + alice + `"}`, status: 200, calls: reached,
			given: func(p *ports) {
				p.allowed = func(_ context.Context, _ inbound.Caller, id *domain.ID, _ []inbound.Check) ([]bool, error) {
					if id == nil || *id != uuidOf(alice) {
						return nil, errors.New("another id")
					}
					return []bool{true}, nil
				}
			}},
		{name: "an unknown user", path: checkPath, headers: h, body: `{"resource":"a","action":"read","user_id":"` + alice + `"}`, status: 404, calls: reached,
			given: func(p *ports) {
				p.allowed = func(context.Context, inbound.Caller, *domain.ID, []inbound.Check) ([]bool, error) {
					return nil, domain.NotFound("no such user")
				}
			}},
		{name: "no UUID", path: checkPath, headers: h, body: `{"resource":"a","action":"read","user_id":"{x}"}`, status: 422, has: []string{`"field":"user_id"`}},
		{name: "both forms", path: checkPath, headers: h, body: `{"resource":"a","action":"b","checks":[{"resource":"a","action":"b"}]}`, status: 422, has: []string{`"field":"checks"`}},
		{name: "neither form", path: checkPath, headers: h, body: `{}`, status: 422, has: []string{`"field":"resource"`, `"field":"action"`}},
		{name: "half a form", path: checkPath, headers: h, body: `{"resource":"a"}`, status: 422, has: []string{`"field":"action"`}},
		{name: "no checks", path: checkPath, headers: h, body: `{"checks":[]}`, status: 422, has: []string{`"field":"checks","code":"count"`}},
		{name: "100 checks", path: checkPath, headers: h, body: checks(100), status: 200, calls: reached},
		{name: "101 checks", path: checkPath, headers: h, body: checks(101), status: 422, has: []string{`"field":"checks","code":"count"`}},
		{name: "a hole in the list", path: checkPath, headers: h, body: `{"checks":[{"resource":"a","action":"b"},{"resource":"a"}]}`, status: 422, has: []string{`"field":"checks.1.action"`}},
		{name: "a wrong type in the list", path: checkPath, headers: h, body: `{"checks":[{"resource":"a","action":1}]}`, status: 422, has: []string{`"field":"checks.0.action","code":"type"`}},
		{name: "wrong answers are ours", path: checkPath, headers: h, body: `{"resource":"a","action":"read"}`, status: 500, calls: reached,
			given: func(p *ports) {
				p.allowed = func(context.Context, inbound.Caller, *domain.ID, []inbound.Check) ([]bool, error) { return nil, nil }
			}},
		{name: "no token", path: checkPath, headers: []string{jsonType}, body: `{}`, status: 401},
	})
}

func checks(n int) string {
	return `{"checks":[` + strings.TrimSuffix(strings.Repeat(`{"resource":"a","action":"read"},`, n), ",") + `]}`
}

func TestCreateClient(t *testing.T) {
	h := []string{full, jsonType}
	reached := []string{"create"}
	run(t, []exampleCase{
		{name: "created", path: clientsPath, headers: h, body: `{"name":"n"}`, status: 201, calls: reached,
			exactly:  `{"client_id":"ksc_1","client_secret":"kss_secret","name":"n","description":"","is_active":true,"scopes":[],"grant_types":["client_credentials"],"access_token_lifetime":null,"token_endpoint_auth_method":"client_secret_basic","created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`,
			answered: []string{"Location: /api/v1/clients/ksc_1", "Cache-Control: no-store"}},
		{name: "everything arrives", path: clientsPath, headers: h, body: `{"name":"n","description":"d","scopes":["read:x"],"grant_types":["client_credentials"],"access_token_lifetime":90}`, status: 201, calls: reached,
			given: func(p *ports) {
				p.create = func(_ context.Context, caller inbound.Caller, d service.Draft) (inbound.NewClient, error) {
					if caller.Claims.Subject != alice || d.Description != "d" || d.Scopes[0] != "read:x" || *d.AccessTokenLifetime != 90 {
						return inbound.NewClient{}, errors.New("the draft arrived otherwise")
					}
					return inbound.NewClient{Client: service.Snapshot{AccessTokenLifetime: 90 * time.Second, Scopes: scope.NewSet("read:x")}}, nil
				}
			}, has: []string{`"access_token_lifetime":90`, `"scopes":["read:x"]`}},
		{name: "a fraction", path: clientsPath, headers: h, body: `{"name":"n","access_token_lifetime":90.5}`, status: 422, has: []string{`"field":"access_token_lifetime","code":"type","message":"must be an integer"`}},
		{name: "INP-05 10^400", path: clientsPath, headers: h, body: `{"name":"n","access_token_lifetime":1e400}`, status: 422, has: []string{`"field":"access_token_lifetime"`}},
		{name: "a secret of one's own", path: clientsPath, headers: h, body: `{"name":"n","client_secret":"chosen"}`, status: 422, hasNot: []string{"chosen"}},
		{name: "more than is held", path: clientsPath, headers: h, body: `{"name":"n"}`, status: 403, calls: reached,
			given: func(p *ports) {
				p.create = func(context.Context, inbound.Caller, service.Draft) (inbound.NewClient, error) {
					return inbound.NewClient{}, domain.Forbidden("you do not hold every scope")
				}
			}, has: []string{`"code":"forbidden"`}},
		{name: "a token without the scope", path: clientsPath, headers: []string{bare, jsonType}, body: `{"name":"n"}`, status: 403, has: []string{`"code":"insufficient_scope"`}},
		{name: "trailing slash", path: clientsPath + "/", headers: h, body: `{"name":"n"}`, status: 404, has: []string{`"code":"not_found"`}},
	})
}

func TestSystemEndpoints(t *testing.T) {
	public := "Cache-Control: public, max-age=300"
	run(t, []exampleCase{
		{name: "discovery", method: "GET", path: discoveryPath, headers: []string{"Host: evil.example"}, status: 200, answered: []string{public, "Content-Type: application/json"}, hasNot: []string{"evil"},
			has: []string{`"issuer":"https://auth.example.com"`, `"token_endpoint":"https://auth.example.com/api/v1/auth/token"`, `"jwks_uri":"https://auth.example.com/.well-known/jwks.json"`,
				`"response_types_supported":[]`, `"grant_types_supported":["client_credentials","password"]`, `"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","none","ticket"]`}},
		{name: "discovery HEAD", method: "HEAD", path: discoveryPath, status: 200, answered: []string{public}},
		{name: "discovery POST", path: discoveryPath, status: 405, answered: []string{"Allow: GET, HEAD", problemCT}},
		{name: "jwks", method: "GET", path: jwksPath, status: 200, exactly: `{"keys":[]}`, answered: []string{public, "Content-Type: application/json"}},
		{name: "jwks fails", method: "GET", path: jwksPath, status: 500, given: func(p *ports) {
			p.jwks = func(context.Context) ([]byte, error) { return nil, errors.New("cannot unseal") }
		}, hasNot: []string{"unseal"}, answered: []string{"Cache-Control: no-store"}},
		{name: "healthz", method: "GET", path: "/healthz", status: 200, exactly: `{"status":"ok"}`},
		{name: "readyz", method: "GET", path: "/readyz", status: 200, exactly: `{"status":"ready","dependencies":{"database":{"status":"up","latency_ms":0.4}}}`},
		{name: "not ready", method: "GET", path: "/readyz", status: 503, exactly: `{"status":"unavailable","dependencies":{"redis":{"status":"down","latency_ms":1000}}}`,
			given: func(p *ports) {
				p.ready = func(context.Context) (bool, []inbound.Dependency) {
					return false, []inbound.Dependency{{Name: "redis", Latency: 1000}}
				}
			}},
		{name: "OPS-14 debug", method: "GET", path: "/debug/pprof/", status: 404, answered: []string{problemCT}},
		{name: "nothing here", method: "GET", path: "/nothing%0d%0aSet-Cookie:x", status: 404, hasNot: []string{"Set-Cookie"}},
		{name: "a sane request id", method: "GET", path: "/healthz", headers: []string{"X-Request-Id: a.B_c-1"}, status: 200, answered: []string{"X-Request-Id: a.B_c-1"}},
		{name: "an insane request id", method: "GET", path: "/healthz", headers: []string{"X-Request-Id: a b<script"}, status: 200, answered: []string{"X-Request-Id: 00000000-0000-0000-0000-000000000001"}},
		{name: "CORS allowed", method: "GET", path: "/healthz", headers: []string{"Origin: https://app.example.com"}, status: 200, answered: []string{"Access-Control-Allow-Origin: https://app.example.com", "Vary: Origin", "Access-Control-Allow-Credentials:"}},
		{name: "CORS other", method: "GET", path: "/healthz", headers: []string{"Origin: https://app.example.com.evil.com"}, status: 200, answered: []string{"Access-Control-Allow-Origin:", "Vary: Origin"}},
		{name: "CORS null", method: "GET", path: "/healthz", headers: []string{"Origin: null"}, status: 200, answered: []string{"Access-Control-Allow-Origin:"}},
		{name: "CORS preflight", method: "OPTIONS", path: mePath, headers: []string{"Origin: https://app.example.com", "Access-Control-Request-Method: PATCH"}, status: 204,
			answered: []string{"Access-Control-Allow-Methods: DELETE, GET, HEAD, PATCH", "Access-Control-Allow-Headers: Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id"}},
		{name: "CORS preflight of another", method: "OPTIONS", path: mePath, headers: []string{"Origin: https://evil.example", "Access-Control-Request-Method: PATCH"}, status: 204, answered: []string{"Access-Control-Allow-Methods:", "Access-Control-Allow-Origin:"}},
	})
}
