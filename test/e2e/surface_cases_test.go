package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func surfaceCases(w *world) []contractCase {
	get := func(path string) call { return call{method: "GET", path: path} }
	cases := []contractCase{
		{name: "OPS-01 live", call: get("/healthz"), status: http.StatusOK},
		{name: "OPS-01 ready", call: get("/readyz"), status: http.StatusOK, check: func(t *testing.T, a answer) {
			dependencies, _ := a.member("dependencies").(map[string]any)
			if a.text("status") != "ready" || dependencies["database"] == nil || strings.Contains(string(a.body), "://") {
				t.Errorf("%s", a.body)
			}
		}},
		{name: "OPS-01 HEAD", call: call{method: "HEAD", path: "/healthz"}, status: http.StatusOK},
		{name: "3.4 metadata", call: get("/.well-known/oauth-authorization-server"), status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.text("issuer") != w.Issuer || a.text("token_endpoint") != w.Issuer+tokenPath || text(a.member("response_types_supported")) != "[]" {
				t.Errorf("%s", a.body)
			}
		}},
		{name: "3.4 keys", call: get("/.well-known/jwks.json"), status: http.StatusOK, check: func(t *testing.T, a answer) {
			keys, _ := a.member("keys").([]any)
			for _, key := range keys {
				members, _ := key.(map[string]any)
				if members["use"] != "sig" || members["kid"] == nil || members["d"] != nil || members["k"] != nil {
					t.Errorf("%v", members)
				}
			}
		}},
		{name: "OPS-17 the issuer comes from nowhere else", call: call{method: "GET", path: "/.well-known/oauth-authorization-server",
			header: http.Header{"X-Forwarded-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}}}, status: http.StatusOK, check: func(t *testing.T, a answer) {
			if strings.Contains(string(a.body), "evil") {
				t.Errorf("%s", a.body)
			}
		}},
		{name: "5 viewer", call: get("/docs"), status: http.StatusOK},
		{name: "4.1 no address", call: call{path: "/api/v1/users/password-reset/request", json: `{"email":""}`}, status: unprocessable},
		{name: "4.1 no address to verify", call: call{path: "/api/v1/users/verify-email/request", json: `{"email":""}`}, status: unprocessable},
		{name: "2 unknown", call: get("/nothing/here"), status: http.StatusNotFound, code: "not_found"},
		{name: "2 method", call: call{method: "DELETE", path: registerPath}, status: http.StatusMethodNotAllowed, code: "method_not_allowed", check: allowsPost},
		{name: "2 request id", call: call{method: "GET", path: "/healthz", header: http.Header{"X-Request-Id": {"my-own_1.2"}}}, status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.header.Get("X-Request-Id") != "my-own_1.2" {
				t.Errorf("%q", a.header.Get("X-Request-Id"))
			}
		}},
		{name: "2 insane request id", call: call{method: "GET", path: "/healthz", header: http.Header{"X-Request-Id": {`"><script>`}}}, status: http.StatusOK, check: func(t *testing.T, a answer) {
			if strings.Contains(a.header.Get("X-Request-Id"), "script") {
				t.Errorf("%q", a.header.Get("X-Request-Id"))
			}
		}},
		{name: "2 no foreign origin", call: call{method: "GET", path: mePath, bearer: w.session.Access, header: http.Header{"Origin": {"https://evil.example"}}}, status: http.StatusOK, check: func(t *testing.T, a answer) {
			if a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%q", a.header.Get("Access-Control-Allow-Origin"))
			}
		}},
	}
	for _, path := range []string{"/debug/pprof", "/debug/pprof/", "/debug/vars", "/metrics", "/swagger", "/.env", "/.git/config", "/keystone.db", "//", "/..%2f..%2fetc/passwd"} {
		cases = append(cases, contractCase{name: "OPS-14 " + path, call: get(path), status: http.StatusNotFound, code: "not_found"})
	}
	return cases
}

// openOperations need no token; each has its reason.
var openOperations = []string{
	"POST " + tokenPath,                           // the client proves itself
	"POST " + introspectPath,                      // the same
	"POST /api/v1/auth/device_authorization",      // the same, and a public client may
	"POST " + revokePath,                          // the same; for a public client the token suffices
	"POST " + registerPath,                        // by whom nobody knows yet
	"POST /api/v1/users/verify-email/request",     // for who has nothing but a mailbox
	"POST /api/v1/users/verify-email",             // the mailed token is what proves
	"POST /api/v1/users/password-reset/request",   // as for verification
	"POST /api/v1/users/password-reset",           // the same
	"GET /.well-known/oauth-authorization-server", // public by nature (RFC 8414)
	"GET /.well-known/jwks.json",                  // public keys
	"GET /healthz",                                // for balancers
	"GET /readyz",                                 // the same
	"GET /openapi.json",                           // this very list
	"GET /docs",                                   // and its viewer
}

// TestEveryRouteIsGuarded reads the routes from the server itself, so that one
// that is added is not forgotten (ADM-01).
func TestEveryRouteIsGuarded(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		guarded := 0
		for _, o := range s.operations(t) {
			if slices.Contains(openOperations, o.method+" "+o.path) {
				continue
			}
			guarded++
			t.Run("ADM-01 "+o.method+" "+o.path, func(t *testing.T) {
				target := strings.NewReplacer("{", "", "}", "").Replace(o.path)
				for name, header := range map[string]http.Header{"no token": nil, "a dead token": {"Authorization": {"Bearer x.y.z"}}} {
					if got := s.send(t, call{method: o.method, path: target, header: header}); got.status != http.StatusUnauthorized {
						t.Errorf("with %s: %d, want 401", name, got.status)
					}
				}
			})
		}
		if guarded < 35 {
			t.Errorf("only %d guarded operations", guarded)
		}
		if version := s.get(t, "/openapi.json").text("openapi"); !strings.HasPrefix(version, "3.1") {
			t.Errorf("OpenAPI %q", version)
		}
	})
}
