package schema

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
)

var update = flag.Bool("update", false, "write docs/database-schema.md")

var document = filepath.Join("..", "..", "docs", "database-schema.md")

type column struct {
	name, kind string
	required   bool
	key        bool
}

type table struct {
	name    string
	columns []column
	refers  map[string]string // column to table
	indexes []index
}

type index struct {
	name    string
	columns []string
	unique  bool
	where   string
}

// migrated gives an SQLite database as the migrations leave it.
func migrated(t *testing.T) *sql.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: "sqlite://" + filepath.Join(t.TempDir(), "schema.db")}, system.NewClock(), system.NewRandom())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := database.NewSchema(db).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db.Pool()
}

// rows gives each row of a query as text.
func rows(t *testing.T, db *sql.DB, query string, args ...any) [][]string {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }() // Err tells
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for found.Next() {
		values := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(names))
		for i, v := range values {
			row[i] = v.String
		}
		all = append(all, row)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// tables reads the schema, without what belongs to the migrator, to River and to
// a virtual table.
func tables(t *testing.T, db *sql.DB) []table {
	t.Helper()
	var all []table
	for _, row := range rows(t, db, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') ORDER BY name") {
		name := row[0]
		if strings.HasPrefix(name, "river_") || strings.HasPrefix(name, "goose_") || strings.HasPrefix(name, "sqlite_") {
			continue
		}
		one := table{name: name, refers: map[string]string{}}
		for _, c := range rows(t, db, `SELECT name, type, "notnull", pk FROM pragma_table_info(?)`, name) {
			one.columns = append(one.columns, column{name: c[0], kind: strings.ToLower(c[1]), required: c[2] != "0", key: c[3] != "0"})
		}
		for _, f := range rows(t, db, `SELECT "from", "table" FROM pragma_foreign_key_list(?)`, name) {
			one.refers[f[0]] = f[1]
		}
		for _, i := range rows(t, db, `SELECT l.name, l."unique", coalesce(m.sql, '') FROM pragma_index_list(?) AS l JOIN sqlite_master AS m ON m.name = l.name ORDER BY l.name`, name) {
			if strings.HasPrefix(i[0], "sqlite_autoindex") && i[2] == "" {
				i[0] = "" // of a constraint
			}
			found := index{name: i[0], unique: i[1] == "1"}
			if _, condition, partial := strings.Cut(i[2], " WHERE "); partial {
				found.where = strings.Join(strings.Fields(condition), " ")
			}
			if found.name != "" {
				for _, c := range rows(t, db, "SELECT coalesce(name, '(expression)') FROM pragma_index_info(?)", found.name) {
					found.columns = append(found.columns, c[0])
				}
				one.indexes = append(one.indexes, found)
			}
		}
		all = append(all, one)
	}
	return all
}

const head = `# The database

Written by ` + "`go test ./test/schema -update`" + ` from a database as the migrations leave it; a test fails where this page is another. Types are those of
SQLite: PostgreSQL has uuid for ids, timestamptz for times and boolean for flags. River's tables (` + "`river_*`" + `, the jobs) and the migrator's
` + "`goose_db_version`" + ` are left out.

What is secret is not here: passwords are hashes, refresh tokens and client secrets SHA-256 of 256 random bits, mailed tokens keyed hashes, private
keys sealed with the master key.

`

func render(t *testing.T, all []table) string {
	t.Helper()
	var out strings.Builder
	out.WriteString(head + "```mermaid\nerDiagram\n")
	for _, one := range all {
		for _, c := range one.columns {
			if to, refers := one.refers[c.name]; refers {
				fmt.Fprintf(&out, "    %s ||--o{ %s : %s\n", to, one.name, c.name)
			}
		}
	}
	for _, one := range all {
		fmt.Fprintf(&out, "    %s {\n", one.name)
		for _, c := range one.columns {
			kind, marks := c.kind, []string{}
			if kind == "" {
				kind = "any"
			}
			if c.key {
				marks = append(marks, "PK")
			}
			if one.refers[c.name] != "" {
				marks = append(marks, "FK")
			}
			line := kind + " " + c.name
			if len(marks) > 0 {
				line += " " + strings.Join(marks, ", ")
			}
			if !c.required && !c.key {
				line += ` "may be null"`
			}
			out.WriteString("        " + line + "\n")
		}
		out.WriteString("    }\n")
	}
	out.WriteString("```\n\n## Tables\n\n| table | holds |\n|---|---|\n")
	for _, one := range all {
		if tablesHold[one.name] == "" {
			t.Errorf("no reason is given for the table %s", one.name)
		}
		fmt.Fprintf(&out, "| `%s` | %s |\n", one.name, tablesHold[one.name])
	}
	out.WriteString("\n## Indexes\n\nBeside primary keys and unique constraints. A unique index serves as its plain twin.\n\n| index | on | why |\n|---|---|---|\n")
	known := 0
	for _, one := range all {
		for _, i := range one.indexes {
			if indexesServe[i.name] == "" {
				t.Errorf("no reason is given for the index %s on %s(%s)", i.name, one.name, strings.Join(i.columns, ", "))
			}
			known++
			on := fmt.Sprintf("`%s (%s)`", one.name, strings.Join(i.columns, ", "))
			if i.unique {
				on += ", unique"
			}
			if i.where != "" {
				on += ", where `" + i.where + "`"
			}
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", i.name, on, indexesServe[i.name])
		}
	}
	if known != len(indexesServe) || len(all) != len(tablesHold) {
		t.Errorf("%d indexes and %d tables are explained; there are %d and %d", len(indexesServe), len(tablesHold), known, len(all))
	}
	return out.String()
}

func TestDocumentIsTheSchema(t *testing.T) {
	want := render(t, tables(t, migrated(t)))
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) == want {
		return
	}
	is, be := strings.Split(string(got), "\n"), strings.Split(want, "\n")
	for i := range max(len(is), len(be)) {
		if !slices.Equal(is[i:min(i+1, len(is))], be[i:min(i+1, len(be))]) {
			t.Fatalf("docs/database-schema.md differs from the schema at line %d; go test ./test/schema -update writes it", i+1)
		}
	}
}
