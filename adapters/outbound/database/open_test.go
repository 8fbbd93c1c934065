package database_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/given"
)

// clock is the wall clock.
type clock struct{}

func (clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func (clock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// random draws from the operating system.
type random struct{}

func (random) NewID(time.Time) domain.ID { return given.ID() }

func (random) Entropy() (out [32]byte) {
	_, _ = rand.Read(out[:]) // never fails
	return out
}

// open gives a store on the URL, not migrated.
func open(t *testing.T, url string, conns int) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: url, MaxConns: conns}, clock{}, random{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// migrated gives a store of the newest structure.
func migrated(t *testing.T, url string, conns int) *database.DB {
	t.Helper()
	db := open(t, url, conns)
	if _, err := database.NewSchema(db).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// onBoth runs a test on an empty store of each dialect.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, emptySQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, emptyPostgres(t)) })
}

func emptySQLite(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "keystone.db") }

func emptyPostgres(t *testing.T) string {
	t.Helper()
	server := os.Getenv("KEYSTONE_TEST_POSTGRES_URL")
	if server == "" {
		t.Skip("KEYSTONE_TEST_POSTGRES_URL is not set")
	}
	var suffix [6]byte
	_, _ = rand.Read(suffix[:])
	name := "keystone_database_" + hex.EncodeToString(suffix[:])
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = "/" + name
	return target.String()
}
