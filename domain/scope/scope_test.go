package scope_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/test/given"
)

func TestParseName(t *testing.T) {
	for _, good := range []string{"read:users", "a:b", "0:9", "a.b_c-d:e.f_g-h", strings.Repeat("a", 64) + ":" + strings.Repeat("b", 63)} {
		if got, err := scope.ParseName(good); err != nil || string(got) != good {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", ":", "read", "read:", ":users", "read:users:x", "read::users", "Read:users", "read:Users", "read:*", "*:users", "*", "read users", " read:users",
		"read:users ", "read:users\n", "read:users\x00", "read:us\u00e9rs", "-read:users", "read:.users", "_a:b", "read:\"users\"", `read:\users`,
		strings.Repeat("a", 64) + ":" + strings.Repeat("b", 64),
	} {
		if _, err := scope.ParseName(bad); !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Errorf("%q: %v, want validation_failed", bad, err)
		}
	}
}

func TestCovers(t *testing.T) {
	cases := []struct {
		held, wanted string
		want         bool
	}{
		{"read:users", "read:users", true},
		{"admin:users", "read:users", true},
		{"admin:users", "anything:users", true},
		{"admin:users", "admin:users", true},
		{"read:user", "read:users", false},
		{"read:users", "read:user", false},
		{"read:users", "write:users", false},
		{"read:users", "admin:users", false},
		{"admin:users2", "read:users", false},
		{"admin:users", "read:users2", false},
		{"admin:users", "read:users.x", false},
		{"admin:system", "read:users", false},
		{"admin:admin", "admin:users", false},
		{"users:admin", "users:read", false},
		{"administer:users", "read:users", false},
		{"read:admin", "admin:read", false},
		{"", "read:users", false},
		{"a:b admin:users z:z", "read:users", true},
	}
	for _, c := range cases {
		t.Run(c.held+" covers "+c.wanted, func(t *testing.T) {
			held, err := scope.ParseSet(c.held)
			if err != nil {
				t.Fatal(err)
			}
			if got := held.Covers(scope.Name(c.wanted)); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}

func names(t *rapid.T, label string) scope.Set {
	return scope.NewSet(rapid.SliceOf(rapid.Custom(func(t *rapid.T) scope.Name {
		return scope.Of(rapid.SampledFrom([]string{"read", "write", "admin"}).Draw(t, "action"), rapid.SampledFrom([]string{"users", "user", "roles", "a"}).Draw(t, "resource"))
	})).Draw(t, label)...)
}

func TestSetArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := names(t, "a"), names(t, "b")
		aBefore, bBefore := slices.Clone(a), slices.Clone(b)
		union, limited := a.Union(b), a.Limit(b)
		for _, s := range []scope.Set{a, union, limited} {
			if !slices.IsSorted(s) || len(slices.Compact(slices.Clone(s))) != len(s) {
				t.Fatalf("%v is not sorted and distinct", s)
			}
		}
		if !union.CoversAll(a) || !union.CoversAll(b) || !b.CoversAll(limited) || !a.CoversAll(limited) {
			t.Fatalf("%v and %v: union %v, limited %v", a, b, union, limited)
		}
		for _, name := range a {
			if !union.Has(name) || limited.Has(name) != b.Covers(name) {
				t.Fatalf("%s of %v and %v: union %v, limited %v", name, a, b, union, limited)
			}
		}
		if len(limited) > len(a) || b.CoversAll(a) != (len(limited) == len(a)) {
			t.Fatalf("%v limited to %v is %v", a, b, limited)
		}
		if !slices.Equal(a, aBefore) || !slices.Equal(b, bBefore) {
			t.Fatal("an operand was changed")
		}
		again, err := scope.ParseSet(a.String())
		if err != nil || !slices.Equal(again, a) {
			t.Fatalf("%v is written %q and read %v, %v", a, a.String(), again, err)
		}
	})
}

func TestParseSet(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " ": "", "b:b a:a": "a:a b:b", "a:a a:a": "a:a", "  a:a   b:b  ": "a:a b:b",
	} {
		if got, err := scope.ParseSet(in); err != nil || got.String() != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, bad := range []string{"a", "a:a b", "a:a,b:b", "a:a\tb:b", "a:a\nb:b", "a:a\u00a0b:b", "*", "A:a"} {
		if got, err := scope.ParseSet(bad); !domain.HasCode(err, domain.CodeInvalidScope) || got != nil {
			t.Errorf("%q: %v, %v, want invalid_scope", bad, got, err)
		}
	}
}

func FuzzParseSet(f *testing.F) {
	for _, seed := range []string{"", "read:users write:users", "a:a  a:a", "admin:*", "a:a\x00", "a:a\u2028b:b", strings.Repeat("a:a ", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, err := scope.ParseSet(s)
		if err != nil {
			return
		}
		for _, name := range set {
			if _, err := scope.ParseName(string(name)); err != nil || !strings.Contains(" "+s+" ", " "+string(name)+" ") {
				t.Fatalf("%q gives %q", s, name)
			}
		}
		if again, err := scope.ParseSet(set.String()); err != nil || !slices.Equal(again, set) {
			t.Fatalf("%q: %v, then %v, %v", s, set, again, err)
		}
	})
}

func TestStringsIsNeverNil(t *testing.T) {
	if got := scope.Set(nil).Strings(); got == nil || len(got) != 0 {
		t.Errorf("got %#v", got)
	}
}

func TestNew(t *testing.T) {
	s, err := scope.New(given.ID(), "read:users", "d", domain.System, given.Now)
	if err != nil || s.Snapshot().Resource != "users" || s.Name() != "read:users" || s.Name().Action() != "read" {
		t.Errorf("%+v, %v", s, err)
	}
	for name, description := range map[string]string{"read": "", "read:users": "a\x00", "write:users": strings.Repeat("x", 1001)} {
		if _, err := scope.New(given.ID(), name, description, domain.System, given.Now); !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Errorf("%q, %q: %v", name, description, err)
		}
	}
	if diff := cmp.Diff(19, len(scope.Builtin())); diff != "" {
		t.Error("built-in scopes (contract, section 4)", diff)
	}
}
