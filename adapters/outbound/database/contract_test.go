package database_test

import (
	"fmt"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/ports/outbound"
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

func TestSchemaContract(t *testing.T) {
	onEmpty(t, func(t *testing.T, empty func(testing.TB) string) {
		contract.RunSchema(t, func(t *testing.T) (a, b outbound.Schema) {
			url := empty(t)
			return database.NewSchema(open(t, url, 2)), database.NewSchema(open(t, url, 2))
		})
	})
}

func TestProbeContract(t *testing.T) {
	onEmpty(t, func(t *testing.T, empty func(testing.TB) string) {
		contract.RunProbe(t, func(t *testing.T) (alive, dead outbound.Probe) {
			return database.NewProbe(migrated(t, empty(t), 2)), database.NewProbe(open(t, "postgres://127.0.0.1:1/none", 2))
		})
	})
}

// onEmpty hands each dialect's way to an empty store on.
func onEmpty(t *testing.T, test func(t *testing.T, empty func(testing.TB) string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, emptySQLite) })
	t.Run("postgres", func(t *testing.T) { test(t, services.Postgres) })
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
