package database

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// The limits of a request's statements. A lock that takes longer is retried by
// the unit of work; a statement that takes longer is given up. A transaction
// whose process froze must not hold its locks for ever.
const (
	connectTimeout   = 2 * time.Second
	lockTimeout      = "3s"
	statementTimeout = "5s"
	idleTransaction  = "10s"
)

// Connections are replaced now and then, so that what a balancer or a new name
// points to is taken up, and those of a rush are closed after it.
const (
	connLifetime = 30 * time.Minute
	connIdle     = 5 * time.Minute
)

// watchers is how many connections are kept for the tail of the signals, the
// readiness probe and the position of the log: one each, so that none waits
// for another.
const watchers = 3

func (db *DB) openPostgres(config Config) error {
	parsed, err := parsePostgres(config.URL)
	if err != nil {
		return err
	}
	if parsed.ValidateConnect == nil {
		// A primary that became a replica is not the one that is wanted.
		parsed.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	migrating := parsed.Copy()
	db.migrator = func() (*sql.DB, error) {
		pool := stdlib.OpenDB(*migrating)
		pool.SetMaxOpenConns(1)
		return pool, nil
	}

	limitStatements(parsed)
	db.dialect, db.patience = postgres, borrowPostgres
	db.writer = openPostgresPool(parsed, config.MaxConns, config.OpenPool)
	db.reader = db.writer
	db.watcher = openPostgresPool(parsed, watchers, config.OpenPool)
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
	parsed.DefaultQueryExecMode = pgx.QueryExecModeExec // see doc.go
	setDefault(parsed.RuntimeParams, "application_name", "keystone")
	// What is answered is stored, unless the URL itself says otherwise.
	setDefault(parsed.RuntimeParams, "synchronous_commit", "on")
	// The design rests on this level, whatever the server's default is.
	parsed.RuntimeParams["default_transaction_isolation"] = "read committed"
	if parsed.ConnectTimeout == 0 {
		parsed.ConnectTimeout = connectTimeout
	}
	return parsed, nil
}

func limitStatements(parsed *pgx.ConnConfig) {
	setDefault(parsed.RuntimeParams, "lock_timeout", lockTimeout)
	setDefault(parsed.RuntimeParams, "statement_timeout", statementTimeout)
	setDefault(parsed.RuntimeParams, "idle_in_transaction_session_timeout", idleTransaction)
}

func openPostgresPool(config *pgx.ConnConfig, conns int, open func(driver.Connector) *sql.DB) *bun.DB {
	pool := open(stdlib.GetConnector(*config))
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns) // a connection closed is one to be opened again under load
	pool.SetConnMaxLifetime(connLifetime)
	pool.SetConnMaxIdleTime(connIdle)
	return bun.NewDB(pool, pgdialect.New())
}

// setDefault sets what the URL does not.
func setDefault(params map[string]string, name, value string) {
	if _, set := params[name]; !set {
		params[name] = value
	}
}
