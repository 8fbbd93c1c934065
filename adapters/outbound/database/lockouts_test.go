package database_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/services"
)

// A change of a lockout by itself does not wait for the disk. One in a unit of
// work does, on the same connection too: its outcome is told to somebody.
func TestOnlyLockoutsAloneAreUnhurried(t *testing.T) {
	url := services.Postgres(t)
	db := migrated(t, url, 1)
	raw, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := raw.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	_, err = raw.Exec(t.Context(), `
		CREATE TABLE seen (id int GENERATED ALWAYS AS IDENTITY, waits text);
		CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN INSERT INTO seen (waits) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
		CREATE TRIGGER see AFTER INSERT OR UPDATE ON lockouts FOR EACH ROW EXECUTE FUNCTION see()`)
	if err != nil {
		t.Fatal(err)
	}
	alone, now := database.NewLockouts(db), clock{}.Now()
	swap := func(ctx context.Context, lockouts outbound.Lockouts, key string) {
		t.Helper()
		current, err := lockouts.Get(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		next := current.Fail(user.LockoutPolicy{Attempts: 100, Durations: []time.Duration{time.Minute}}, now)
		if swapped, err := lockouts.Swap(ctx, next); err != nil || !swapped {
			t.Fatalf("swapped: %v, %v", swapped, err)
		}
	}
	begin := func(ctx context.Context, lockouts outbound.Lockouts, key string) {
		t.Helper()
		next, _ := user.NewLockout(key).Reserve(user.LockoutPolicy{}, now)
		if _, stored, err := lockouts.Begin(ctx, next); err != nil || !stored {
			t.Fatalf("stored: %v, %v", stored, err)
		}
	}
	swap(t.Context(), alone, "a")
	swap(t.Context(), alone, "a")
	begin(t.Context(), alone, "c")
	err = database.NewUnitOfWork(db).Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
		swap(ctx, r.Lockouts, "a")
		swap(ctx, r.Lockouts, "b")
		begin(ctx, r.Lockouts, "d")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := raw.Query(t.Context(), "SELECT waits FROM seen ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if want := []string{"off", "off", "off", "on", "on", "on"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("waits for the disk: %v, %v, want %v", got, err, want)
	}
}
