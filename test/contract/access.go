package contract

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunAccess holds an implementation to outbound.RoleDirectory and
// outbound.ScopeDirectory, and to deleting what they give.
func RunAccess(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("roles are found and listed", func(t *testing.T) {
		var ids []string
		for range 5 {
			r := given.Role(func(r *role.Snapshot) { r.Scopes = scope.NewSet(scope.ReadUsers, scope.AdminSystem) })
			s.given(t, r)
			found, err := s.Roles.ByName(within(t), r.Name())
			ok(t, err)
			same(t, "role", found.Snapshot(), r.Snapshot())
			ids = append(ids, r.Snapshot().ID.String())
		}
		_, err := s.Roles.ByName(within(t), role.Name(given.Name("nothing")))
		wantKind(t, err, domain.KindNotFound)
		walk(t, s.Roles.List, func(r *role.Role) string {
			same(t, "scopes of a listed role", r.Scopes(), s.role(t, r.Name()).Scopes())
			return r.Snapshot().ID.String()
		}, ids)
	})
	t.Run("scopes are found and listed", func(t *testing.T) {
		var ids []string
		for range 5 {
			sc := given.Scope()
			s.given(t, sc)
			found, err := s.Scopes.ByName(within(t), sc.Name())
			ok(t, err)
			same(t, "scope", found.Snapshot(), sc.Snapshot())
			ids = append(ids, sc.Snapshot().ID.String())
		}
		_, err := s.Scopes.ByName(within(t), scope.Of("read", given.Name("nothing")))
		wantKind(t, err, domain.KindNotFound)
		walk(t, s.Scopes.List, func(sc *scope.Scope) string { return sc.Snapshot().ID.String() }, ids)
	})
	t.Run("deleting", func(t *testing.T) { deleting(t, s) })
	t.Run("changing a scope", func(t *testing.T) { changingAScope(t, s) })
	t.Run("contention", func(t *testing.T) {
		t.Run("a scope that is granted as it is deleted: one of both", func(t *testing.T) {
			for range 10 {
				sc, r := given.Scope(), given.Role()
				s.given(t, sc, r)
				results := race(2, func(i int) error {
					if i == 0 {
						return s.grant(t, r.Name(), sc.Name())
					}
					return s.delete(t, sc)
				})
				switch granted := s.role(t, r.Name()).Scopes().Has(sc.Name()); {
				case granted:
					ok(t, results[0])
					wantCode(t, results[1], domain.CodeInUse)
				default:
					wantCode(t, results[0], domain.CodeUnknownScope)
					ok(t, results[1])
				}
			}
		})
	})
}

// delete deletes aggregates in one unit of work and tells how that went.
func (s Store) delete(t testing.TB, things ...any) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
		for _, thing := range things {
			var err error
			switch a := thing.(type) {
			case *role.Role:
				err = r.Roles.Delete(ctx, a)
			case *scope.Scope:
				err = r.Scopes.Delete(ctx, a)
			case *client.ServiceClient:
				err = r.Clients.Delete(ctx, a)
			default:
				err = fmt.Errorf("the suite can't delete a %T", thing)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func deleting(t *testing.T, s Store) {
	t.Run("a role leaves its users", func(t *testing.T) {
		r := given.Role(func(r *role.Snapshot) { r.Scopes = scope.NewSet(scope.ReadAudit) })
		s.given(t, r)
		u := given.User(func(u *user.Snapshot) { u.Roles = []role.Name{r.Name(), role.User} })
		s.given(t, u)
		ok(t, r.Delete(domain.System, given.Now))
		ok(t, s.delete(t, r))
		same(t, "roles", s.user(t, u.ID()).Roles, []role.Name{role.User})
		_, err := s.Roles.ByName(within(t), r.Name())
		wantKind(t, err, domain.KindNotFound)
		wantKind(t, s.delete(t, r), domain.KindNotFound)
		s.wantEvents(t, string(r.Name()), domain.EventRoleDeleted)
	})
	t.Run("a client goes with its links", func(t *testing.T) {
		sc := given.Scope()
		c := given.Client(func(c *client.Snapshot) { c.Scopes = scope.NewSet(sc.Name()) })
		s.given(t, sc, c)
		wantCode(t, s.delete(t, sc), domain.CodeInUse)
		ok(t, c.Delete(domain.System, given.Now))
		ok(t, s.delete(t, c, sc))
		_, err := s.Clients.ByClientID(within(t), c.ClientID())
		wantKind(t, err, domain.KindNotFound)
		wantKind(t, s.delete(t, c), domain.KindNotFound)
		s.wantEvents(t, c.ClientID(), domain.EventClientDeleted)
	})
	t.Run("a scope that a role holds stays", func(t *testing.T) {
		sc := given.Scope()
		r := given.Role(func(r *role.Snapshot) { r.Scopes = scope.NewSet(sc.Name()) })
		s.given(t, sc, r)
		wantCode(t, s.delete(t, sc), domain.CodeInUse)
		same(t, "scopes", s.role(t, r.Name()).Scopes(), scope.NewSet(sc.Name()))
		ok(t, sc.Delete(domain.System, given.Now))
		ok(t, s.delete(t, r, sc))
		wantKind(t, s.delete(t, sc), domain.KindNotFound)
		s.wantEvents(t, string(sc.Name()), domain.EventScopeDeleted)
	})
}

func changingAScope(t *testing.T, s Store) {
	describe := func(sc *scope.Scope, text string) *scope.Scope {
		t.Helper()
		_, err := sc.Describe(text, domain.System, given.Now.Add(time.Second))
		ok(t, err)
		return sc
	}
	sc := given.Scope()
	s.given(t, sc)
	stale := scope.Rehydrate(sc.Snapshot())
	ok(t, s.save(t, describe(sc, "another")))
	found, err := s.Scopes.ByName(within(t), sc.Name())
	ok(t, err)
	same(t, "scope", found.Snapshot(), sc.Snapshot())
	wantCode(t, s.save(t, describe(stale, "lost")), domain.CodeConflict)
	wantKind(t, s.save(t, describe(given.Scope(), "gone")), domain.KindNotFound)
	s.wantEvents(t, string(sc.Name()), domain.EventScopeUpdated)
}

// walk holds a list to give everything once, page by page, in the order of ids.
func walk[T any](t *testing.T, list func(context.Context, domain.Page) (domain.Listing[T], error), id func(T) string, among []string) {
	t.Helper()
	for _, limit := range []int{1, 2, domain.MaxPageSize} {
		seen, last := map[string]int{}, ""
		parts := 0
		for page := (domain.Page{Limit: limit}); ; parts++ {
			if parts == endless {
				t.Fatal("the list has no end")
			}
			found, err := list(within(t), page)
			ok(t, err)
			if len(found.Items) > limit {
				t.Fatalf("%d items, asked for %d", len(found.Items), limit)
			}
			for _, item := range found.Items {
				if id(item) <= last {
					t.Errorf("%s comes after %s", id(item), last)
				}
				last = id(item)
				seen[last]++
			}
			if page.After = found.Next; page.After == "" {
				break
			}
		}
		for _, want := range among {
			if seen[want] != 1 {
				t.Errorf("with pages of %d, %s is seen %d times", limit, want, seen[want])
			}
		}
	}
	_, err := list(within(t), domain.Page{Limit: 1, After: "no key\x00"})
	wantCode(t, err, domain.CodeInvalidInput)
	_, err = list(ended(t), domain.Page{Limit: 1})
	wantStopped(t, "List", err)
}

// RunClientUsage holds an implementation to outbound.ClientUsage.
func RunClientUsage(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	c, other := given.Client(fullClient), given.Client()
	s.given(t, c, other)
	used := func(t *testing.T, id string) time.Time {
		t.Helper()
		for page := (domain.Page{Limit: 2}); ; {
			found, err := s.Usage.List(within(t), page)
			ok(t, err)
			for _, item := range found.Items {
				if item.Client.ClientID() == id {
					return item.LastUsedAt
				}
			}
			if page.After = found.Next; page.After == "" {
				t.Fatalf("%s is not in the list", id)
			}
		}
	}
	record := func(t *testing.T, times map[string]time.Time) { t.Helper(); ok(t, s.Usage.Record(within(t), times)) }

	t.Run("the use of those that are known is recorded", func(t *testing.T) {
		same(t, "last use", used(t, c.ClientID()), time.Time{})
		record(t, nil)
		record(t, map[string]time.Time{c.ClientID(): given.Now, given.Name("nobody"): given.Now, "\xff\x00": given.Now})
		same(t, "last use", used(t, c.ClientID()), given.Now)
		same(t, "last use of another", used(t, other.ClientID()), time.Time{})
	})
	t.Run("an older use changes nothing", func(t *testing.T) {
		record(t, map[string]time.Time{c.ClientID(): given.Now.Add(-time.Hour), other.ClientID(): given.Now.Add(time.Microsecond)})
		same(t, "last use after an older one", used(t, c.ClientID()), given.Now)
		same(t, "last use of another", used(t, other.ClientID()), given.Now.Add(time.Microsecond))
	})
	t.Run("a use and a change leave each other alone", func(t *testing.T) {
		same(t, "client", s.client(t, c.ClientID()), c.Snapshot())
		ok(t, s.save(t, editedClient(c, func(c *client.Snapshot) { c.Name = "saved" })))
		same(t, "last use after a save", used(t, c.ClientID()), given.Now)
	})
	t.Run("clients are listed as they are", func(t *testing.T) {
		walk(t, s.Usage.List, func(u outbound.ClientUse) string {
			same(t, "a listed client", u.Client.Snapshot(), s.client(t, u.Client.ClientID()))
			return u.Client.Snapshot().ID.String()
		}, []string{c.Snapshot().ID.String(), other.Snapshot().ID.String()})
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		wantStopped(t, "Record", s.Usage.Record(ended(t), map[string]time.Time{c.ClientID(): given.Now}))
	})
	t.Run("20 that record at once: the latest stays", func(t *testing.T) {
		wantAll(t, race(20, func(i int) error {
			return s.Usage.Record(within(t), map[string]time.Time{c.ClientID(): given.Now.Add(time.Duration(i) * time.Second), other.ClientID(): given.Now.Add(time.Minute)})
		}))
		same(t, "last use after a race", used(t, c.ClientID()), given.Now.Add(19*time.Second))
	})
}

func endThrough(t *testing.T, s Store) {
	u, c, other := given.User(), given.Client(), given.Client()
	s.given(t, u, c, other)
	through := func(id string, change ...func(*token.SessionSnapshot)) (*token.Session, *token.RefreshToken) {
		session := given.Session(u, append(change, func(s *token.SessionSnapshot) { s.ClientID = id })...)
		link := given.Refresh(session)
		s.given(t, session, link)
		return session, link
	}
	_, first := through(c.ClientID())
	_, second := through(c.ClientID())
	_, elsewhere := through(other.ClientID())
	_, over := through(c.ClientID(), func(s *token.SessionSnapshot) {
		s.EndedAt, s.EndReason = given.Now.Add(-time.Minute), token.EndedByLogout
	})
	for round, want := range []int{2, 0} {
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			ended, err := r.Sessions.EndThrough(ctx, c.ClientID(), token.EndedByClient, given.Now.Add(time.Duration(round)*time.Second))
			same(t, "sessions ended", ended, want)
			return err
		})
	}
	for _, link := range []*token.RefreshToken{first, second} {
		stored, session := s.refresh(t, link.Snapshot().Digest)
		same(t, "reason", session.EndReason, token.EndedByClient)
		same(t, "revoked", stored.IsRevoked, true)
		same(t, "ended at", session.EndedAt, given.Now)
	}
	stored, session := s.refresh(t, elsewhere.Snapshot().Digest)
	same(t, "another client's", stored.IsRevoked || !session.EndedAt.IsZero(), false)
	_, session = s.refresh(t, over.Snapshot().Digest)
	same(t, "what was over", session.EndReason, token.EndedByLogout)
}
