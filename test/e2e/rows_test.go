package e2e

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the stores' rows
	_ "modernc.org/sqlite"             // and that of the files'
)

// open reads the server's database beside it.
func (s *Server) open(t *testing.T) *sql.DB { t.Helper(); return s.connect(t, "ro") }

// execute changes the database of a server that is stopped.
func (s *Server) execute(t *testing.T, statement string) {
	t.Helper()
	db := s.connect(t, "rw")
	_, err := db.Exec(statement)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// connect opens the database; mode is for SQLite.
func (s *Server) connect(t *testing.T, mode string) *sql.DB {
	t.Helper()
	driver, source := "pgx", s.Database
	if path, isFile := strings.CutPrefix(s.Database, "sqlite://"); isFile {
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Dir, path)
		}
		driver, source = "sqlite", "file:"+path+"?mode="+mode+"&_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// column gives the one column of a query, as text.
func (s *Server) column(t *testing.T, query string) []string {
	t.Helper()
	db := s.open(t)
	defer func() { _ = db.Close() }() // nothing was written
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// wantCount holds a counting query to its result.
func (s *Server) wantCount(t *testing.T, want, query string) {
	t.Helper()
	if got := s.column(t, query); len(got) != 1 || got[0] != want {
		t.Errorf("%s: %v, want %s", query, got, want)
	}
}

// dump is every row of every table of a Postgres database, as text.
func (s *Server) dump(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	tables := s.column(t, `SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = current_schema()`)
	if len(tables) == 0 {
		t.Fatal("the database has no tables")
	}
	for _, table := range tables {
		for _, row := range s.column(t, "SELECT r::text FROM "+table+" AS r") {
			all.WriteString(row + "\n")
		}
	}
	return all.String()
}

// openToWrite opens the database of a server that was stopped, to change it.
func (s *Server) openToWrite(t *testing.T) *sql.DB {
	t.Helper()
	driver, source := "pgx", s.Database
	if path, isFile := strings.CutPrefix(s.Database, "sqlite://"); isFile {
		driver, source = "sqlite", "file:"+path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
