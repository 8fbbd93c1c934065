package e2e

import (
	"database/sql"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/test/services"
)

// tool finds a program of PostgreSQL's. Where it is missing the test is
// skipped, loudly, but not in the gate.
func tool(t *testing.T, name string) string {
	t.Helper()
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if len(installed) > 0 {
		return installed[len(installed)-1]
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if os.Getenv("CI") != "" || os.Getenv("KEYSTONE_TEST_REQUIRE_SERVICES") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("SKIPPED: %s is not installed, so restoring is not tested", name)
	return ""
}

// backup saves the database of a running server as docs/deployment.md says, and
// gives the URL of what was restored from it.
func (s *Server) backup(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.db")
	if path, isFile := strings.CutPrefix(s.Database, "sqlite://"); isFile {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec("VACUUM INTO '" + file + "'")
		if closing := db.Close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		return "sqlite://" + file
	}
	restored := services.Postgres(t)
	for _, command := range [][]string{
		{tool(t, "pg_dump"), "--format=custom", "--file=" + file, s.Database},
		{tool(t, "pg_restore"), "--no-owner", "--exit-on-error", "--dbname=" + restored, file},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(command[0]), err, out)
		}
	}
	return restored
}

// TestRestore goes on from a backup that was made while the server ran: who was
// logged in is so still, and who was logged out stays out.
func TestRestore(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		ended := s.login(t, w.alice)
		s.want(t, http.StatusNoContent, call{path: logoutPath, bearer: ended.Access})
		spent := s.login(t, w.alice)
		successor := s.refresh(t, spent.Refresh)
		url := s.backup(t)
		later := s.register(t)
		s.Kill(t)

		restored := prepare(t, s.settings.with(settings{"DATABASE_URL": url, "ISSUER": s.Issuer}))
		restored.secrets = s.secrets
		restored.Start(t)
		for _, alive := range []grant{w.session, successor} {
			if got := restored.introspected(t, w.guard, alive.Access); got.member("active") != true {
				t.Errorf("a token of before the backup: %s", got.body)
			}
			restored.want(t, http.StatusOK, me(alive.Access))
			restored.refresh(t, alive.Refresh)
		}
		restored.wantDead(t, w.guard, ended)
		restored.login(t, w.alice)
		restored.login(t, restored.Admin)
		restored.want(t, http.StatusOK, call{path: tokenPath, basic: w.app, form: form("grant_type", "client_credentials")})
		restored.want(t, http.StatusBadRequest, passwordGrant(later)) // of after the backup
		if verdict := restored.wantRun(t, "", "audit", "verify"); !strings.Contains(verdict, " seals over ") {
			t.Errorf("audit verify says %s", verdict)
		}
	})
}
