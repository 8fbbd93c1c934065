package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver named sqlite
)

// Both pools write times as Bun does, in UTC with a sign before the zone and
// no trailing zeros: such texts sort as the times do.
const (
	sqliteCommon = "_busy_timeout=5000&_foreign_keys=1&_time_format=sqlite&_timezone=UTC&_dqs=0&_defensive=1"
	sqliteWriter = sqliteCommon + "&_journal_mode=WAL&_txlock=immediate&_synchronous="
	sqliteReader = sqliteCommon + "&_query_only=1"
)

func (db *DB) openSQLite(path string, config Config) error {
	if err := checkSQLite(path); err != nil {
		return err
	}
	// The file holds password hashes and sealed keys. SQLite gives its journal
	// files the same mode.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the SQLite file can't be opened: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("the SQLite file can't be opened: %w", err)
	}

	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	writing := name + sqliteWriter + "FULL"
	if config.Temporary {
		writing = name + sqliteWriter + "OFF"
	}
	writer, err := openSQLitePool(writing, 1, config.OpenPool)
	if err != nil {
		return err
	}
	// More readers than cores only take turns: there is no network to wait for.
	reader, err := openSQLitePool(name+sqliteReader, min(config.MaxConns, 2*runtime.GOMAXPROCS(0)), config.OpenPool)
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	db.dialect, db.patience = sqlite, borrowSQLite
	db.writer = bun.NewDB(writer, sqlitedialect.New())
	db.reader = bun.NewDB(reader, sqlitedialect.New())
	db.watcher = db.reader
	db.migrator = func() (*sql.DB, error) { return openSQLitePool(writing, 1, sql.OpenDB) }
	return nil
}

func checkSQLite(path string) error {
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.ContainsAny(path, "?\x00") {
		return errors.New("the SQLite URL must be sqlite:// and the path of a file, without parameters")
	}
	return nil
}

func openSQLitePool(name string, conns int, open func(driver.Connector) *sql.DB) (*sql.DB, error) {
	registered, err := sql.Open("sqlite", name) // only to learn the driver: it connects to nothing
	if err != nil {
		return nil, err
	}
	pool := open(sqliteConnector{name: name, driver: registered.Driver()})
	if err := registered.Close(); err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// sqliteConnector opens connections of one name.
type sqliteConnector struct {
	name   string
	driver driver.Driver
}

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.name) }

func (c sqliteConnector) Driver() driver.Driver { return c.driver }
