package role_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/test/given"
)

func TestParseName(t *testing.T) {
	for _, good := range []string{"ab", "a1-_", strings.Repeat("a", 64)} {
		if got, err := role.ParseName(good); err != nil || string(got) != good {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a", strings.Repeat("a", 65), "Ab", "1a", "-a", "_a", "a b", "a.b", "a:b", "ab\n", "\u00e9a", "ab\x00"} {
		if _, err := role.ParseName(bad); !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Errorf("%q: %v, want validation_failed", bad, err)
		}
	}
}

func TestGrantAndWithdraw(t *testing.T) {
	later := given.Now.Add(1)
	r, err := role.New(given.ID(), "ab", "d", domain.System, given.Now)
	if err != nil {
		t.Fatal(err)
	}
	first := domain.FirstVersion(given.Now)
	steps := []struct {
		do      func()
		scopes  scope.Set
		changes int64
	}{
		{func() { r.Grant(scope.ReadUsers, domain.System, later) }, scope.NewSet(scope.ReadUsers), 1},
		{func() { r.Grant(scope.ReadUsers, domain.System, later) }, scope.NewSet(scope.ReadUsers), 1},
		{func() { r.Grant(scope.AdminUsers, domain.System, later) }, scope.NewSet(scope.AdminUsers, scope.ReadUsers), 2},
		{func() { r.Withdraw(scope.WriteUsers, domain.System, later) }, scope.NewSet(scope.AdminUsers, scope.ReadUsers), 2},
		{func() { r.Withdraw(scope.ReadUsers, domain.System, later) }, scope.NewSet(scope.AdminUsers), 3},
	}
	for i, step := range steps {
		before := r.Scopes()
		kept := before.String()
		step.do()
		if before.String() != kept {
			t.Errorf("step %d changed a set that was handed out", i)
		}
		if diff := cmp.Diff(step.scopes, r.Scopes()); diff != "" || r.Snapshot().Version != first+step.changes {
			t.Errorf("step %d: version %d, %s", i, r.Snapshot().Version, diff)
		}
	}
}

func TestBuiltinRoles(t *testing.T) {
	admin := role.BuiltinScopes(role.Admin)
	if admin.Has(scope.AdminSystem) || len(admin) != len(scope.Builtin())-1 || role.BuiltinScopes("other") != nil {
		t.Errorf("admin holds %v", admin)
	}
	if diff := cmp.Diff(scope.NewSet(scope.ReadProfile, scope.WriteProfile), role.BuiltinScopes(role.User)); diff != "" {
		t.Error(diff)
	}
	if _, err := role.New(given.ID(), "ab", "a\x00", domain.System, given.Now); !domain.HasCode(err, domain.CodeInvalidInput) {
		t.Errorf("got %v", err)
	}
}
