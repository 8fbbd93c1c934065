package contract

import (
	"context"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunHousekeeping holds an implementation to outbound.Housekeeping.
func RunHousekeeping(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	keep := s.Housekeeping
	long := given.Now.Add(-1000 * time.Hour) // before anything that is given
	sweep := func(t *testing.T, call func(context.Context, time.Time, int) (int, error), limit, want int) {
		t.Helper()
		swept, err := call(within(t), long, limit)
		ok(t, err)
		same(t, "swept", swept, want)
	}
	t.Run("sessions that are over go, their tokens first", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		session := func(change func(*token.SessionSnapshot)) *token.Session {
			one := given.Session(u, func(p *token.SessionSnapshot) { p.CreatedAt = long.Add(-time.Hour); change(p) })
			s.given(t, one)
			return one
		}
		link := func(of *token.Session) token.Digest {
			one := given.Refresh(of, func(p *token.RefreshSnapshot) {
				p.CreatedAt, p.ExpiresAt = long.Add(-time.Hour), long.Add(-time.Minute)
			})
			s.given(t, one)
			return one.Snapshot().Digest
		}
		expired := session(func(p *token.SessionSnapshot) { p.ExpiresAt = long.Add(-time.Microsecond) })
		ended := session(func(p *token.SessionSnapshot) {
			p.EndedAt, p.EndReason = long.Add(-time.Microsecond), token.EndedByLogout
		})
		atTheTime := session(func(p *token.SessionSnapshot) { p.ExpiresAt = long })
		alive := session(func(*token.SessionSnapshot) {})
		tombstone := link(alive) // its token expired long ago, and still tells a theft
		for _, over := range []*token.Session{expired, ended} {
			link(over)
			link(over)
		}
		link(atTheTime)
		sweep(t, keep.Sessions, 3, 3)
		for _, over := range []*token.Session{expired, ended} { // one token is left
			_, err := s.session(t, over.ID())
			ok(t, err)
		}
		sweep(t, keep.Sessions, 2, 2)
		sweep(t, keep.Sessions, 1, 1)
		sweep(t, keep.Sessions, 10, 0)
		s.refresh(t, tombstone)
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			for _, stays := range []*token.Session{atTheTime, alive} {
				if _, err := r.Sessions.Get(ctx, stays.ID()); err != nil {
					return err
				}
			}
			_, err := r.Sessions.Get(ctx, expired.ID())
			wantKind(t, err, domain.KindNotFound)
			return nil
		})
	})
	t.Run("pending registrations that expired go", func(t *testing.T) {
		past := given.Pending(func(p *user.PendingRegistration) { p.ExpiresAt = long.Add(-time.Microsecond) })
		stays := given.Pending()
		s.given(t, past, stays)
		sweep(t, keep.PendingRegistrations, 10, 1)
		_, err := s.Users.Pending(within(t), stays.Username.Folded(), false, given.Now)
		ok(t, err)
	})
	t.Run("lockouts go once nobody touched them and their lock is over", func(t *testing.T) {
		lockout := func(touched, until time.Time) string {
			key := given.Name("lock")
			swapped, err := s.Lockouts.Swap(within(t), user.RehydrateLockout(user.LockoutSnapshot{Key: key, Failures: 1, Level: 1, UpdatedAt: touched, LockedUntil: until}))
			ok(t, err)
			same(t, "swapped", swapped, true)
			return key
		}
		old := long.Add(-time.Microsecond)
		gone := []string{lockout(old, time.Time{}), lockout(old, old)}
		stay := []string{lockout(old, given.Now), lockout(long, time.Time{}), lockout(given.Now, old)}
		sweep(t, keep.Lockouts, 1, 1)
		sweep(t, keep.Lockouts, 10, 1)
		for i, key := range append(gone, stay...) {
			found, err := s.Lockouts.Get(within(t), key)
			ok(t, err)
			same(t, "stored", found.Snapshot().Version > 0, i >= len(gone))
		}
	})
	t.Run("keys that are no longer trusted go", func(t *testing.T) {
		gone := given.Key(func(k *token.KeySnapshot) { k.ExpiresAt = long.Add(-time.Microsecond) })
		stays := given.Key(func(k *token.KeySnapshot) { k.ExpiresAt = long })
		active := given.Key(func(k *token.KeySnapshot) {
			k.State, k.RetiredAt, k.ExpiresAt, k.Algorithm = token.KeyActive, time.Time{}, time.Time{}, token.RS256
		})
		s.given(t, gone, stays, active)
		sweep(t, keep.SigningKeys, 10, 1)
		same(t, "keys", len(s.keys(t, gone, stays, active)), 2)
	})
	t.Run("tickets that expired go", func(t *testing.T) {
		gone := given.Ticket(func(p *token.TicketSnapshot) { p.ExpiresAt = long.Add(-time.Microsecond) })
		stays := given.Ticket(func(p *token.TicketSnapshot) { p.ExpiresAt = long })
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := r.Tickets.Put(ctx, gone); err != nil {
				return err
			}
			return r.Tickets.Put(ctx, stays)
		})
		sweep(t, keep.Tickets, 10, 1)
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			_, err := r.Tickets.Get(ctx, stays.Snapshot().Purpose, stays.Snapshot().Holder)
			return err
		})
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		for _, call := range []func(context.Context, time.Time, int) (int, error){
			keep.Sessions, keep.PendingRegistrations, keep.Lockouts, keep.Tickets, keep.SigningKeys,
		} {
			_, err := call(ended(t), long, 1)
			wantStopped(t, "a sweep", err)
		}
	})
}
