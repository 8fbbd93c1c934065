package database_test

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/given"
	"github.com/keystone-auth/keystone/test/services"
)

func TestMain(m *testing.M) { services.Main(m) }

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
func open(t testing.TB, url string, conns int) *database.DB {
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
func migrated(t testing.TB, url string, conns int) *database.DB {
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
	t.Run("postgres", func(t *testing.T) { test(t, services.Postgres(t)) })
}

func emptySQLite(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "keystone.db") }
