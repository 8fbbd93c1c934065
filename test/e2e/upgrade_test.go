package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/keystone-auth/keystone/test/services"
)

// previousVersion is the commit that stands for the release before this one: a
// rolling upgrade has its program beside the new one.
const previousVersion = "2951298"

var previous = sync.OnceValues(func() (string, error) {
	root := filepath.Join("..", "..")
	if err := exec.Command("git", "-C", root, "cat-file", "-e", previousVersion+"^{commit}").Run(); err != nil {
		return "", nil // a shallow clone, or none at all
	}
	dir, err := os.MkdirTemp(filepath.Dir(program), "previous-") // removed with the program under test
	if err != nil {
		return "", err
	}
	archive := filepath.Join(dir, "source.tar")
	for _, command := range [][]string{
		{"git", "-C", root, "archive", "-o", archive, previousVersion},
		{"tar", "-x", "-C", dir, "-f", archive},
		{"go", "-C", dir, "build", "-o", "keystone", "./bootstrap/keystone"},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return filepath.Join(dir, "keystone"), nil
})

func previousProgram(t *testing.T) string {
	t.Helper()
	built, err := previous()
	if err != nil {
		t.Fatal(err)
	}
	if built == "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("the history has no commit %s: the gate needs a full clone", previousVersion)
		}
		t.Skipf("SKIPPED: the history has no commit %s, so no upgrade from it is tested", previousVersion)
	}
	return built
}

// TestTwoVersionsSideBySide rolls an upgrade out: the old program serves without
// a failure while the new one migrates and after, each sees what the other
// revokes, and the old one can be started again.
func TestTwoVersionsSideBySide(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	t.Parallel()
	old := prepare(t, stores[1].settings(t))
	old.program = previousProgram(t)
	old.Start(t)
	w := newWorld(t, old)
	moving, ended, keeping := old.login(t, w.alice), old.login(t, w.alice), old.login(t, w.alice)

	ctx, done := context.WithCancel(t.Context())
	var load sync.WaitGroup
	served := 0
	load.Go(func() {
		current := keeping.Refresh
		for ctx.Err() == nil {
			answer, err := old.try(refreshGrant(current))
			if err != nil || answer.status != http.StatusOK {
				t.Errorf("the old version, after %d refreshes: %d %s %v", served, answer.status, answer.body, err)
				return
			}
			current = answer.text("refresh_token")
			served++
		}
	})
	fresh := prepare(t, old.settings.with(settings{"ISSUER": old.Issuer}))
	fresh.secrets = old.secrets
	fresh.Start(t)
	moving = fresh.refresh(t, moving.Refresh)
	old.want(t, http.StatusOK, me(moving.Access))
	done()
	load.Wait()
	if served == 0 {
		t.Error("the old version served nothing meanwhile")
	}

	moving = old.refresh(t, moving.Refresh)
	fresh.want(t, http.StatusOK, me(moving.Access))
	fresh.want(t, http.StatusNoContent, call{path: logoutPath, bearer: ended.Access})
	eventually(t, startWithin, "seen by the old version", func() bool { return old.send(t, me(ended.Access)).status == http.StatusUnauthorized })
	old.wantDead(t, w.guard, ended)
	old.want(t, http.StatusNoContent, call{path: logoutPath, bearer: moving.Access})
	eventually(t, startWithin, "seen by the new version", func() bool { return fresh.send(t, me(moving.Access)).status == http.StatusUnauthorized })
	fresh.wantDead(t, w.guard, moving)
	registered := old.register(t)
	fresh.login(t, registered)
	old.login(t, fresh.register(t))

	old.Restart(t) // on the newer schema
	old.refresh(t, old.login(t, w.alice).Refresh)
	old.want(t, http.StatusOK, me(fresh.login(t, w.alice).Access))
}

// TestNewerSchema starts on a database that a version to come has migrated: it
// serves, as a roll-back must not need one of the schema.
func TestNewerSchema(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		alice := s.register(t)
		s.Stop(t)
		db := s.openToWrite(t)
		_, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
		if err == nil {
			_, err = db.Exec("ALTER TABLE users ADD COLUMN of_the_future TEXT")
		}
		if closing := db.Close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		s.Start(t)
		s.refresh(t, s.login(t, alice).Refresh)
		s.login(t, s.register(t))
		if status := s.wantRun(t, "", "migrate", "status"); !strings.HasPrefix(status, "version 99999 of ") {
			t.Errorf("migrate status says %s", status)
		}
	})
}
