package database_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

func do(t *testing.T, db *database.DB, work func(ctx context.Context, r outbound.Repositories) error) {
	t.Helper()
	if err := database.NewUnitOfWork(db).Do(t.Context(), work); err != nil {
		t.Fatal(err)
	}
}

// TestDeadlockRunsAgain has two units of work lock the same two rows in
// opposite order, which PostgreSQL ends by failing one of them: it is run again
// though the work hid the store's error.
func TestDeadlockRunsAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := migrated(t, url, 2)
		a, b := given.Registered(), given.Registered()
		do(t, db, func(ctx context.Context, r outbound.Repositories) error {
			return errors.Join(r.Users.Add(ctx, a), r.Users.Add(ctx, b))
		})
		// Each waits for the other to hold its first row, but on SQLite, and
		// on later attempts, only one gets there.
		var holding sync.WaitGroup
		holding.Add(2)
		both := make(chan struct{})
		go func() { holding.Wait(); close(both) }()
		first := [2]sync.Once{}
		work := database.NewUnitOfWork(db)
		errs := make(chan error, 2)
		attempts := make(chan int, 100)
		for i, order := range [][2]domain.ID{{a.ID(), b.ID()}, {b.ID(), a.ID()}} {
			go func() {
				errs <- work.Do(context.Background(), func(ctx context.Context, r outbound.Repositories) error {
					attempts <- i
					u, err := r.Users.Get(ctx, order[0])
					if err != nil {
						return err
					}
					first[i].Do(holding.Done)
					if db.Driver() == "postgres" {
						<-both
					}
					if _, err := r.Users.Get(ctx, order[1]); err != nil {
						return errors.New("an error that hides the store's")
					}
					u.LoggedIn(given.Now)
					return r.Users.Save(ctx, u)
				})
			}()
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if db.Driver() == "postgres" && len(attempts) < 3 {
			t.Errorf("%d attempts: nothing was run again", len(attempts))
		}
		events, err := database.NewAuditLog(db).Find(t.Context(), domain.AuditFilter{}, domain.Page{Limit: 100})
		if err != nil || len(events.Items) != 4 {
			t.Errorf("%d events (%v), want two registrations and two logins", len(events.Items), err)
		}
	})
}

// TestEventsOutliveAnAttempt adds an aggregate made outside of the work, whose
// first attempt is rolled back.
func TestEventsOutliveAnAttempt(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := migrated(t, url, 2)
		u := given.Registered()
		refused := errors.New("refused")
		add := func(ctx context.Context, r outbound.Repositories) error { return r.Users.Add(ctx, u) }
		err := database.NewUnitOfWork(db).Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
			return errors.Join(add(ctx, r), refused)
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		do(t, db, add)
		events, err := database.NewAuditLog(db).Find(t.Context(), domain.AuditFilter{}, domain.Page{Limit: 100})
		if err != nil || len(events.Items) != 1 || events.Items[0].Type != domain.EventUserRegistered {
			t.Errorf("events %+v (%v), want the registration", events, err)
		}
	})
}

func TestRegistrationGoesOnAfterATakenAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := migrated(t, url, 2)
		holder, pending := given.User(), given.Pending()
		do(t, db, func(ctx context.Context, r outbound.Repositories) error { return r.Users.Add(ctx, holder) })
		do(t, db, func(ctx context.Context, r outbound.Repositories) error {
			err := r.Users.Add(ctx, given.User(func(s *user.Snapshot) { s.Email = holder.Snapshot().Email }))
			if !domain.HasCode(err, domain.CodeEmailTaken) {
				t.Errorf("got %v, want email_taken", err)
			}
			return r.Users.Reserve(ctx, pending)
		})
		if _, err := database.NewUserDirectory(db).Pending(t.Context(), pending.Username.Folded(), false, time.Now()); err != nil {
			t.Error(err)
		}
	})
}

func TestNestedWorkFails(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		work := database.NewUnitOfWork(migrated(t, url, 1))
		err := work.Do(t.Context(), func(ctx context.Context, _ outbound.Repositories) error {
			return work.Do(ctx, func(context.Context, outbound.Repositories) error { return nil })
		})
		if !domain.HasCode(err, domain.CodeInternal) {
			t.Errorf("got %v, want internal", err)
		}
	})
}

func TestUnreachableIsUnavailable(t *testing.T) {
	db := open(t, "postgres://nobody:hunter2@127.0.0.1:1/none", 2)
	for what, err := range map[string]error{
		"ping":   database.NewProbe(db).Ping(t.Context()),
		"do":     database.NewUnitOfWork(db).Do(t.Context(), func(context.Context, outbound.Repositories) error { return nil }),
		"schema": upError(t, db),
	} {
		if !domain.HasCode(err, domain.CodeUnavailable) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func upError(t *testing.T, db *database.DB) error {
	_, err := database.NewSchema(db).Up(t.Context())
	return err
}

func TestOpenRefusesBadURLs(t *testing.T) {
	for _, url := range []string{"", "mysql://x", "sqlite://", "sqlite://a.db?x=1", "sqlite:///no/such/folder/a.db", "postgres://u:hunter2%zz@h/d", "postgres://u:hunter2@h/d?sslmode=maybe"} {
		db, err := database.Open(t.Context(), database.Config{URL: url}, clock{}, random{})
		if err == nil {
			t.Errorf("%q was opened: %v", url, db.Close())
		} else if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "%zz") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	url := emptySQLite(t)
	migrated(t, url, 2)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(strings.TrimPrefix(url, "sqlite://") + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%q has the mode %v", suffix, info.Mode())
		}
	}
}
