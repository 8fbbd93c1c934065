package database_test

import (
	"context"
	"errors"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
	"github.com/keystone-auth/keystone/test/services"
)

// BenchmarkRepositories reads other rows each time: with one id all the time a
// driver that plans anew for each looks better than it is.
func BenchmarkRepositories(b *testing.B) {
	for dialect, empty := range map[string]func(testing.TB) string{"sqlite": emptySQLite, "postgres": services.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			db := migrated(b, empty(b), 20)
			work, users, client := database.NewUnitOfWork(db), make([]*user.User, 1000), given.Client()
			err := work.Do(b.Context(), func(ctx context.Context, r outbound.Repositories) error {
				all := r.Clients.Add(ctx, client)
				for i := range users {
					users[i] = given.User()
					all = errors.Join(all, r.Users.Add(ctx, users[i]))
				}
				return all
			})
			if err != nil {
				b.Fatal(err)
			}
			directory, principals, clients := database.NewUserDirectory(db), database.NewPrincipals(db), database.NewClientDirectory(db)
			list := database.NewUserList(db)
			for _, each := range []struct {
				name string
				do   func(ctx context.Context, u *user.User) error
			}{
				{"user by login", func(ctx context.Context, u *user.User) error {
					_, err := directory.ByLogin(ctx, string(u.Username()), false)
					return err
				}},
				{"user by id", func(ctx context.Context, u *user.User) error { _, err := directory.ByID(ctx, u.ID()); return err }},
				{"principal", func(ctx context.Context, u *user.User) error { _, err := principals.User(ctx, u.ID()); return err }},
				{"client", func(ctx context.Context, _ *user.User) error {
					_, err := clients.ByClientID(ctx, client.ClientID())
					return err
				}},
				{"page of 20 users", func(ctx context.Context, _ *user.User) error {
					_, err := list.List(ctx, outbound.UserFilter{}, domain.Page{Limit: 20})
					return err
				}},
				{"session begun", func(ctx context.Context, u *user.User) error {
					return work.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
						session := given.Session(u)
						return errors.Join(r.Sessions.Add(ctx, session), r.RefreshTokens.Add(ctx, given.Refresh(session)))
					})
				}},
			} {
				b.Run(each.name, func(b *testing.B) {
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						if err := each.do(b.Context(), users[i%len(users)]); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
