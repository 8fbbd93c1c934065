package database_test

import (
	"context"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// A storm of logins that holds every connection must not keep revocations from
// being read, nor make the instance look dead.
func TestAnExhaustedPoolDelaysNoWatcher(t *testing.T) {
	const conns = 2
	onBoth(t, func(t *testing.T, url string) {
		db := migrated(t, url, conns)
		work, log, probe := database.NewUnitOfWork(db), database.NewSignalLog(db), database.NewProbe(db)
		ended := token.Signal{Kind: token.SignalTokenRevoked, ID: "jti", ExpiresAt: clock{}.Now().Add(time.Hour)}
		if err := work.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error { return r.Signals.Append(ctx, ended) }); err != nil {
			t.Fatal(err)
		}
		hold(t, db)
		patience, done := context.WithTimeout(t.Context(), 20*time.Second)
		defer done()
		if err := probe.Ping(patience); err != nil {
			t.Errorf("Ping() = %v", err)
		}
		found, next, err := log.Since(patience, time.Time{})
		if err != nil || len(found) != 1 || next.IsZero() {
			t.Errorf("Since() = %v, %s, %v", found, next, err)
		}
	})
}
