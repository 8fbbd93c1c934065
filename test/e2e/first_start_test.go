package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var shownPassword = regexp.MustCompile(`first superuser is \\?"admin\\?" with the password (\S+)`)

// TestEmptyDirectory starts as a newcomer does: nothing configured but ports
// that are free here.
func TestEmptyDirectory(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	s := prepare(t, settings{"OPS_ADDR": "", "ISSUER": "http://localhost:8080"})
	s.Database = "sqlite://keystone.db"
	s.Start(t)

	said := s.stderr.String()
	shown := shownPassword.FindStringSubmatch(said)
	if shown == nil {
		t.Fatalf("no password is shown:\n%s", said)
	}
	address := strings.TrimPrefix(s.URL, "http://")
	for _, fact := range []string{address, "keystone.db", "keystone.key", s.Dir} {
		if !strings.Contains(said, fact) {
			t.Errorf("standard error does not tell %s:\n%s", fact, said)
		}
	}
	if strings.Contains(s.stdout.String(), shown[1]) {
		t.Error("the password is in the log")
	}
	key, err := os.Stat(filepath.Join(s.Dir, "keystone.key"))
	if err != nil {
		t.Fatal(err)
	}
	if key.Mode().Perm() != 0o600 {
		t.Errorf("the master key's file has mode %o, want 600", key.Mode().Perm())
	}

	admin := account{Username: "admin", Password: shown[1]}
	t.Run("ADM-27 no default account", func(t *testing.T) {
		for _, guess := range []string{"admin", "root"} {
			for _, name := range []string{"admin", "root"} {
				s.want(t, http.StatusBadRequest, passwordGrant(account{Username: name, Password: guess}))
			}
		}
	})
	first := s.login(t, admin)
	keys := string(s.get(t, "/.well-known/jwks.json").body)

	s.Restart(t)
	if again := shownPassword.FindAllString(s.stderr.String(), -1); len(again) != 1 {
		t.Errorf("a password was shown %d times, want once", len(again))
	}
	if now := string(s.get(t, "/.well-known/jwks.json").body); now != keys {
		t.Errorf("the signing keys changed:\n%s\n%s", keys, now)
	}
	s.want(t, http.StatusOK, me(first.Access))
	s.refresh(t, first.Refresh)
	s.login(t, admin)
	s.wantCount(t, "1", "SELECT count(*) FROM users")
	s.secrets = newLedger() // the password is on standard error, as it must be
	s.secrets.keep(first.Access, first.Refresh)
}

// TestGeneratedPasswordIsNotStored looks into the files of such a start.
func TestGeneratedPasswordIsNotStored(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	s := prepare(t, settings{"OPS_ADDR": "", "ISSUER": "http://localhost:8080", "LOG_FORMAT": "json"})
	s.Database = "sqlite://keystone.db"
	s.Start(t)
	shown := shownPassword.FindStringSubmatch(s.stderr.String())
	if shown == nil {
		t.Fatalf("no password is shown:\n%s", s.stderr)
	}
	for line := range strings.Lines(s.stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON, on standard error: %s", line)
		}
	}
	key, err := os.ReadFile(filepath.Join(s.Dir, "keystone.key"))
	if err != nil {
		t.Fatal(err)
	}
	searched := newLedger()
	searched.keep(shown[1], strings.TrimSpace(string(key)))
	places := s.stored(t)
	places["log"] = s.stdout.String()
	for place, content := range places {
		if found := searched.find(content); len(found) > 0 {
			t.Errorf("the %s holds the password or the master key", place)
		}
	}
}

// TestBootstrapOnce has several processes find an empty store (ADM-27, OPS-10).
func TestBootstrapOnce(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	shared := onPostgres(t)
	one := prepare(t, shared)
	shared["ISSUER"] = one.Issuer
	servers := []*Server{one, prepare(t, shared), prepare(t, shared)}
	for _, s := range servers {
		s.launch(t)
	}
	for _, s := range servers {
		s.awaitReady(t)
	}
	t.Run("ADM-27, OPS-10 one superuser, one schema", func(t *testing.T) {
		one.wantCount(t, "1", "SELECT count(*) FROM users")
	})
	one.wantCount(t, "1", "SELECT count(*) FROM signing_keys WHERE state = 'active'")
	access := one.login(t, one.Admin).Access
	for _, s := range servers {
		s.secrets = one.secrets
		s.want(t, http.StatusOK, me(access))
	}
}
