package database

import (
	"database/sql"
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// The limits of a request's statements. A lock that takes longer is retried by
// the unit of work; a statement that takes longer is given up.
const (
	connectTimeout   = 3 * time.Second
	lockTimeout      = "3s"
	statementTimeout = "5s"
)

// watchers is how many connections are kept for the tail of the signals and
// the readiness probe: one each, so that neither waits for the other.
const watchers = 2

func (db *DB) openPostgres(config Config) error {
	parsed, err := parsePostgres(config.URL)
	if err != nil {
		return err
	}
	parsed.DefaultQueryExecMode = pgx.QueryExecModeExec // see doc.go
	setDefault(parsed.RuntimeParams, "application_name", "keystone")
	// The design rests on this level, whatever the server's default is.
	parsed.RuntimeParams["default_transaction_isolation"] = "read committed"
	if parsed.ConnectTimeout == 0 {
		parsed.ConnectTimeout = connectTimeout
	}

	migrating := parsed.Copy()
	db.migrator = func() (*sql.DB, error) {
		pool := stdlib.OpenDB(*migrating)
		pool.SetMaxOpenConns(1)
		return pool, nil
	}

	setDefault(parsed.RuntimeParams, "lock_timeout", lockTimeout)
	setDefault(parsed.RuntimeParams, "statement_timeout", statementTimeout)
	db.dialect = postgres
	db.writer = openPostgresPool(parsed, config.MaxConns)
	db.reader = db.writer
	db.watcher = openPostgresPool(parsed, watchers)
	return nil
}

// parsePostgres reads a URL. Its failures quote nothing of it: the driver's own
// may hold a part of the password.
func parsePostgres(text string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL can't be parsed")
	}
	if u.Host == "" && u.Query().Get("host") == "" {
		return nil, errors.New("the PostgreSQL URL names no host")
	}
	parsed, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL has a part that the driver refuses, or names a file that can't be read")
	}
	return parsed, nil
}

func openPostgresPool(config *pgx.ConnConfig, conns int) *bun.DB {
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns) // a connection closed is one to be opened again under load
	return bun.NewDB(pool, pgdialect.New())
}

// setDefault sets what the URL does not.
func setDefault(params map[string]string, name, value string) {
	if _, set := params[name]; !set {
		params[name] = value
	}
}
