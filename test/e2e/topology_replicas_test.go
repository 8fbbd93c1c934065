//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/test/services"
)

// TestReplicas: lists are read from a replica that is near, and from the primary
// where there is none; nobody notices but those who look.
func TestReplicas(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	primary := services.NewPostgres(t)
	replica := primary.Replica(t)
	s := start(t, onOwnPostgres(primary).with(settings{
		"DATABASE_REPLICA_URLS": replica.URL(), "OPS_ADDR": fmt.Sprintf("127.0.0.1:%d", services.FreePort(t)), "ACCESS_TOKEN_TTL": "1h",
	}))
	admin := s.login(t, s.Admin)
	lists := []string{"/api/v1/admin/users", "/api/v1/admin/roles", "/api/v1/admin/scopes", "/api/v1/admin/clients", "/api/v1/admin/audit", "/api/v1/admin/stats",
		"/api/v1/admin/users/" + admin.UserID + "/sessions", "/api/v1/users/me/sessions"}
	// seen makes a user and waits for it in the list, a second at most: a list may
	// trail by no more.
	seen := func(when string) {
		t.Helper()
		a := s.register(t)
		made := time.Now()
		for {
			asked := time.Since(made)
			got := s.want(t, http.StatusOK, call{method: "GET", path: "/api/v1/admin/users?q=" + a.Username, bearer: admin.Access})
			items, _ := got.member("items").([]any)
			if len(items) == 1 {
				break
			}
			if asked > seenWithin {
				t.Errorf("%s: a user is not listed %s after it was made", when, asked)
				break
			}
		}
		for _, path := range lists {
			s.want(t, http.StatusOK, call{method: "GET", path: path, bearer: admin.Access})
		}
	}
	usable := func(want string) {
		t.Helper()
		s.sees(t, "replica_1", map[string]string{"1": "up", "0": "degraded"}[want])
		if got := strconv.FormatFloat(s.metric(t, `keystone_db_replica_usable{replica="replica_1"}`), 'f', -1, 64); got != want {
			t.Errorf("keystone_db_replica_usable is %s, want %s", got, want)
		}
		s.get(t, "/readyz")
	}

	usable("1")
	seen("a replica that is near")
	eventually(t, recovery, "read from the replica", func() bool {
		s.want(t, http.StatusOK, call{method: "GET", path: "/api/v1/admin/roles", bearer: admin.Access})
		return replica.Query(t, "SELECT coalesce(sum(seq_scan + idx_scan), 0) > 0 FROM pg_stat_user_tables WHERE relname = 'roles'") == "true"
	})

	replica.Exec(t, "SELECT pg_wal_replay_pause()")
	seen("just after the replay has stopped")
	usable("0")
	seen("a replica that trails")
	replica.Exec(t, "SELECT pg_wal_replay_resume()")
	usable("1")

	replica.Freeze(t)
	seen("a replica that is frozen")
	usable("0")
	replica.Thaw(t)
	usable("1")

	replica.Kill(t)
	seen("a replica that is gone")
	usable("0")
	replica.Start(t)
	usable("1")
	seen("a replica that is back")
}
