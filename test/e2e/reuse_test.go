package e2e

import (
	"fmt"
	"net/http"
	"testing"
)

func reuses(g grant) string {
	return fmt.Sprintf("SELECT count(*) FROM events WHERE type = 'token.reuse_detected' AND subject_id = '%s'", g.UserID)
}

// TestReuse: a token presented after its successor was used ends the whole
// session, and no other (RFC 9700, section 4.14.2; RTK-10, -11, -12, -18).
func TestReuse(t *testing.T) {
	eachStoreCase(t, "RTK-10, RTK-11, RTK-12, RTK-18", settings{"REFRESH_RETRY_WINDOW": "60s"}, func(t *testing.T, s *Server) {
		guard := s.newClient(t, s.login(t, s.Admin), []string{"introspect:tokens"}, nil)
		for generations := 2; generations <= 4; generations++ {
			t.Run(fmt.Sprintf("%d generations", generations), func(t *testing.T) {
				a := s.register(t)
				chain, other := []grant{s.login(t, a)}, s.login(t, a)
				for range generations {
					next := s.refresh(t, chain[len(chain)-1].Refresh)
					chain = append(chain, next)
				}
				if generations == 4 {
					s.Restart(t) // and nothing is forgotten
				}
				s.want(t, http.StatusOK, me(chain[0].Access))
				stolen := s.want(t, http.StatusBadRequest, refreshGrant(chain[0].Refresh))
				if stolen.text("error") != "invalid_grant" {
					t.Errorf("the reuse is answered %s", stolen.body)
				}
				s.wantDead(t, guard, chain...)
				s.wantCount(t, "1", reuses(chain[0]))
				s.wantCount(t, "1", fmt.Sprintf("SELECT count(*) FROM events WHERE type = 'session.ended' AND subject_id = '%s'", sessionOf(t, chain[0])))
				s.want(t, http.StatusOK, me(other.Access))
				s.refresh(t, other.Refresh)
			})
		}
	})
}

// TestStrangersCannotKill: a token presented by another client is refused and
// punishes nobody (RTK-03, RTK-04).
func TestStrangersCannotKill(t *testing.T) {
	eachStoreCase(t, "RTK-03, RTK-04", nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		first := s.login(t, w.alice, w.app)
		spent := granted(s.want(t, http.StatusOK, call{path: tokenPath, basic: w.app, form: refreshGrant(first.Refresh).form}))
		for _, refresh := range []string{first.Refresh, spent.Refresh} {
			for name, stranger := range map[string]client{"another client": w.other, "the built-in client": {}} {
				c := refreshGrant(refresh)
				c.basic = stranger
				if got := s.send(t, c); got.status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
					t.Errorf("%s: %d %s", name, got.status, got.body)
				}
			}
			for name, c := range map[string]call{
				"a wrong secret": {path: tokenPath, basic: client{w.app.ID, "kss_" + newPassword()}, form: refreshGrant(refresh).form},
				"no secret":      {path: tokenPath, form: refreshGrant(refresh, "client_id", w.app.ID).form},
			} {
				if got := s.send(t, c); got.status != http.StatusUnauthorized || got.text("error") != "invalid_client" {
					t.Errorf("%s: %d %s", name, got.status, got.body)
				}
			}
		}
		s.want(t, http.StatusOK, call{path: tokenPath, basic: w.app, form: refreshGrant(spent.Refresh).form})
		s.wantCount(t, "0", reuses(first))
	})
}
