package jobs_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/keystone-auth/keystone/test/services"
)

// The structure of River's tables, a line for each column, index and rule.
const (
	postgresStructure = `
		SELECT table_name || ' ' || column_name || ' ' || udt_name || ' ' || is_nullable || ' ' || coalesce(column_default, '')
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name LIKE 'river\_%' AND table_name <> 'river_migration'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'river\_%' AND tablename <> 'river_migration'
		UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE conrelid::regclass::text LIKE 'river\_%' AND conrelid::regclass::text <> 'river_migration' AND contype = 'c'
		UNION ALL SELECT 'state ' || enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid WHERE typname = 'river_job_state'
		UNION ALL SELECT relname || ' ' || relpersistence::text FROM pg_class WHERE relname LIKE 'river\_%' AND relkind = 'r' AND relname <> 'river_migration'
		ORDER BY 1`
	sqliteStructure = `
		SELECT m.name || ' ' || c.name || ' ' || lower(c.type) || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '') || ' ' || c.pk
		FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name LIKE 'river\_%' ESCAPE '\' AND m.name <> 'river_migration'
		UNION ALL SELECT m.name || ' ' || i.name || ' ' || i."unique" || ' ' || i.partial || ' ' || group_concat(x.name)
		FROM sqlite_master AS m, pragma_index_list(m.name) AS i, pragma_index_info(i.name) AS x
		WHERE m.type = 'table' AND m.name LIKE 'river\_%' ESCAPE '\' AND m.name <> 'river_migration' GROUP BY m.name, i.name
		ORDER BY 1`
)

func structure(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestTablesAreWhatRiverWouldMake fails where a new version of River wants
// tables that no step of ours has made.
func TestTablesAreWhatRiverWouldMake(t *testing.T) {
	opened := func(t *testing.T, driver, name string) *sql.DB {
		t.Helper()
		db, err := sql.Open(driver, name)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	t.Run("sqlite", func(t *testing.T) {
		theirs := opened(t, "sqlite", filepath.Join(t.TempDir(), "river.db"))
		migrator, err := rivermigrate.New(riversqlite.New(theirs), nil)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, migrator, theirs, newDesk(t, "sqlite://"+filepath.Join(t.TempDir(), "keystone.db")).db.Pool(), sqliteStructure)
	})
	t.Run("postgres", func(t *testing.T) {
		theirs := opened(t, "pgx", services.Postgres(t))
		migrator, err := rivermigrate.New(riverdatabasesql.New(theirs), nil)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, migrator, theirs, newDesk(t, services.Postgres(t)).db.Pool(), postgresStructure)
	})
}

func compare(t *testing.T, migrator *rivermigrate.Migrator[*sql.Tx], theirs, ours *sql.DB, query string) {
	t.Helper()
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	want := structure(t, theirs, query)
	if len(want) < 30 {
		t.Fatalf("River made %q", want)
	}
	if diff := cmp.Diff(want, structure(t, ours, query)); diff != "" {
		t.Errorf("River's tables (-want +got):\n%s", diff)
	}
}
