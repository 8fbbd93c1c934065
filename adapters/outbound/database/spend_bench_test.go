package database_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
	"github.com/keystone-auth/keystone/test/services"
)

// BenchmarkSpend spends a chain for each of 16 goroutines a core.
func BenchmarkSpend(b *testing.B) {
	for dialect, empty := range map[string]func(testing.TB) string{"sqlite": emptySQLite, "postgres": services.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			db := migrated(b, empty(b), 20)
			work, spender := database.NewUnitOfWork(db), database.NewRefreshSpender(db)
			b.SetParallelism(16)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				u := given.User()
				session := given.Session(u)
				link := given.Refresh(session)
				err := work.Do(b.Context(), func(ctx context.Context, r outbound.Repositories) error {
					return errors.Join(r.Users.Add(ctx, u), r.Sessions.Add(ctx, session), r.RefreshTokens.Add(ctx, link))
				})
				if err != nil {
					b.Error(err)
				}
				presented := link.Snapshot().Digest
				for pb.Next() {
					next := token.Successor{ID: given.ID(), Digest: given.Digest(), Key: "mk"}
					_, err := spender.Spend(b.Context(), outbound.Spending{
						Presented: presented, ClientID: session.ClientID(), Successor: next, Now: given.Now.Add(time.Second), TTL: time.Hour,
					})
					if err != nil {
						b.Error(err)
						return
					}
					presented = next.Digest
				}
			})
		})
	}
}
