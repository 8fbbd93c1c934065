package contract

import (
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/test/given"
)

// RunPrincipals holds an implementation to outbound.Principals.
func RunPrincipals(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	principal := func(t *testing.T, u *user.User) token.Principal {
		t.Helper()
		p, err := s.Principals.User(within(t), u.ID())
		ok(t, err)
		return p
	}
	t.Run("behaviour", func(t *testing.T) {
		t.Run("a user holds the scopes of all its roles, each once and sorted by byte", func(t *testing.T) {
			uneven := s.unevenScopes(t)
			extra := given.Role(func(r *role.Snapshot) { r.Scopes = uneven.Union(scope.NewSet(scope.ReadProfile, scope.ReadAudit)) })
			u := given.User(func(u *user.Snapshot) { u.Roles = []role.Name{extra.Name(), role.User} })
			s.given(t, extra, u)
			same(t, "principal", principal(t, u), token.Principal{
				Kind: domain.PartyUser, ID: u.ID().String(), Name: string(u.Username()), Active: true,
				Roles: []string{string(extra.Name()), string(role.User)}, Scopes: extra.Scopes().Union(role.BuiltinScopes(role.User)),
			})
		})
		t.Run("without roles it holds nothing", func(t *testing.T) {
			u := given.User(func(u *user.Snapshot) { u.Roles = nil })
			s.given(t, u)
			same(t, "principal", principal(t, u), token.Principal{Kind: domain.PartyUser, ID: u.ID().String(), Name: string(u.Username()), Active: true})
		})
		t.Run("a role without scopes is named all the same", func(t *testing.T) {
			empty := given.Role()
			u := given.User(func(u *user.Snapshot) { u.Roles = []role.Name{empty.Name()} })
			s.given(t, empty, u)
			p := principal(t, u)
			same(t, "roles", p.Roles, []string{string(empty.Name())})
			same(t, "scopes", p.Scopes, scope.Set(nil))
		})
		t.Run("a superuser holds every scope there is", func(t *testing.T) {
			boss, made := given.Superuser(), given.Scope()
			s.given(t, boss, made)
			p := principal(t, boss)
			if !p.IsSuperuser || !p.Scopes.Has(made.Name()) {
				t.Errorf("superuser %t with %v, want %s among them", p.IsSuperuser, p.Scopes, made.Name())
			}
			for _, name := range scope.Builtin() {
				if !p.Scopes.Has(name) {
					t.Errorf("%s is missing", name)
				}
			}
			same(t, "sorted", p.Scopes, scope.NewSet(p.Scopes...))
			same(t, "roles", p.Roles, []string{string(role.User)})
		})
		t.Run("an inactive user is given, and not active", func(t *testing.T) {
			u := given.User(func(u *user.Snapshot) { u.IsActive = false })
			s.given(t, u)
			if p := principal(t, u); p.Active || p.ID != u.ID().String() {
				t.Errorf("got %+v", p)
			}
		})
		t.Run("a change of the user or of a role shows at once", func(t *testing.T) {
			r := given.Role()
			u := given.User(func(u *user.Snapshot) { u.Roles = []role.Name{r.Name()} })
			s.given(t, r, u)
			same(t, "before", principal(t, u).Scopes, scope.Set(nil))
			ok(t, s.grant(t, r.Name(), scope.ReadAudit))
			same(t, "granted", principal(t, u).Scopes, scope.NewSet(scope.ReadAudit))
			ok(t, s.save(t, edited(u, func(u *user.Snapshot) { u.Roles, u.IsActive = nil, false })))
			p := principal(t, u)
			same(t, "withdrawn", p.Scopes, scope.Set(nil))
			same(t, "active", p.Active, false)
		})
		t.Run("who is not there is KindNotFound", func(t *testing.T) {
			_, err := s.Principals.User(within(t), given.ID())
			wantKind(t, err, domain.KindNotFound)
		})
		t.Run("what is returned is not kept", func(t *testing.T) {
			u := given.User()
			s.given(t, u)
			p := principal(t, u)
			spoil(t, "roles", p.Roles, "changed")
			spoil(t, "scopes", p.Scopes, "changed")
			again := principal(t, u)
			same(t, "roles", again.Roles, []string{string(role.User)})
			same(t, "scopes", again.Scopes, role.BuiltinScopes(role.User))
		})
		t.Run("an ended context is an error", func(t *testing.T) {
			_, err := s.Principals.User(ended(t), given.ID())
			wantStopped(t, "User", err)
		})
	})
}
