package database_test

import (
	"fmt"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/test/contract"
	"github.com/keystone-auth/keystone/test/services"
)

// TestContract runs the published suites, also on a pool of two connections.
func TestContract(t *testing.T) {
	for dialect, empty := range map[string]func(testing.TB) string{"sqlite": emptySQLite, "postgres": services.Postgres} {
		for _, conns := range []int{2, 20} {
			t.Run(fmt.Sprintf("%s with %d connections", dialect, conns), func(t *testing.T) {
				contract.RunStore(t, func(t *testing.T) contract.Store { return store(migrated(t, empty(t), conns)) })
			})
		}
	}
}

func store(db *database.DB) contract.Store {
	return contract.Store{
		UnitOfWork: database.NewUnitOfWork(db), Users: database.NewUserDirectory(db), Clients: database.NewClientDirectory(db),
		Usage: database.NewClientUsage(db), Roles: database.NewRoleDirectory(db), Scopes: database.NewScopeDirectory(db),
		Principals: database.NewPrincipals(db), Spender: database.NewRefreshSpender(db), Opener: database.NewSessionOpener(db), Refresh: database.NewRefreshDirectory(db),
		Keys: database.NewKeyDirectory(db), Lockouts: database.NewLockouts(db), Signals: database.NewSignalLog(db),
		UserList: database.NewUserList(db), SessionList: database.NewSessionList(db), History: database.NewPasswordHistory(db),
		Audit: database.NewAuditLog(db), Settings: database.NewSettingsDirectory(db), Housekeeping: database.NewHousekeeping(db), Statistics: database.NewStatistics(db), Seals: database.NewAuditSeals(db), Vault: database.NewVault(db),
	}
}
