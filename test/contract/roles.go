package contract

import (
	"context"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunRoles holds an implementation to outbound.Roles.
func RunRoles(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { rolesBehaviour(t, s) })
	t.Run("contention", func(t *testing.T) {
		t.Run("30 concurrent roles of one name: one winner", func(t *testing.T) {
			name := role.Name(given.Name("role"))
			wantWinners(t, race(30, func(int) error {
				return s.add(t, given.Role(func(r *role.Snapshot) { r.Name = name }))
			}), 1, domain.CodeConflict)
		})
		t.Run("19 concurrent grants to one role: none is lost", func(t *testing.T) {
			r := given.Role()
			s.given(t, r)
			names := scope.Builtin()
			wantAll(t, race(len(names), func(i int) error { return s.grant(t, r.Name(), names[i]) }))
			got := s.role(t, r.Name()).Snapshot()
			same(t, "scopes", got.Scopes, names)
			same(t, "version", got.Version, int64(1+len(names)))
		})
	})
}

func (s Store) role(t testing.TB, name role.Name) *role.Role {
	t.Helper()
	found, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (*role.Role, error) { return r.Roles.Get(ctx, name) })
	ok(t, err)
	return found
}

func (s Store) grant(t testing.TB, name role.Name, granted scope.Name) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
		found, err := r.Roles.Get(ctx, name)
		if err != nil {
			return err
		}
		found.Grant(granted, domain.System, given.Now)
		return r.Roles.Save(ctx, found)
	})
}

func rolesBehaviour(t *testing.T, s Store) {
	for _, name := range []role.Name{role.User, role.Admin} {
		t.Run("the built-in role "+string(name)+" holds what the domain says", func(t *testing.T) {
			same(t, "scopes", s.role(t, name).Scopes(), role.BuiltinScopes(name))
		})
	}
	t.Run("a role comes back as it was", func(t *testing.T) {
		r := given.Role(func(r *role.Snapshot) {
			r.Description, r.Scopes, r.Version = "line one\n\"two\"", scope.NewSet(scope.ReadAudit, scope.AdminSystem), 7
		})
		wantFull(t, r.Snapshot())
		s.given(t, r)
		same(t, "role", s.role(t, r.Name()).Snapshot(), r.Snapshot())
		bare := given.Role(func(r *role.Snapshot) { r.Description = "" })
		s.given(t, bare)
		same(t, "role", s.role(t, bare.Name()).Snapshot(), bare.Snapshot())
	})
	t.Run("what is not there is KindNotFound", func(t *testing.T) {
		_, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (*role.Role, error) {
			return r.Roles.Get(ctx, role.Name(given.Name("nothing")))
		})
		wantKind(t, err, domain.KindNotFound)
		wantKind(t, s.save(t, given.Role()), domain.KindNotFound)
	})
	t.Run("a taken name is CodeConflict", func(t *testing.T) {
		wantCode(t, s.add(t, given.Role(func(r *role.Snapshot) { r.Name = role.Admin })), domain.CodeConflict)
		same(t, "scopes", s.role(t, role.Admin).Scopes(), role.BuiltinScopes(role.Admin))
	})
	t.Run("an unknown scope is CodeUnknownScope and stores nothing", func(t *testing.T) {
		unknown := scope.Of("read", given.Name("unknown"))
		r := given.Role(func(r *role.Snapshot) { r.Scopes = scope.NewSet(unknown, scope.ReadUsers) })
		wantCode(t, s.add(t, r), domain.CodeUnknownScope)
		wantKind(t, s.save(t, r), domain.KindNotFound)

		r = given.Role()
		s.given(t, r)
		wantCode(t, s.grant(t, r.Name(), unknown), domain.CodeUnknownScope)
		same(t, "role", s.role(t, r.Name()).Snapshot(), r.Snapshot())
	})
	t.Run("scopes are granted and withdrawn", func(t *testing.T) {
		r := given.Role()
		s.given(t, r)
		ok(t, s.grant(t, r.Name(), scope.ReadUsers))
		ok(t, s.grant(t, r.Name(), scope.ReadAudit))
		same(t, "scopes", s.role(t, r.Name()).Scopes(), scope.NewSet(scope.ReadAudit, scope.ReadUsers))
		s.must(t, func(ctx context.Context, repos outbound.Repositories) error {
			found, err := repos.Roles.Get(ctx, r.Name())
			if err != nil {
				return err
			}
			found.Withdraw(scope.ReadAudit, domain.System, given.Now)
			return repos.Roles.Save(ctx, found)
		})
		same(t, "scopes", s.role(t, r.Name()).Scopes(), scope.NewSet(scope.ReadUsers))
	})
	t.Run("scopes come back sorted by byte", func(t *testing.T) {
		scopes := s.unevenScopes(t)
		r := given.Role(func(r *role.Snapshot) { r.Scopes = scopes })
		s.given(t, r)
		same(t, "scopes", s.role(t, r.Name()).Scopes(), scopes)
	})
	t.Run("what others changed meanwhile is CodeConflict", func(t *testing.T) {
		r := given.Role()
		s.given(t, r)
		stale := s.role(t, r.Name())
		ok(t, s.grant(t, r.Name(), scope.ReadUsers))
		stale.Grant(scope.ReadAudit, domain.System, given.Now)
		wantCode(t, s.save(t, stale), domain.CodeConflict)
		same(t, "scopes", s.role(t, r.Name()).Scopes(), scope.NewSet(scope.ReadUsers))
	})
	t.Run("what is returned or handed in is not kept", func(t *testing.T) {
		scopes := scope.NewSet(scope.ReadAudit, scope.ReadUsers)
		r := given.Role(func(r *role.Snapshot) { r.Scopes = scopes })
		s.given(t, r)
		scopes[0] = "changed"
		spoil(t, "scopes", s.role(t, r.Name()).Scopes(), "changed")
		same(t, "scopes", s.role(t, r.Name()).Scopes(), scope.NewSet(scope.ReadAudit, scope.ReadUsers))
	})
}

// RunScopes holds an implementation to outbound.Scopes.
func RunScopes(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	find := func(t *testing.T, name scope.Name) (*scope.Scope, error) {
		return read(t, s, func(ctx context.Context, r outbound.Repositories) (*scope.Scope, error) {
			return r.Scopes.Get(ctx, name)
		})
	}
	t.Run("behaviour", func(t *testing.T) {
		t.Run("the built-in scopes are there", func(t *testing.T) {
			for _, name := range scope.Builtin() {
				found, err := find(t, name)
				ok(t, err)
				same(t, "resource", found.Snapshot().Resource, name.Resource())
			}
		})
		t.Run("a scope comes back as it was", func(t *testing.T) {
			sc := given.Scope()
			wantFull(t, sc.Snapshot())
			s.given(t, sc)
			found, err := find(t, sc.Name())
			ok(t, err)
			same(t, "scope", found.Snapshot(), sc.Snapshot())
		})
		t.Run("what is not there is KindNotFound", func(t *testing.T) {
			_, err := find(t, scope.Of("read", given.Name("nothing")))
			wantKind(t, err, domain.KindNotFound)
		})
		t.Run("a taken name is CodeConflict", func(t *testing.T) {
			sc := given.Scope()
			s.given(t, sc)
			again := sc.Snapshot()
			again.ID, again.Description = given.ID(), "lost"
			wantCode(t, s.add(t, scope.Rehydrate(again)), domain.CodeConflict)
			found, err := find(t, sc.Name())
			ok(t, err)
			same(t, "scope", found.Snapshot(), sc.Snapshot())
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("30 concurrent scopes of one name: one winner", func(t *testing.T) {
			one := given.Scope().Snapshot()
			wantWinners(t, race(30, func(int) error {
				mine := one
				mine.ID = given.ID()
				return s.add(t, scope.Rehydrate(mine))
			}), 1, domain.CodeConflict)
		})
	})
}
