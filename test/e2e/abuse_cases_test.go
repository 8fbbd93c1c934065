package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/test/services"
)

// TestSharedBudget: wherever a password is asked for, a wrong one counts.
func TestSharedBudget(t *testing.T) {
	eachStoreCase(t, "RAT-03", settings{"LOCKOUT_ATTEMPTS": "5"}, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		a := s.register(t)
		g := s.login(t, a)
		byEmail := account{Username: a.Email, Password: newPassword()}
		own := func(method, path string, body members) call {
			return call{method: method, path: path, bearer: g.Access, json: text(body)}
		}
		for _, wrong := range []struct {
			call   call
			status int
		}{
			{passwordGrant(account{Username: strings.ToUpper(a.Username), Password: newPassword()}), badRequest}, {passwordGrant(byEmail), badRequest},
			{change(g.Access, newPassword(), newPassword()), 403},
			{own("PATCH", mePath, members{"email": "new-" + a.Email, "current_password": newPassword()}), 403},
			{own("DELETE", mePath, members{"current_password": newPassword()}), 403},
		} {
			if got := s.want(t, wrong.status, wrong.call); got.text("reason") != "" || got.text("code") == "account_locked" {
				t.Errorf("locked too early: %s", got.body)
			}
		}
		s.want(t, badRequest, passwordGrant(a)).has(t, "reason", "account_locked")
		s.want(t, 403, change(g.Access, a.Password, newPassword())).has(t, "code", "account_locked")
		s.want(t, 403, own("DELETE", mePath, members{"current_password": a.Password})).has(t, "code", "account_locked")
		user := w.as(t, w.admin.Access, "GET", adminUsersPath+"/"+g.UserID, "", 200)
		user.has(t, "failed_login_attempts", 5)
		if user.text("locked_until") == "" {
			t.Errorf("%s", user.body)
		}
		t.Run("RAT-02 what is open goes on", func(t *testing.T) {
			s.want(t, http.StatusOK, me(g.Access))
			g = s.refresh(t, g.Refresh)
			s.want(t, http.StatusOK, me(g.Access))
			s.want(t, http.StatusAccepted, post(resetPath+"/request", map[string]string{"email": a.Email}))
			a.Password = newPassword()
			s.want(t, http.StatusNoContent, post(resetPath, map[string]string{"token": s.mail(t, "password_reset", a.Email), "new_password": a.Password}))
			s.login(t, a)
			w.as(t, w.admin.Access, "GET", adminUsersPath+"/"+g.UserID, "", 200).has(t, "failed_login_attempts", 0)
		})
	})
}

// TestLockEnds: a lock is over by itself, and the next one is longer.
func TestLockEnds(t *testing.T) {
	eachStoreCase(t, "RAT-02", settings{"LOCKOUT_ATTEMPTS": "1", "LOCKOUT_DURATIONS": "1s,10m"}, func(t *testing.T, s *Server) {
		for kind, a := range map[string]account{"an account": s.register(t), "nobody's name": {Username: "nobody-" + random(), Password: newPassword()}} {
			wrong := a
			wrong.Password = newPassword()
			s.want(t, badRequest, passwordGrant(wrong))
			if got := s.want(t, badRequest, passwordGrant(a)); got.text("reason") != "account_locked" && got.text("reason") != "" {
				t.Errorf("%s: %s", kind, got.body)
			}
			eventually(t, startWithin, "unlocked", func() bool { return s.send(t, passwordGrant(wrong)).text("reason") == "" })
			got := s.want(t, badRequest, passwordGrant(a))
			if after, err := strconv.Atoi(got.header.Get("Retry-After")); got.text("reason") != "account_locked" || err != nil || after < 300 {
				t.Errorf("%s, the second lock: %s, Retry-After %s", kind, got.body, got.header.Get("Retry-After"))
			}
		}
	})
}

// TestParallelGuesses: however many come at once, the limit is what is judged.
func TestParallelGuesses(t *testing.T) {
	const guesses, limit = 200, 5
	eachStoreCase(t, "RAT-05", settings{"LOCKOUT_ATTEMPTS": fmt.Sprint(limit), "HASH_QUEUE": "1000"}, func(t *testing.T, s *Server) {
		over := instances(t, s)
		a := s.register(t)
		id := s.login(t, a).UserID
		for kind, name := range map[string]string{"an account": a.Username, "nobody's name": "nobody-" + random()} {
			answers := atOnce(t, guesses, func(i int) (answer, error) {
				return over[i%len(over)].try(passwordGrant(account{Username: name, Password: newPassword()}))
			})
			judged := 0
			for _, got := range answers {
				switch {
				case got.status == badRequest && got.text("reason") == "":
					judged++
				case got.text("reason") != "account_locked" && got.status != http.StatusServiceUnavailable:
					t.Errorf("%s: %d %s", kind, got.status, got.body)
				}
			}
			if judged < 1 || judged > limit {
				t.Errorf("%s: %d were judged, want at most %d", kind, judged, limit)
			}
			s.want(t, badRequest, passwordGrant(account{Username: name, Password: a.Password})).has(t, "reason", "account_locked")
		}
		s.wantCount(t, fmt.Sprint(limit), "SELECT failed_login_attempts FROM users WHERE id = '"+id+"'")
		s.wantCount(t, fmt.Sprint(limit), "SELECT count(*) FROM events WHERE type = 'user.login_failed' AND subject_id = '"+id+"' AND reason <> 'account_locked'")
	})
}

// TestMailsAreBounded: nobody's mailbox is flooded, and one who floods is told.
func TestMailsAreBounded(t *testing.T) {
	eachStoreCase(t, "USR-22", settings{"RATE_LIMITS": "", "TRUSTED_PROXIES": "127.0.0.0/8"}, func(t *testing.T, s *Server) {
		a := newAccount()
		if got := s.send(t, from("192.0.2.1", registration(a))); got.status != http.StatusAccepted {
			t.Fatalf("%d", got.status)
		}
		ask := func(email string) call {
			return post(resetPath+"/request", map[string]string{"email": email})
		}
		for i := range 20 {
			if got := s.send(t, from(fmt.Sprintf("203.0.113.%d", i), ask(a.Email))); got.status != http.StatusAccepted {
				t.Errorf("request %d: %d %s", i, got.status, got.body)
			}
		}
		fresh := newAccount()
		if got := s.send(t, from("192.0.2.9", registration(fresh))); got.status != http.StatusAccepted {
			t.Fatalf("%d", got.status)
		}
		s.send(t, from("192.0.2.9", ask(fresh.Email)))
		s.mail(t, "password_reset", a.Email)
		s.mail(t, "password_reset", fresh.Email) // asked for after all of them
		if n := len(s.mails(t, "password_reset", a.Email)); n < 1 || n > 5 {
			t.Errorf("%d mails to one address, want at most 5", n)
		}
		seen := map[int]int{}
		for range 1000 {
			got := s.send(t, from("198.51.100.7", ask("nobody-"+random()+"@example.com")))
			if seen[got.status]++; got.status == http.StatusTooManyRequests && seen[got.status] == 1 {
				wantLimited(t, got)
			}
		}
		if seen[http.StatusAccepted] != 10 || seen[http.StatusTooManyRequests] != 990 {
			t.Errorf("one address of the network got %v", seen)
		}
	})
}

// TestLimiterAway: without its Redis an instance limits for itself, and says so.
func TestLimiterAway(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	t.Run("RAT-12", func(t *testing.T) {
		redis, _ := services.Redis(t)
		way := newWay(t, redis)
		ops := freeAddress(t)
		s := start(t, onPostgres(t).with(settings{"REDIS_URL": way.url, "RATE_LIMITS": "off,login_ip=6/1m", "OPS_ADDR": ops}))
		shared := func() string {
			got, err := (&Server{URL: "http://" + ops, http: s.http, secrets: s.secrets}).try(call{method: "GET", path: "/metrics"})
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(got.body)) {
				if value, is := strings.CutPrefix(line, "keystone_rate_limits_shared "); is {
					return strings.TrimSpace(value)
				}
			}
			return "no metric"
		}
		if got := shared(); got != "1" {
			t.Errorf("keystone_rate_limits_shared %s", got)
		}
		way.close()
		guess := func(int) call {
			return passwordGrant(account{Username: "user" + random(), Password: newPassword()})
		}
		seen := s.statuses(t, 12, guess)
		if seen[http.StatusBadRequest] != 6 || seen[http.StatusTooManyRequests] != 6 {
			t.Errorf("got %v", seen)
		}
		if got := shared(); got != "0" {
			t.Errorf("keystone_rate_limits_shared %s", got)
		}
		if !strings.Contains(s.Logs(), `"logger":"limits"`) {
			t.Error("the log does not tell")
		}
	})
}

// TestLimitsChange: a limit is another one as soon as it is set.
func TestLimitsChange(t *testing.T) {
	eachStoreCase(t, "RAT-07", settings{"RATE_LIMITS": "off", "TRUSTED_PROXIES": "127.0.0.0/8"}, func(t *testing.T, s *Server) {
		over := instances(t, s)
		admin := s.login(t, s.Admin)
		s.as(t, admin.Access, "PATCH", "/api/v1/admin/settings", `{"rate_limits":"off,login_ip=3/1m"}`, 200)
		guess := func(int) call {
			return from("2001:db8:7::"+strconv.Itoa(1+len(random())), passwordGrant(account{Username: "user" + random(), Password: newPassword()}))
		}
		for _, each := range over {
			eventually(t, startWithin, "limited", func() bool { return each.send(t, guess(0)).status == http.StatusTooManyRequests })
		}
		// One /64 is one address; the left of an untrusted hop is anyone's to write.
		for name, forwarded := range map[string]string{"of the network": "2001:db8:7::ffff:1", "forged": "198.51.100.1, 2001:db8:7::2"} {
			if got := s.send(t, from(forwarded, guess(0))); got.status != http.StatusTooManyRequests {
				t.Errorf("%s: %d", name, got.status)
			}
		}
		if got := s.send(t, from("2001:db8:7:1::1", guess(0))); got.status != badRequest {
			t.Errorf("another network: %d", got.status)
		}
		s.as(t, admin.Access, "PATCH", "/api/v1/admin/settings", `{"rate_limits":null}`, 200)
		for _, each := range over {
			eventually(t, startWithin, "free again", func() bool { return each.send(t, guess(0)).status == badRequest })
		}
	})
}
