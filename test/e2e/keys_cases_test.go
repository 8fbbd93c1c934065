package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAlgorithmsAreNotSwapped: one algorithm a key, whichever it is (RFC 8725,
// section 3.1).
func TestAlgorithmsAreNotSwapped(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	for alg, others := range map[string][]string{
		"RS256": {"PS256", "RS384", "RS512", "PS512"}, "HS256": {"HS384", "HS512"}, "EdDSA": {"Ed25519", "ES256"},
	} {
		t.Run(alg, func(t *testing.T) {
			eachStore(t, settings{"JWT_ALGORITHM": alg}, func(t *testing.T, s *Server) {
				w := newWorld(t, s)
				f := s.forger(t, w.session.Access)
				if f.alg != alg {
					t.Fatalf("signed by %s", f.alg)
				}
				w.want(t, http.StatusOK, me(f.token(f.header, f.payload)))
				for _, other := range append(others, "none") {
					t.Run("JWT-03 "+other+" said", func(t *testing.T) { w.wantRefused(t, forgery{token: f.headed("alg", other)}) })
					if alg != "EdDSA" && other != "none" {
						t.Run("JWT-03 "+other+" said and done", func(t *testing.T) { w.wantRefused(t, forgery{token: f.swapped(other)}) })
					}
				}
				if alg == "HS256" { // and its secret is nobody's business
					t.Run("JWT-17 no public key", func(t *testing.T) {
						if keys := s.get(t, "/.well-known/jwks.json"); strings.TrimSpace(string(keys.body)) != `{"keys":[]}` {
							t.Errorf("%s", keys.body)
						}
						if secret, _ := f.private.([]byte); len(secret) < 32 {
							t.Errorf("a secret of %d bytes", len(secret))
						}
					})
				}
			})
		})
	}
}

// kids are the ids of the published keys.
func (s *Server) kids(t *testing.T) map[string]bool {
	t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(s.get(t, "/.well-known/jwks.json").body, &set); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, key := range set.Keys {
		found[key.Kid] = true
	}
	return found
}

// TestKeysRotate: the next key is known before its first token, the last one
// until its last token has ended, and no longer.
func TestKeysRotate(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		over := instances(t, s)
		admin := s.login(t, s.Admin)
		a := s.register(t)
		old := s.login(t, a)
		f := s.forger(t, old.Access)
		far := f.saying("exp", time.Now().Add(time.Hour).Unix())
		t.Run("JWT-19 rotated", func(t *testing.T) {
			ahead := s.kids(t)
			s.as(t, admin.Access, "POST", "/api/v1/admin/keys/rotate", "", http.StatusOK)
			fresh := s.login(t, a)
			kid, _ := claims(t, fresh.Access, 0)["kid"].(string)
			if kid == f.kid || !ahead[kid] {
				t.Errorf("signed by %s, not by a key that was published before", kid)
			}
			for _, each := range over {
				each.want(t, http.StatusOK, me(fresh.Access))
				each.want(t, http.StatusOK, me(old.Access))
				each.want(t, http.StatusOK, me(far))
			}
			if !s.kids(t)[f.kid] {
				t.Error("the key of tokens that are still out is gone")
			}
		})
		t.Run("JWT-19 removed", func(t *testing.T) {
			for _, each := range over {
				each.Stop(t)
			}
			s.execute(t, "UPDATE signing_keys SET expires_at = '2026-01-01 00:00:00+00:00' WHERE state = 'retired'") // as a day of waiting would
			for _, each := range over {
				each.Start(t)
				if each.kids(t)[f.kid] {
					t.Error("a key is published after its last token")
				}
				each.want(t, unauthorized, me(far))
				each.want(t, unauthorized, me(f.saying("exp", time.Now().Add(2*time.Hour).Unix())))
				each.want(t, http.StatusOK, me(each.login(t, a).Access))
			}
		})
	})
}

// TestLeeway: clocks may differ by what is configured, and no more.
func TestLeeway(t *testing.T) {
	eachStore(t, settings{"CLOCK_LEEWAY": "60s"}, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		f := s.forger(t, w.session.Access)
		now := s.now(t)
		for name, c := range map[string]struct {
			claim  string
			at     int64
			status int
		}{
			"OPS-16 ended 20 s ago": {"exp", now - 20, 200}, "OPS-16 ended 10 min ago": {"exp", now - 600, 401},
			"OPS-16 begins in 20 s": {"nbf", now + 20, 200}, "OPS-16 begins in 10 min": {"nbf", now + 600, 401},
			"JWT-08 ended 2 min ago": {"exp", now - 120, 401},
		} {
			t.Run(name, func(t *testing.T) { w.want(t, c.status, me(f.saying(c.claim, c.at))) })
		}
	})
}

// now is the server's clock, in seconds.
func (s *Server) now(t *testing.T) int64 {
	t.Helper()
	at, err := http.ParseTime(s.get(t, "/healthz").header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}
