package contract

import (
	"context"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunUserAdministration holds an implementation to what administrators need of
// outbound.Users and, inside a unit of work, of outbound.Principals.
func RunUserAdministration(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	remove := func(u *user.User) error {
		return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			u.Delete(domain.System, given.Now)
			return r.Users.Delete(ctx, u)
		})
	}
	t.Run("who is deleted is gone with the sessions, and the name is free", func(t *testing.T) {
		u := given.User()
		session := given.Session(u)
		link := given.Refresh(session)
		s.given(t, u, session, link)
		ok(t, remove(user.Rehydrate(u.Snapshot())))
		_, err := s.Users.ByID(within(t), u.ID())
		wantKind(t, err, domain.KindNotFound)
		_, err = s.session(t, session.ID())
		wantKind(t, err, domain.KindNotFound)
		_, _, err = s.Refresh.ByDigest(within(t), link.Snapshot().Digest)
		wantKind(t, err, domain.KindNotFound)
		s.wantEvents(t, u.ID().String(), domain.EventUserDeleted)
		s.given(t, given.User(func(next *user.Snapshot) { next.Username, next.Email = u.Username(), u.Snapshot().Email }))
	})
	t.Run("deleting who is gone is KindNotFound", func(t *testing.T) {
		wantKind(t, remove(given.User()), domain.KindNotFound)
	})
	t.Run("deleting who was changed meanwhile is CodeConflict", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		read, err := s.Users.ByID(within(t), u.ID())
		ok(t, err)
		ok(t, s.append(t, u.ID(), "a"))
		wantCode(t, remove(read), domain.CodeConflict)
		same(t, "bio", s.user(t, u.ID()).Bio, "a")
	})
	t.Run("of 20 concurrent deletions one succeeds", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		results := race(20, func(int) error { return remove(user.Rehydrate(u.Snapshot())) })
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else {
				wantKind(t, err, domain.KindNotFound)
			}
		}
		same(t, "winners", won, 1)
		s.wantEvents(t, u.ID().String(), domain.EventUserDeleted)
	})
	t.Run("a principal shows what its unit of work changed", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		_, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (token.Principal, error) {
			stored, err := r.Users.Get(ctx, u.ID())
			if err != nil {
				return token.Principal{}, err
			}
			before, err := r.Principals.User(ctx, u.ID())
			if err != nil {
				return token.Principal{}, err
			}
			same(t, "before", before.Scopes, role.BuiltinScopes(role.User))
			stored.Assign(role.Admin, domain.System, given.Now)
			if err := r.Users.Save(ctx, stored); err != nil {
				return token.Principal{}, err
			}
			after, err := r.Principals.User(ctx, u.ID())
			same(t, "after", after.Scopes, role.BuiltinScopes(role.Admin))
			return after, err
		})
		ok(t, err)
		_, err = read(t, s, func(ctx context.Context, r outbound.Repositories) (token.Principal, error) {
			return r.Principals.User(ctx, given.ID())
		})
		wantKind(t, err, domain.KindNotFound)
	})
}
