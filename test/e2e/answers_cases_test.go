package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/test/services"
)

// TestLogLines: whatever is sent, a request is one line, and a short one.
func TestLogLines(t *testing.T) {
	eachStoreCase(t, "INP-11", settings{"LOG_LEVEL": "debug"}, func(t *testing.T, s *Server) {
		for _, hostile := range []string{"x\n{\"level\":\"info\",\"msg\":\"login ok\"}", "\x1b[2J\x1b[31mred", "x\r\ny", "\u2028x\u2029", strings.Repeat("long", 5000)} {
			c := passwordGrant(account{Username: hostile, Password: newPassword()})
			c.header = http.Header{"User-Agent": {strings.Map(func(r rune) rune {
				if r < ' ' { // no client of Go's sends them
					return '\t'
				}
				return r
			}, hostile)}}
			if got := s.send(t, c); got.status != badRequest {
				t.Errorf("%d %s", got.status, got.body)
			}
			s.send(t, call{method: "GET", path: "/" + escapedForm(hostile)})
		}
		for line := range strings.Lines(s.stdout.String()) { // that each is one JSON object, checkLogs sees to
			if strings.Contains(line, "login ok") && strings.HasPrefix(line, `{"level":"info","msg":"login ok"`) || strings.ContainsAny(line, "\x1b\r") || len(line) > 2048 {
				t.Errorf("%.300q", line)
			}
		}
		// Beyond what headers may take, no handler is asked.
		if got := s.raw(t, "GET /healthz HTTP/1.1\r\nHost: a\r\nUser-Agent: "+strings.Repeat("x", 100<<10)+"\r\n\r\n"); got != nil && got.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

// TestOAuthErrors: each status that the token endpoint has, in its own form.
func TestOAuthErrors(t *testing.T) {
	eachStore(t, settings{"RATE_LIMITS": "off,token_client=3/1m"}, func(t *testing.T, s *Server) {
		c := s.newClient(t, s.login(t, s.Admin), nil, nil)
		asked := call{path: tokenPath, basic: c, form: form("grant_type", "client_credentials")}
		for range 3 {
			s.want(t, http.StatusOK, asked)
		}
		for name, each := range map[string]struct {
			call   call
			status int
			error  string
		}{
			"400": {call{path: tokenPath, form: "grant_type="}, 400, "invalid_request"}, "401": {call{path: tokenPath, form: asked.form}, 401, "invalid_client"},
			"405": {call{method: "GET", path: tokenPath}, 405, "invalid_request"}, "415": {call{path: tokenPath, raw: asked.form, media: "text/plain"}, 415, "invalid_request"},
			"413": {call{path: tokenPath, form: "x=" + strings.Repeat("x", 10<<20)}, 413, "invalid_request"}, "429": {asked, 429, "temporarily_unavailable"},
		} {
			t.Run("TOK-14 "+name, func(t *testing.T) {
				got := s.send(t, each.call)
				holds(t, contractCase{status: each.status, error: each.error}, got)
				wellFormed(t, each.call, got)
			})
		}
	})
}

// TestManyTokens: ten thousand, and no two alike.
func TestManyTokens(t *testing.T) {
	services.Long(t)
	eachStoreCase(t, "JWT-18", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		seen := make([]map[any]bool, 8)
		for i, err := range race(len(seen), func(i int) error {
			seen[i] = map[any]bool{}
			for range 10_000 / len(seen) {
				got, err := s.try(call{path: tokenPath, basic: w.app, form: form("grant_type", "client_credentials")})
				if err != nil || got.status != http.StatusOK {
					return fmt.Errorf("%d %s: %w", got.status, got.body, err)
				}
				payload := claims(t, got.text("access_token"), 1)
				if lifetime := number(t, payload["exp"]) - number(t, payload["iat"]); lifetime <= 0 || lifetime > 3600 {
					return fmt.Errorf("a lifetime of %v", lifetime)
				}
				seen[i][payload["jti"]] = true
			}
			return nil
		}) {
			if err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		all := map[any]bool{}
		for _, some := range seen {
			for jti := range some {
				all[jti] = true
			}
		}
		if len(all) != 10_000 {
			t.Errorf("%d different tokens", len(all))
		}
		s.secrets = newLedger() // ten thousand tokens to search for take too long; a few do
		s.clientSecretsOnly(w)
	})
}

func (s *Server) clientSecretsOnly(w *world) {
	s.secrets.keep(w.app.Secret, w.session.Access, w.session.Refresh)
}

// race runs n at once and gives their errors.
func race(n int, run func(i int) error) []error {
	errs := make([]error, n)
	done := make(chan struct{})
	for i := range n {
		go func() {
			errs[i] = run(i)
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
	return errs
}
