//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/test/services"
)

// promised is what writers were told is stored, until the database was gone.
type promised struct {
	mu       sync.Mutex
	users    []account
	sessions []grant // alive
	ended    []grant // revoked, by their refresh token
}

func (p *promised) total() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(len(p.users), len(p.sessions), len(p.ended))
}

// write registers, logs in and revokes until stop; what fails meanwhile was
// promised to nobody, and must be asked for again.
func (p *promised) write(s *Server, stop *atomic.Bool) error {
	for !stop.Load() {
		a := newAccount()
		got, err := s.try(registration(a))
		if err != nil {
			return err
		}
		if got.status != http.StatusAccepted {
			if !comeBack(got) {
				return fmt.Errorf("registration: %d %s", got.status, got.body)
			}
			continue
		}
		p.mu.Lock()
		p.users = append(p.users, a)
		p.mu.Unlock()
		for _, revoke := range []bool{false, true} {
			got, err := s.try(passwordGrant(a))
			if err != nil {
				return err
			}
			if got.status != http.StatusOK {
				if !comeBack(got) {
					return fmt.Errorf("login: %d %s", got.status, got.body)
				}
				break
			}
			g := granted(got)
			kept := &p.sessions
			if revoke {
				kept = &p.ended
				got, err := s.try(call{path: revokePath, form: form("token", g.Refresh)})
				if err != nil {
					return err
				}
				if got.status != http.StatusOK {
					if !comeBack(got) {
						return fmt.Errorf("revocation: %d %s", got.status, got.body)
					}
					break
				}
			}
			p.mu.Lock()
			*kept = append(*kept, g)
			p.mu.Unlock()
		}
	}
	return nil
}

// kept holds the instances to all that was promised.
func (p *promised) kept(t *testing.T, servers ...*Server) {
	t.Helper()
	t.Logf("promised: %d users, %d sessions, %d revocations", len(p.users), len(p.sessions), len(p.ended))
	stored := map[string]bool{}
	for _, name := range servers[0].column(t, "SELECT username FROM users") {
		stored[name] = true
	}
	for _, a := range p.users {
		if !stored[a.Username] {
			t.Errorf("the user %s is gone", a.Username)
		}
	}
	for i, g := range p.ended {
		s := servers[i%len(servers)]
		if got := s.send(t, me(g.Access)); got.status != http.StatusUnauthorized {
			t.Errorf("a revoked session's access token: %d", got.status)
		}
		if got := s.send(t, refreshGrant(g.Refresh)); got.status != http.StatusBadRequest {
			t.Errorf("a revoked session's refresh token: %d %s", got.status, got.body)
		}
	}
	for i, g := range p.sessions {
		s := servers[i%len(servers)]
		s.want(t, http.StatusOK, me(g.Access))
		s.refresh(t, g.Refresh)
	}
}

// underWrites does something to the database while six writers are at work on
// two instances, and holds all to what was promised.
func underWrites(t *testing.T, given settings, do func(s *Server, soon func())) {
	t.Helper()
	one := start(t, given)
	other := one.sibling(t)
	var p promised
	var stop atomic.Bool
	var writing sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		s := []*Server{one, other}[i%2]
		writing.Go(func() { errs[i] = p.write(s, &stop) })
	}
	more := func() {
		had := p.total()
		eventually(t, recovery, "writing", func() bool { return p.total() >= had+10 })
	}
	more()
	do(one, more)
	more()
	stop.Store(true)
	writing.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	time.Sleep(seenWithin) // that long the other instance may take to know of the last revocations
	p.kept(t, one, other)
}

// TestPostgresIsKilled: what was answered is stored, what was not is asked for
// again with success, and no instance is restarted (REV-09, OPS-05, OPS-06).
func TestPostgresIsKilled(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	primary := services.NewPostgres(t)
	underWrites(t, onOwnPostgres(primary), func(_ *Server, more func()) {
		primary.Kill(t)
		primary.Start(t)
		more()
		primary.Stop(t)
		primary.Start(t)
	})
}

// TestPostgresFailsOver: the primary is gone for good, and the replica that had
// to confirm each commit takes its place.
func TestPostgresFailsOver(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	primary := services.NewPostgres(t)
	replica := primary.Replica(t)
	primary.Exec(t, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	primary.Exec(t, "SELECT pg_reload_conf()")
	both := fmt.Sprintf("postgres://postgres@%s,%s/postgres?sslmode=disable", primary.Address(), replica.Address())
	underWrites(t, onOwnPostgres(primary).with(settings{"DATABASE_URL": both}), func(s *Server, _ func()) {
		primary.Kill(t)
		replica.Promote(t)
		s.Database = replica.URL()
	})
}

// TestPostgresIsSlow: a lock that another holds, and a server that froze, are
// answered with 503 and not waited for.
func TestPostgresIsSlow(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	primary := services.NewPostgres(t)
	p := newPair(t, onOwnPostgres(primary).with(settings{"DATABASE_MAX_CONNS": "2"}))
	a := p.one.register(t)
	refresh := p.one.login(t, a).Refresh
	for name, fault := range map[string]struct{ begin, end func() }{
		"users is locked": {func() { go p.one.lockTable(t, "users", 12*time.Second) }, func() {
			primary.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
		}},
		"frozen": {func() { primary.Freeze(t) }, func() { primary.Thaw(t) }},
	} {
		p.through(t, name, func() {
			fault.begin()
			time.Sleep(200 * time.Millisecond)
			for i, got := range atOnce(t, 8, func(i int) (answer, error) {
				if i%2 == 0 {
					return p.one.try(passwordGrant(a))
				}
				return p.other.try(registration(newAccount()))
			}) {
				if !comeBack(got) {
					t.Errorf("%s: call %d: %d %s, want 503 with Retry-After", name, i, got.status, got.body)
				}
			}
			fault.end()
		})
		p.well(t, "database")
	}
	p.other.refresh(t, refresh)
}

// TestFiveStartAtOnce: on an empty database exactly one of each is made.
func TestFiveStartAtOnce(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	given := onOwnPostgres(services.NewPostgres(t)).with(settings{"DATABASE_MAX_CONNS": "4", "ISSUER": "http://keystone.example"})
	var all []*Server
	for range 5 {
		s := prepare(t, given)
		s.launch(t)
		all = append(all, s)
	}
	for _, s := range all {
		s.awaitReady(t)
	}
	all[0].wantCount(t, "1", "SELECT count(*) FROM users WHERE is_superuser")
	all[0].wantCount(t, "1", "SELECT count(*) FROM signing_keys WHERE state = 'active'")
	all[0].wantCount(t, "0", "SELECT count(*) - count(DISTINCT name) FROM scopes")
	for i, s := range all {
		g := s.login(t, s.Admin)
		all[(i+1)%len(all)].want(t, http.StatusOK, me(g.Access))
	}
}

// lockTable keeps everyone else from a table.
func (s *Server) lockTable(t *testing.T, table string, span time.Duration) {
	db := s.open(t)
	defer func() { _ = db.Close() }() // nothing was written
	tx, err := db.Begin()
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = tx.Rollback() }() // the connection is ended from outside
	if _, err := tx.Exec("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Error(err)
		return
	}
	_, _ = tx.Exec(fmt.Sprintf("SELECT pg_sleep(%f)", span.Seconds())) // ended from outside
}
