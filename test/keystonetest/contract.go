package keystonetest

import (
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/test/contract"
)

// GrantEndpoint is the token endpoint as contract.RunGrant asks it.
func (s *Server) GrantEndpoint() func(testing.TB, contract.Credentials, url.Values) (int, []byte) {
	return func(t testing.TB, as contract.Credentials, form url.Values) (int, []byte) {
		t.Helper()
		var c *Client
		if as != (contract.Credentials{}) {
			c = &Client{ID: as.ID, Secret: as.Secret, server: s}
		}
		answer := s.Token(t, c, form)
		return answer.Status, answer.Body
	}
}

// Sessions counts a user's living sessions, a hundred at most.
func (s *Server) Sessions(t testing.TB, of *User) int {
	t.Helper()
	var page struct{ Items []struct{} }
	s.must(t, http.MethodGet, "/api/v1/admin/users/"+of.ID+"/sessions?limit=100", nil, http.StatusOK).Decode(t, &page)
	return len(page.Items)
}

// Store gives the storage ports over a store of the test's own, for the suite of
// an adapter that wraps one of them.
func Store(t testing.TB) contract.Store {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{
		URL: "sqlite://" + filepath.Join(t.TempDir(), "keystone.db"), Temporary: true,
	}, system.NewClock(), system.NewRandom())
	if err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("keystonetest: %v", err)
		}
	})
	if _, err := database.NewSchema(db).Up(t.Context()); err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	return contract.Store{
		UnitOfWork: database.NewUnitOfWork(db), Users: database.NewUserDirectory(db), Clients: database.NewClientDirectory(db),
		Usage: database.NewClientUsage(db), Roles: database.NewRoleDirectory(db), Scopes: database.NewScopeDirectory(db),
		Principals: database.NewPrincipals(db), Spender: database.NewRefreshSpender(db), Opener: database.NewSessionOpener(db), Refresh: database.NewRefreshDirectory(db),
		Keys: database.NewKeyDirectory(db), Lockouts: database.NewLockouts(db), Signals: database.NewSignalLog(db),
		Audit: database.NewAuditLog(db), Settings: database.NewSettingsDirectory(db), Housekeeping: database.NewHousekeeping(db),
		Statistics: database.NewStatistics(db), Seals: database.NewAuditSeals(db), Vault: database.NewVault(db),
		UserList: database.NewUserList(db), SessionList: database.NewSessionList(db), History: database.NewPasswordHistory(db),
	}
}
