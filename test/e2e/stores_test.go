package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/keystone-auth/keystone/test/services"
)

// store is a kind of deployment.
type store struct {
	name     string
	settings func(t *testing.T) settings
}

var stores = []store{
	{"sqlite", onSQLite},
	{"postgres+redis", func(t *testing.T) settings {
		redis, _ := services.Redis(t)
		return onPostgres(t).with(settings{"REDIS_URL": redis})
	}},
}

// common makes servers quick to start and quiet; limits are tested by their own
// package, and here only keep tests from each other.
func common() settings {
	return settings{
		"OPS_ADDR": "", "LOG_FORMAT": "json", "RATE_LIMITS": "off",
		"ARGON2_MEMORY_KIB": "8192", "ARGON2_ITERATIONS": "1", "ARGON2_PARALLELISM": "1",
		"BOOTSTRAP_ADMIN_PASSWORD": newPassword(), "MASTER_KEY": newMasterKey(),
	}
}

func onSQLite(t *testing.T) settings {
	return common().with(settings{"DATABASE_URL": "sqlite://" + filepath.Join(t.TempDir(), "keystone.db")})
}

func onPostgres(t *testing.T) settings {
	return common().with(settings{"DATABASE_URL": services.Postgres(t), "DATABASE_MAX_CONNS": "10"})
}

// eachStore runs a test on a process of its own for every store.
func eachStore(t *testing.T, extra settings, test func(t *testing.T, s *Server)) {
	t.Helper()
	needsProcess(t)
	t.Parallel()
	for _, each := range stores {
		t.Run(each.name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, each.settings(t).with(extra)))
		})
	}
}

// eachStoreCase is eachStore for a test that is one of the project's cases, or
// several: its name begins with their numbers.
func eachStoreCase(t *testing.T, name string, extra settings, test func(t *testing.T, s *Server)) {
	t.Helper()
	needsProcess(t)
	t.Parallel()
	t.Run(name, func(t *testing.T) { eachStore(t, extra, test) })
}

// needsProcess skips what can't be asked of a deployment.
func needsProcess(t *testing.T) {
	t.Helper()
	if program == "" {
		t.Skip("needs a process of its own; KEYSTONE_URL is set")
	}
}

// anywhere runs a test on the deployment that KEYSTONE_URL names, or else on
// every store.
func anywhere(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Helper()
	if program != "" {
		eachStore(t, nil, test)
		return
	}
	test(t, deployment(t))
}

func deployment(t *testing.T) *Server {
	t.Helper()
	s := &Server{
		URL: os.Getenv("KEYSTONE_URL"), Admin: account{Username: "admin", Password: os.Getenv("KEYSTONE_ADMIN_PASSWORD")},
		secrets: newLedger(), http: newHTTPClient(t),
	}
	if name := os.Getenv("KEYSTONE_ADMIN_USERNAME"); name != "" {
		s.Admin.Username = name
	}
	if s.Admin.Password == "" {
		t.Fatal("KEYSTONE_URL is set without KEYSTONE_ADMIN_PASSWORD")
	}
	t.Cleanup(func() { s.checkDocument(t) })
	s.Issuer = s.get(t, "/.well-known/oauth-authorization-server").text("issuer")
	return s
}

func newMasterKey() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never returns an error since Go 1.24
	return base64.StdEncoding.EncodeToString(key[:])
}
