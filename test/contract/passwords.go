package contract

import (
	"context"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunPasswords holds an implementation to outbound.FormerPasswords and
// outbound.PasswordHistory.
func RunPasswords(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	u, other := given.User(), given.User()
	s.given(t, u, other)
	add := func(t *testing.T, u *user.User, hash string, keep int) {
		t.Helper()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			return r.Passwords.Add(ctx, u.ID(), hash, given.Now, keep)
		})
	}
	recent := func(t *testing.T, id domain.ID, limit int) []string {
		t.Helper()
		hashes, err := s.History.Recent(within(t), id, limit)
		ok(t, err)
		return hashes
	}
	t.Run("none", func(t *testing.T) { same(t, "hashes", len(recent(t, u.ID(), 10)), 0) })
	t.Run("the newest are given, newest first", func(t *testing.T) {
		add(t, other, "another's", 10)
		for _, hash := range []string{"a", "b", "c", "d"} {
			add(t, u, hash, 10)
		}
		same(t, "all", recent(t, u.ID(), 10), []string{"d", "c", "b", "a"})
		same(t, "two", recent(t, u.ID(), 2), []string{"d", "c"})
		same(t, "none", len(recent(t, u.ID(), 0)), 0)
	})
	t.Run("no more are kept than asked for, and others' stay", func(t *testing.T) {
		add(t, u, "e", 2)
		same(t, "kept", recent(t, u.ID(), 10), []string{"e", "d"})
		same(t, "another's", recent(t, other.ID(), 10), []string{"another's"})
		add(t, u, "f", 0)
		same(t, "none kept", len(recent(t, u.ID(), 10)), 0)
	})
	t.Run("they go with their user", func(t *testing.T) {
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			stored, err := r.Users.Get(ctx, other.ID())
			if err != nil {
				return err
			}
			return r.Users.Delete(ctx, stored)
		})
		same(t, "hashes", len(recent(t, other.ID(), 10)), 0)
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, err := s.History.Recent(ended(t), u.ID(), 1)
		wantStopped(t, "Recent", err)
	})
}
