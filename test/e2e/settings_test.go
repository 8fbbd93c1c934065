package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLifetimes: tokens end with their time (RTK-02, RTK-16, contract 3.2).
func TestLifetimes(t *testing.T) {
	eachStoreCase(t, "RTK-02, RTK-16", settings{"ACCESS_TOKEN_TTL": "1s", "REFRESH_TOKEN_TTL": "3s", "REFRESH_RETRY_WINDOW": "1h"}, func(t *testing.T, s *Server) {
		guard := s.newClient(t, s.login(t, s.Admin), []string{"introspect:tokens"}, nil)
		a := s.register(t)
		spent := s.login(t, a)
		successor := s.refresh(t, spent.Refresh)
		g := s.login(t, a)
		eventually(t, 10*time.Second, "expired", func() bool { return s.send(t, me(g.Access)).status == http.StatusUnauthorized })
		isInactive(t, s.introspected(t, guard, g.Access))
		eventually(t, 10*time.Second, "expired", func() bool { return s.introspected(t, guard, g.Refresh).member("active") == false })
		for name, refresh := range map[string]string{"unused": g.Refresh, "in the retry window": spent.Refresh, "the successor": successor.Refresh} {
			if got := s.send(t, refreshGrant(refresh)); got.status != badRequest || got.text("error") != "invalid_grant" {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
	})
}

// TestSessionMaxAge: neither a rotation nor an access token outlives the session
// (contract, section 1).
func TestSessionMaxAge(t *testing.T) {
	eachStoreCase(t, "WEB-12", settings{"SESSION_MAX_AGE": "2s"}, func(t *testing.T, s *Server) {
		a := s.register(t)
		g := s.login(t, a)
		eventually(t, 10*time.Second, "over", func() bool {
			got := s.send(t, refreshGrant(g.Refresh))
			if got.status == http.StatusOK {
				g = granted(got)
			}
			return got.status == badRequest && got.text("error") == "invalid_grant"
		})
		s.want(t, http.StatusUnauthorized, me(g.Access))
		if got := s.want(t, http.StatusOK, passwordGrant(a)).member("expires_in"); got != 1.0 && got != 2.0 {
			t.Errorf("a token for %v seconds", got)
		}
	})
}

// TestRetryWindowEnds: after it even an unused successor does not excuse the
// second use (contract 3.3).
func TestRetryWindowEnds(t *testing.T) {
	const window = time.Second
	eachStoreCase(t, "RTK-16, RTK-10", settings{"REFRESH_RETRY_WINDOW": window.String()}, func(t *testing.T, s *Server) {
		guard := s.newClient(t, s.login(t, s.Admin), []string{"introspect:tokens"}, nil)
		first := s.login(t, s.register(t))
		next := s.refresh(t, first.Refresh)
		time.Sleep(window) // nothing tells that it is over but time
		if got := s.send(t, refreshGrant(first.Refresh)); got.status != badRequest || got.text("error") != "invalid_grant" {
			t.Errorf("%d %s", got.status, got.body)
		}
		s.wantDead(t, guard, first, next)
		s.wantCount(t, "1", reuses(first))
	})
}

// TestSwitches: what is switched off is refused, and not advertised.
func TestSwitches(t *testing.T) {
	eachStore(t, settings{"EMAIL_VERIFICATION": "required"}, func(t *testing.T, s *Server) {
		a := s.register(t)
		for range 2 {
			if got := s.send(t, passwordGrant(a)); got.status != badRequest || got.text("error") != "invalid_grant" || got.text("reason") != "email_unverified" {
				t.Errorf("unverified: %d %s", got.status, got.body)
			}
		}
		collided := account{"other-" + random(), a.Email, newPassword()}
		s.want(t, http.StatusAccepted, registration(collided))
		if got := s.send(t, passwordGrant(collided)); got.text("reason") != "email_unverified" {
			t.Errorf("a collided registration shows: %d %s", got.status, got.body)
		}

		s.Stop(t)
		s.settings["REGISTRATION"], s.settings["PASSWORD_GRANT"] = "closed", "disabled"
		s.Start(t)
		if got := s.send(t, registration(newAccount())); got.status != http.StatusForbidden || got.text("code") != "registration_closed" {
			t.Errorf("closed: %d %s", got.status, got.body)
		}
		if got := s.send(t, passwordGrant(a)); got.status != badRequest || got.text("error") != "unsupported_grant_type" {
			t.Errorf("disabled: %d %s", got.status, got.body)
		}
		offered, _ := s.get(t, "/.well-known/oauth-authorization-server").member("grant_types_supported").([]any)
		if len(offered) == 0 || slices.Contains(offered, any("password")) {
			t.Errorf("offered: %v", offered)
		}
	})
}

// TestRefusedConfiguration names every problem at once, repeats no value, and
// ends with status 2 (contract, section 1).
func TestRefusedConfiguration(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	bad := settings{
		"JWT_ALGORITHM": "none-at-all-" + random(), "ACCESS_TOKEN_TTL": "for-ever-" + random(), "ISSUER": "ftp://issuer." + random(),
		"DATABASE_MAX_CONNS": "many-" + random(), "PASSWORD_MIN_LENGTH": "7",
	}
	s := unchecked(t, onSQLite(t).with(bad))
	s.launch(t)
	if code := s.exitCode(t); code != 2 {
		t.Errorf("status %d, want 2", code)
	}
	for name, value := range bad {
		if !strings.Contains(s.Logs(), "KEYSTONE_"+name) {
			t.Errorf("KEYSTONE_%s is not named:\n%s", name, s.Logs())
		}
		if len(value) > 1 && strings.Contains(s.Logs(), value) {
			t.Errorf("the value of KEYSTONE_%s is repeated", name)
		}
	}
}

// TestWrongMasterKey: a start with the wrong key changes nothing.
func TestWrongMasterKey(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		g := s.login(t, s.Admin)
		s.Stop(t)
		wrong := unchecked(t, s.settings.with(settings{"MASTER_KEY": newMasterKey()}))
		wrong.launch(t)
		if code := wrong.exitCode(t); code == 0 {
			t.Error("it served with another master key")
		}
		if !strings.Contains(strings.ToLower(wrong.Logs()), "master key") {
			t.Errorf("it does not tell why:\n%s", wrong.Logs())
		}
		s.Start(t)
		s.want(t, http.StatusOK, me(g.Access))
		s.refresh(t, g.Refresh)
	})
}

// unchecked is a server that is not expected to serve.
func unchecked(t *testing.T, given settings) *Server {
	t.Helper()
	s := &Server{URL: fmt.Sprintf("http://%s", freeAddress(t)), Dir: t.TempDir(), settings: given, http: newHTTPClient(t), stdout: &transcript{}, stderr: &transcript{}}
	s.settings["HTTP_ADDR"] = strings.TrimPrefix(s.URL, "http://")
	return s
}
