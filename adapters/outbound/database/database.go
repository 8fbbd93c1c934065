package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Config says where the store is.
type Config struct {
	// URL is postgres://…, postgresql://… or sqlite://path, where sqlite://a.db
	// is relative to the working directory and sqlite:///a.db is absolute.
	URL string
	// MaxConns is how many connections may be open, idle ones included; zero
	// is 20. SQLite writes through one and counts only those that read;
	// PostgreSQL has two more, kept for the signal log and the probe.
	MaxConns int
	// ReplicaURLs are PostgreSQL servers that follow the one of URL; each has a
	// pool of MaxConns. Lists, the audit trail and statistics are read from those
	// that trail by less than a second.
	ReplicaURLs []string
	// Temporary says of an SQLite file that nothing needs to outlive the
	// process: no write waits for the disk.
	Temporary bool
	// Follow, where set, is told of the events of each unit of work, in the
	// transaction that stores them, and stores what follows from them; its
	// failure undoes the unit of work.
	Follow func(ctx context.Context, tx *sql.Tx, events []domain.Occurrence) error
	// Follows tells whether Follow does anything for events of a type; nil
	// means that it may for all.
	Follows func(domain.EventType) bool
	// Stored, where set, is told of events once they are stored for good, but
	// for token.refreshed, which every refresh stores.
	Stored func(ctx context.Context, events []domain.Occurrence)
	// OpenPool, where set, opens the pools that requests use in place of
	// sql.OpenDB, to watch what they do.
	OpenPool func(driver.Connector) *sql.DB
}

const defaultMaxConns = 20

// DB is an open store. Its methods may be called concurrently.
type DB struct {
	dialect dialect
	writer  *bun.DB // the same pool as reader on PostgreSQL
	reader  *bun.DB
	// watcher serves the signal log and the probe, which must not queue behind
	// requests; on SQLite it is the reader.
	watcher  *bun.DB
	replicas replicas
	// patience is how long a connection is waited for.
	patience time.Duration
	clock    outbound.Clock
	random   outbound.Random
	follow   func(ctx context.Context, tx *sql.Tx, events []domain.Occurrence) error
	follows  func(domain.EventType) bool
	stored   func(ctx context.Context, events []domain.Occurrence)
	// migrator opens a pool for changing the structure, without the time
	// limits that requests have.
	migrator func() (*sql.DB, error)
}

// Open prepares the pools. It connects to nothing, so that a PostgreSQL that
// is down shows as KindUnavailable when it is used; an SQLite file is created,
// for its owner only, in a directory that must exist. It does not migrate.
func Open(_ context.Context, config Config, clock outbound.Clock, random outbound.Random) (*DB, error) {
	if config.MaxConns == 0 {
		config.MaxConns = defaultMaxConns
	}
	if config.OpenPool == nil {
		config.OpenPool = sql.OpenDB
	}
	if config.MaxConns < 0 {
		return nil, errors.New("database: the number of connections must be positive")
	}
	db := &DB{clock: clock, random: random, follow: config.Follow, follows: config.Follows, stored: config.Stored}
	if db.follows == nil {
		db.follows = func(domain.EventType) bool { return config.Follow != nil }
	}
	dialect, rest, err := splitURL(config.URL)
	switch {
	case err != nil:
	case dialect == postgres:
		if err = db.openPostgres(config); err == nil {
			err = db.openReplicas(config)
		}
	case len(config.ReplicaURLs) > 0:
		err = errors.New("only PostgreSQL has replicas")
	default:
		err = db.openSQLite(rest, config)
	}
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return db, nil
}

// CheckURL tells what is wrong with a URL, quoting nothing of it; it opens and
// connects to nothing.
func CheckURL(text string) error {
	dialect, rest, err := splitURL(text)
	switch {
	case err != nil:
		return err
	case dialect == postgres:
		_, err = parsePostgres(text)
		return err
	}
	return checkSQLite(rest)
}

// splitURL gives the dialect that a URL names, and what follows its scheme.
func splitURL(text string) (dialect, string, error) {
	scheme, rest, found := strings.Cut(text, "://")
	switch {
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return postgres, rest, nil
	case found && scheme == "sqlite":
		return sqlite, rest, nil
	}
	return "", "", errors.New("the URL must begin with postgres:// or sqlite://")
}

// Driver names the dialect: postgres or sqlite.
func (db *DB) Driver() string { return string(db.dialect) }

// Pool gives the connections that may write, for what keeps its own tables in
// this store.
func (db *DB) Pool() *sql.DB { return db.writer.DB }

// Close closes all connections.
func (db *DB) Close() error {
	all := db.replicas.close()
	for i, pool := range []*bun.DB{db.watcher, db.reader, db.writer} {
		if i == 0 && pool == db.reader || i == 1 && pool == db.writer {
			continue // one pool in two roles is closed once
		}
		all = errors.Join(all, pool.Close())
	}
	return all
}
