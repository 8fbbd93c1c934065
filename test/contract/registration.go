package contract

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

func usersContention(t *testing.T, s Store) {
	name := func(u *user.Snapshot, name string) { u.Username = user.Username(name) }
	t.Run("50 concurrent registrations of one name: one winner", func(t *testing.T) {
		taken := given.Name("Taken")
		spelled := []string{taken, strings.ToUpper(taken), strings.ToLower(taken)}
		wantWinners(t, race(50, func(i int) error {
			return s.add(t, given.User(func(u *user.Snapshot) { name(u, spelled[i%3]) }))
		}), 1, domain.CodeUsernameTaken)
	})
	t.Run("50 concurrent registrations of one address: one winner", func(t *testing.T) {
		taken := given.Name("Taken") + "@example.com"
		spelled := []string{taken, strings.ToUpper(taken), strings.ToLower(taken)}
		wantWinners(t, race(50, func(i int) error {
			return s.add(t, given.User(func(u *user.Snapshot) { u.Email = user.Email(spelled[i%3]) }))
		}), 1, domain.CodeEmailTaken)
	})
	t.Run("50 concurrent reservations of one name: one winner", func(t *testing.T) {
		taken := user.Username(given.Name("taken"))
		wantWinners(t, race(50, func(int) error {
			return s.add(t, given.Pending(func(p *user.PendingRegistration) { p.Username = taken }))
		}), 1, domain.CodeUsernameTaken)
	})
	t.Run("50 concurrent reservations of one expired name: one winner", func(t *testing.T) {
		taken := user.Username(given.Name("taken"))
		s.given(t, given.Pending(func(p *user.PendingRegistration) { p.Username, p.ExpiresAt = taken, now().Add(-time.Hour) }))
		wantWinners(t, race(50, func(int) error {
			return s.add(t, given.Pending(func(p *user.PendingRegistration) { p.Username = taken }))
		}), 1, domain.CodeUsernameTaken)
	})
	t.Run("25 registrations beside 25 reservations of one name: one winner", func(t *testing.T) {
		for range 3 {
			taken := user.Username(given.Name("taken"))
			wantWinners(t, race(50, func(i int) error {
				if i%2 == 0 {
					return s.add(t, given.Pending(func(p *user.PendingRegistration) { p.Username = taken }))
				}
				return s.add(t, given.User(func(u *user.Snapshot) { u.Username = taken }))
			}), 1, domain.CodeUsernameTaken)
		}
	})
	t.Run("8 superusers that demote themselves at once: 7 winners, one is left", func(t *testing.T) {
		before := s.superusers(t)
		last := domain.Conflict(domain.CodeConflict, "the last superuser")
		bosses := make([]*user.User, 8)
		for i := range bosses {
			bosses[i] = given.Superuser()
			s.given(t, bosses[i])
		}
		wantWinners(t, race(len(bosses), func(i int) error {
			return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				n, err := r.Users.LockSuperusers(ctx)
				if err != nil {
					return err
				}
				if n == before+1 {
					return last
				}
				u, err := r.Users.Get(ctx, bosses[i].ID())
				if err != nil {
					return err
				}
				return r.Users.Save(ctx, edited(u, func(u *user.Snapshot) { u.IsSuperuser = false }))
			})
		}), 7, domain.CodeConflict)
		same(t, "superusers", s.superusers(t), before+1)
	})
}
