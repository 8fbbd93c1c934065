package e2e

import (
	"net/http"
	"strconv"
	"testing"
)

// from has a call come from an address, through a proxy that is trusted.
func from(address string, c call) call {
	c.header = http.Header{"X-Forwarded-For": {address}}
	return c
}

// statuses repeats a call and counts what is answered.
func (s *Server) statuses(t *testing.T, times int, next func(i int) call) map[int]int {
	t.Helper()
	seen := map[int]int{}
	for i := range times {
		a := s.send(t, next(i))
		seen[a.status]++
		if a.status == http.StatusTooManyRequests {
			wantLimited(t, a)
		}
	}
	return seen
}

// wantLimited holds a 429 to say what was reached and when to come back.
func wantLimited(t *testing.T, a answer) {
	t.Helper()
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 25*60*60 || a.header.Get("RateLimit") == "" || a.header.Get("RateLimit-Policy") == "" ||
		a.text("error") != "temporarily_unavailable" && a.text("code") != "rate_limited" {
		t.Errorf("429 with %v and %s", a.header, a.body)
	}
}

// TestDefaultLimits asks what the limits do as they come. Every case has
// addresses of its own.
func TestDefaultLimits(t *testing.T) {
	eachStore(t, settings{"RATE_LIMITS": "", "TRUSTED_PROXIES": "127.0.0.0/8"}, func(t *testing.T, s *Server) {
		admin := granted(s.send(t, from("203.0.113.1", passwordGrant(s.Admin))))
		machine := s.newClient(t, admin, nil, []string{"client_credentials", "refresh_token"})
		token := func(c client, form string) call { return call{path: tokenPath, form: form, basic: c} }

		t.Run("CLI-19", func(t *testing.T) {
			seen := s.statuses(t, 650, func(int) call {
				return from("192.0.2.2", token(client{machine.ID, "wrong"}, "grant_type=client_credentials"))
			})
			if seen[http.StatusUnauthorized] != 600 || seen[http.StatusTooManyRequests] != 50 {
				t.Errorf("the attacker got %v", seen)
			}
			if a := s.send(t, from("192.0.2.3", token(machine, "grant_type=client_credentials"))); a.status != http.StatusOK {
				t.Errorf("the client got %d", a.status)
			}
		})
		t.Run("INT-12", func(t *testing.T) {
			seen := s.statuses(t, 650, func(i int) call {
				return from("192.0.2.12", call{path: introspectPath, form: form("token", "guess"+strconv.Itoa(i)), basic: machine})
			})
			if seen[http.StatusOK] != 600 || seen[http.StatusTooManyRequests] != 50 {
				t.Errorf("got %v", seen)
			}
		})
		t.Run("RAT-06, RAT-07", func(t *testing.T) {
			seen := s.statuses(t, 33, func(i int) call {
				if i == 10 || i == 20 {
					other := s.register(t) // the attacker's own account
					if a := s.send(t, from("192.0.2.7", passwordGrant(other))); a.status != http.StatusOK {
						t.Errorf("his own login: %d", a.status)
					}
				}
				return from("192.0.2.7", passwordGrant(account{Username: "user" + random(), Password: newPassword()}))
			})
			if seen[http.StatusBadRequest] != 30 || seen[http.StatusTooManyRequests] != 3 {
				t.Errorf("got %v", seen)
			}
		})
		t.Run("RAT-11", func(t *testing.T) {
			seen := s.statuses(t, 650, func(int) call {
				return from("192.0.2.11", token(machine, "grant_type=refresh_token&refresh_token=guess"))
			})
			if seen[http.StatusBadRequest] != 650 {
				t.Errorf("got %v", seen)
			}
			neighbour := s.newClient(t, admin, nil, []string{"client_credentials"})
			for _, c := range []client{machine, neighbour} {
				if a := s.send(t, from("192.0.2.11", token(c, "grant_type=client_credentials"))); a.status != http.StatusOK {
					t.Errorf("another grant, or the neighbour: %d", a.status)
				}
			}
		})
		t.Run("registrations", func(t *testing.T) {
			seen := s.statuses(t, 12, func(int) call { return from("192.0.2.20", registration(newAccount())) })
			if seen[http.StatusAccepted] != 10 {
				t.Errorf("got %v", seen)
			}
		})
		t.Run("texted codes", func(t *testing.T) {
			people := make([]string, 7)
			for i := range people {
				a := newAccount()
				s.want(t, http.StatusAccepted, from("192.0.2.30", registration(a)))
				people[i] = granted(s.want(t, http.StatusOK, from("192.0.2.30", passwordGrant(a)))).Access
			}
			ask := func(access, number string) call {
				return call{path: phonePath, bearer: access, json: text(map[string]string{"phone": number})}
			}
			reached := func(policy string, c call) {
				t.Helper()
				a := s.want(t, http.StatusTooManyRequests, c)
				wantLimited(t, a)
				if got := a.header.Get("RateLimit-Policy"); got != policy {
					t.Errorf("%s was reached, want %s", got, policy)
				}
			}
			for i := range 5 { // one user, another number each time
				s.want(t, http.StatusAccepted, ask(people[0], "+4315550010"+strconv.Itoa(i)))
			}
			reached(`"sms_user";q=5;w=3600`, ask(people[0], "+43155500109"))
			for _, access := range people[1:6] { // one number, another user each time
				s.want(t, http.StatusAccepted, ask(access, "+43155500200"))
			}
			reached(`"sms_number";q=5;w=86400`, ask(people[6], "+43 1 555 00 200"))
			s.want(t, http.StatusAccepted, ask(people[6], "+43155500201"))
		})
	})
}

// TestLimitsAreShared: what was used up on one instance is so on the other.
func TestLimitsAreShared(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	one := start(t, stores[1].settings(t).with(settings{"RATE_LIMITS": "off,login_ip=6/1m"}))
	other := one.sibling(t)
	guess := func(int) call { return passwordGrant(account{Username: "user" + random(), Password: newPassword()}) }
	for i := range 6 {
		if a := []*Server{one, other}[i%2].send(t, guess(i)); a.status != http.StatusBadRequest {
			t.Errorf("guess %d: %d", i, a.status)
		}
	}
	for _, s := range []*Server{one, other} {
		if seen := s.statuses(t, 5, guess); seen[http.StatusTooManyRequests] != 5 {
			t.Errorf("got %v", seen)
		}
	}
}
