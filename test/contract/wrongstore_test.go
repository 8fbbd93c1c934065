package contract_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// fault makes a right store wrong in one way: by a statement that changes its
// structure, or by what wraps its ports.
type fault struct {
	what  string
	sql   string
	wrap  func(*contract.Store)
	fails string // a part of the name of the clause that has to fail
}

// suite is a published suite of a store, the stores that it has to fail, and the
// clauses that none of them is wrong about, with why.
type suite struct {
	run    func(*testing.T, func(*testing.T) contract.Store)
	faults []fault
	spared map[string]string
}

func (s suite) adapters() adapterSuite {
	on := func(f fault) func(*testing.T) {
		return func(t *testing.T) { s.run(t, func(t *testing.T) contract.Store { return openStore(t, f) }) }
	}
	all := adapterSuite{right: on(fault{}), spared: s.spared}
	for _, f := range s.faults {
		all.wrong = append(all.wrong, wrongAdapter{f.what, on(f), f.fails})
	}
	return all
}

// inUnits changes the repositories of every unit of work.
func inUnits(change func(*outbound.Repositories)) func(*contract.Store) {
	return func(s *contract.Store) { s.UnitOfWork = changedUnits{s.UnitOfWork, change} }
}

type changedUnits struct {
	outbound.UnitOfWork
	change func(*outbound.Repositories)
}

func (u changedUnits) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	return u.UnitOfWork.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u.change(&r)
		return work(ctx, r)
	})
}

// Statements that lose what is written to a table.
func losesNew(table string) string     { return loses("INSERT", table) }
func losesChanges(table string) string { return loses("UPDATE", table) }
func keepsDeleted(table string) string { return loses("DELETE", table) }

func loses(verb, table string) string {
	return "CREATE TRIGGER lost BEFORE " + verb + " ON " + table + " BEGIN SELECT RAISE(IGNORE); END"
}

// refuses has a table take no row for which there is one of these.
func refuses(table, those string) string {
	return "CREATE TRIGGER refused BEFORE INSERT ON " + table + " WHEN EXISTS (" + those + ") BEGIN SELECT RAISE(ABORT, 'refused'); END"
}

// spoils has a column come back as something else.
func spoils(table, column, as string) string {
	set := "UPDATE " + table + " SET " + column + " = " + as + " WHERE rowid = new.rowid"
	return "CREATE TRIGGER spoilt AFTER INSERT ON " + table + " BEGIN " + set + "; END;" +
		"CREATE TRIGGER spoilt_too AFTER UPDATE ON " + table + " BEGIN " + set + "; END"
}

func openStore(t *testing.T, f fault) contract.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keystone.db")
	db, err := database.Open(t.Context(), database.Config{URL: "sqlite://" + path, Temporary: true}, system.NewClock(), system.NewRandom())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // of no consequence to what a suite finds
	if _, err := database.NewSchema(db).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.sql != "" {
		raw, err := sql.Open("sqlite", path+"?_dqs=0")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.ExecContext(t.Context(), f.sql); err != nil {
			t.Fatalf("%s: %v", f.sql, err)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := storeOf(db)
	if f.wrap != nil {
		f.wrap(&s)
	}
	return s
}

func storeOf(db *database.DB) contract.Store {
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
