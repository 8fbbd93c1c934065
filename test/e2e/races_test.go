package e2e

import (
	"fmt"
	"net/http"
	"testing"
)

// instances gives the processes that a race is split over: two on a shared
// store, one on a file.
func instances(t *testing.T, s *Server) []*Server {
	t.Helper()
	if s.settings["REDIS_URL"] == "" {
		return []*Server{s}
	}
	return []*Server{s, s.sibling(t)}
}

const racers = 60

func raceRefreshes(t *testing.T, over []*Server, refresh string) []answer {
	t.Helper()
	return atOnce(t, racers, func(i int) (answer, error) { return over[i%len(over)].try(refreshGrant(refresh)) })
}

func chainOf(t *testing.T, g grant) string {
	return fmt.Sprintf("SELECT count(*) FROM refresh_tokens WHERE session_id = '%s'", sessionOf(t, g))
}

// TestParallelRefresh: one token, sixty requests, one successor (contract 3.3).
func TestParallelRefresh(t *testing.T) {
	eachStoreCase(t, "RTK-14, RTK-15, JWT-18", settings{"REFRESH_RETRY_WINDOW": "60s"}, func(t *testing.T, s *Server) {
		over := instances(t, s)
		first := s.login(t, s.register(t))
		sameSuccessor(t, raceRefreshes(t, over, first.Refresh))
		s.wantCount(t, "2", chainOf(t, first))
		s.wantCount(t, "0", reuses(first))
	})
}

func sameSuccessor(t *testing.T, answers []answer) {
	t.Helper()
	successors, ids := map[string]bool{}, map[any]bool{}
	for _, a := range answers {
		if a.status != http.StatusOK {
			t.Errorf("status %d: %s", a.status, a.body)
			continue
		}
		successors[a.text("refresh_token")] = true
		ids[claims(t, a.text("access_token"), 1)["jti"]] = true
	}
	if len(ids) != len(answers) { // JWT-18
		t.Errorf("%d different access tokens in %d answers", len(ids), len(answers))
	}
	if len(successors) != 1 || successors[""] {
		t.Errorf("%d different refresh tokens, want one", len(successors))
	}
}

// TestParallelRefreshStrict: without a retry window the first wins and the
// second is theft.
func TestParallelRefreshStrict(t *testing.T) {
	eachStoreCase(t, "RTK-14, RTK-10", settings{"REFRESH_RETRY_WINDOW": "0"}, func(t *testing.T, s *Server) {
		over := instances(t, s)
		guard := s.newClient(t, s.login(t, s.Admin), []string{"introspect:tokens"}, nil)
		first := s.login(t, s.register(t))
		var won []grant
		for _, a := range raceRefreshes(t, over, first.Refresh) {
			switch {
			case a.status == http.StatusOK:
				won = append(won, granted(a))
			case a.status != http.StatusBadRequest || a.text("error") != "invalid_grant":
				t.Errorf("status %d: %s", a.status, a.body)
			}
		}
		if len(won) != 1 {
			t.Fatalf("%d requests won, want 1", len(won))
		}
		s.wantCount(t, "2", chainOf(t, first))
		s.wantCount(t, "1", reuses(first))
		s.wantDead(t, guard, first, won[0])
	})
}

// TestSmallPool: bursts on a pool of two connections neither fail nor wait in a
// circle.
func TestSmallPool(t *testing.T) {
	eachStoreCase(t, "USR-04", settings{"DATABASE_MAX_CONNS": "2", "REFRESH_RETRY_WINDOW": "60s"}, func(t *testing.T, s *Server) {
		a := s.register(t)
		first := s.login(t, a)
		sameSuccessor(t, raceRefreshes(t, []*Server{s}, first.Refresh))
		s.wantCount(t, "2", chainOf(t, first))

		logins := atOnce(t, 40, func(int) (answer, error) { return s.try(passwordGrant(a)) })
		if got := statuses(logins); got[http.StatusOK] != len(logins) {
			t.Errorf("logins by status: %v, want all 200", got)
		}
		for _, login := range logins[:3] {
			s.refresh(t, login.text("refresh_token"))
		}

		// USR-04: every racer has an address of its own, all want one name.
		wanted := newAccount()
		registrations := atOnce(t, 50, func(i int) (answer, error) {
			each := wanted
			each.Email = fmt.Sprintf("%d-%s", i, wanted.Email)
			return s.try(registration(each))
		})
		if got := statuses(registrations); got[http.StatusAccepted] != 1 || got[http.StatusConflict] != len(registrations)-1 {
			t.Errorf("registrations by status: %v, want one 202 and 409 for the rest", got)
		}
		for _, r := range registrations {
			if r.status == http.StatusConflict && r.text("code") != "username_taken" {
				t.Errorf("a conflict over something else: %s", r.body)
			}
		}
		s.wantCount(t, "1", fmt.Sprintf("SELECT count(*) FROM users WHERE username = '%s'", wanted.Username))
		s.login(t, account{Username: wanted.Username, Password: wanted.Password})
	})
}
