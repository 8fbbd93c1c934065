package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// seenWithin is how long another instance may go on accepting what was revoked
// (contract, section 3.4).
const seenWithin = time.Second

// ends are the ways to end an access token.
var ends = map[string]func(g grant) call{
	"its own revocation":              func(g grant) call { return call{path: revokePath, form: form("token", g.Access)} },
	"revocation of its refresh token": func(g grant) call { return call{path: revokePath, form: form("token", g.Refresh)} },
	"logout":                          func(g grant) call { return call{path: logoutPath, bearer: g.Access} },
	"logout everywhere":               func(g grant) call { return call{path: logoutPath, bearer: g.Access, json: `{"all":true}`} },
}

// endOnOne ends tokens on one instance and waits for the other to know. It
// gives the dead tokens.
func endOnOne(t *testing.T, one, other *Server) []grant {
	t.Helper()
	var dead []grant
	for name, end := range ends {
		g := one.login(t, one.register(t))
		other.want(t, http.StatusOK, me(g.Access)) // its signature is cached there now
		if got := one.send(t, end(g)); got.status/100 != 2 {
			t.Fatalf("%s: %d %s", name, got.status, got.body)
		}
		refusedSoon(t, other, name, g.Access)
		if got := one.send(t, me(g.Access)); got.status != http.StatusUnauthorized {
			t.Errorf("%s: status %d where it was ended, want 401 at once", name, got.status)
		}
		dead = append(dead, g)
	}
	return dead
}

func refusedSoon(t *testing.T, s *Server, name, access string) {
	t.Helper()
	ended := time.Now()
	for {
		asked := time.Since(ended)
		got, err := s.try(me(access))
		switch {
		case err != nil:
			t.Fatal(err)
		case got.status == http.StatusUnauthorized:
			return
		case got.status == http.StatusOK && asked > seenWithin:
			t.Errorf("%s: accepted %s after it was ended, want refused within %s", name, asked, seenWithin)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// stayDead holds tokens to being refused whatever happens to the instances.
func stayDead(t *testing.T, tokens []grant, servers ...*Server) {
	t.Helper()
	for _, s := range servers {
		for _, g := range tokens {
			if got := s.send(t, me(g.Access)); got.status != http.StatusUnauthorized {
				t.Errorf("an ended token: status %d, want 401", got.status)
			}
		}
	}
}

// TestProfileChangesReachOtherInstances: who changes a profile reads it back at
// once, and another instance shows it within the second too.
func TestProfileChangesReachOtherInstances(t *testing.T) {
	needsProcess(t)
	redis := miniredis.RunT(t)
	for name, extra := range map[string]settings{"the tail alone": nil, "pushed": {"REDIS_URL": "redis://" + redis.Addr()}} {
		t.Run(name, func(t *testing.T) {
			one := start(t, onPostgres(t).with(extra))
			other := one.sibling(t)
			a := one.register(t)
			g := one.login(t, a)
			shows := func(s *Server, field, value string) bool {
				return strings.Contains(string(s.want(t, http.StatusOK, me(g.Access)).body), `"`+field+`":`+value)
			}
			for _, s := range []*Server{one, other} {
				if !shows(s, "bio", "null") || !shows(s, "failed_login_attempts", "0") {
					t.Fatal("a new account has a past")
				}
			}
			one.want(t, http.StatusOK, call{method: "PATCH", path: mePath, bearer: g.Access, json: `{"bio":"changed"}`})
			changed := time.Now()
			if !shows(one, "bio", `"changed"`) {
				t.Error("the old profile is shown where it was changed")
			}
			eventually(t, seenWithin-time.Since(changed), "the change is shown elsewhere", func() bool { return shows(other, "bio", `"changed"`) })

			one.want(t, http.StatusBadRequest, call{path: tokenPath, form: form("grant_type", "password", "username", a.Username, "password", "not the password at all")})
			failed := time.Now()
			if !shows(one, "failed_login_attempts", "1") {
				t.Error("the failure is not shown where it was counted")
			}
			eventually(t, seenWithin-time.Since(failed), "the failure is shown elsewhere", func() bool { return shows(other, "failed_login_attempts", "1") })
		})
	}
}

// TestRevocationReachesOtherInstances measures against a second, so it has the
// machine to itself as far as this package goes.
func TestRevocationReachesOtherInstances(t *testing.T) {
	needsProcess(t)
	t.Run("postgres alone", func(t *testing.T) {
		one := start(t, onPostgres(t))
		other := one.sibling(t)
		dead := endOnOne(t, one, other)
		other.Kill(t)
		other.Start(t)
		stayDead(t, dead, one, other)
	})
	t.Run("OPS-05, OPS-11, REV-11 postgres and a Redis that is emptied, lost and replaced", func(t *testing.T) {
		redis := miniredis.RunT(t)
		one := start(t, onPostgres(t).with(settings{"REDIS_URL": "redis://" + redis.Addr()}))
		other := one.sibling(t)
		dead := endOnOne(t, one, other)
		redis.FlushAll()
		stayDead(t, dead, one, other)
		redis.Close()
		dead = append(dead, endOnOne(t, one, other)...) // the tail of the store alone
		stayDead(t, dead, one, other)
		if err := redis.Restart(); err != nil {
			t.Fatal(err)
		}
		dead = append(dead, endOnOne(t, one, other)...)
		other.Restart(t)
		stayDead(t, dead, one, other)
	})
	t.Run("REV-11 sqlite, restarted", func(t *testing.T) {
		s := start(t, onSQLite(t))
		dead := endOnOne(t, s, s)
		s.Restart(t)
		stayDead(t, dead, s)
	})
}

// TestDatabaseAway: nothing is taken for granted while the store does not
// answer, and all is well once it does (REV-09, OPS-05, OPS-06).
func TestDatabaseAway(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	direct := onPostgres(t)
	way := newWay(t, direct["DATABASE_URL"])
	s := start(t, direct.with(settings{"DATABASE_URL": way.url}))
	s.Database = direct["DATABASE_URL"]
	guard := s.newClient(t, s.login(t, s.Admin), []string{"introspect:tokens"}, nil)
	a := s.register(t)
	g := s.login(t, a)
	s.want(t, http.StatusOK, me(g.Access))

	way.close()
	for name, c := range map[string]call{
		"REV-09 revoke":          {path: revokePath, form: form("token", g.Refresh)},
		"OPS-05, TOK-14 refresh": refreshGrant(g.Refresh),
		"OPS-05, OPS-06 login":   passwordGrant(a),
		"OPS-05 registration":    registration(newAccount()),
		"OPS-01 readiness":       {method: "GET", path: "/readyz"},
		"OPS-06 introspection":   {path: introspectPath, basic: guard, form: form("token", g.Refresh)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.try(c)
			if err != nil {
				t.Fatal(err)
			}
			if c.method == "GET" {
				if got.status != http.StatusServiceUnavailable || strings.Contains(string(got.body), "://") {
					t.Errorf("%d %s", got.status, got.body)
				}
				return
			}
			wellFormed(t, c, got)
			if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
				t.Errorf("%d %s, want 503 with Retry-After", got.status, got.body)
			}
		})
	}
	t.Run("OPS-01 it lives", func(t *testing.T) { s.get(t, "/healthz") })
	// In memory the token is good until the feed has been silent for a second.
	eventually(t, 10*time.Second, "refused for want of knowledge", func() bool {
		got, err := s.try(me(g.Access))
		return err == nil && got.status == http.StatusServiceUnavailable
	})
	if got, err := s.try(call{path: introspectPath, basic: guard, form: form("token", g.Access)}); err != nil || got.status != http.StatusServiceUnavailable {
		t.Errorf("introspection without knowledge: %d %s %v", got.status, got.body, err)
	}

	way.open(t)
	eventually(t, startWithin, "ready again", func() bool {
		got, err := s.try(call{method: "GET", path: "/readyz"})
		return err == nil && got.status == http.StatusOK
	})
	s.want(t, http.StatusOK, me(g.Access))
	s.refresh(t, g.Refresh)
}
