package authorization

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// source is a function field.
type source func(id string) (token.Principal, error)

func (s source) User(_ context.Context, id string) (token.Principal, error) { return s(id) }

func caller(id domain.ID, scopes ...scope.Name) inbound.Caller {
	return inbound.Caller{Claims: token.AccessClaims{Subject: id.String(), SessionID: "sid"}, Scopes: scope.NewSet(scopes...)}
}

func TestAllowed(t *testing.T) {
	self, other, super, disabled := given.ID(), given.ID(), given.ID(), given.ID()
	known := map[string]token.Principal{
		other.String():    {Active: true, Scopes: scope.NewSet(scope.AdminRoles)},
		super.String():    {Active: true, IsSuperuser: true},
		disabled.String(): {IsSuperuser: true, Scopes: scope.NewSet(scope.AdminRoles)},
	}
	p := NewPermissions(source(func(id string) (token.Principal, error) {
		if found, ok := known[id]; ok {
			return found, nil
		}
		return token.Principal{}, domain.NotFound("no such user")
	}))
	checks := []inbound.Check{{Resource: "users", Action: "read"}, {Resource: "users", Action: "delete"}, {Resource: "roles", Action: "write"},
		{Resource: "rolesandmore", Action: "write"}, {Resource: "*", Action: "*"}, {Resource: "a b", Action: "read"}, {Resource: "users:x", Action: "read"}, {Resource: "things", Action: "make"}}
	narrowed := caller(self, scope.ReadUsers)
	narrowed.Principal.IsSuperuser = true // of no use in a token without admin:system
	unlimited := caller(self, scope.AdminSystem)
	unlimited.Principal.IsSuperuser = true
	for name, c := range map[string]struct {
		caller inbound.Caller
		of     *domain.ID
		want   []bool
	}{
		"oneself":               {caller(self, scope.AdminUsers), nil, []bool{true, true, false, false, false, false, false, false}},
		"oneself by id":         {caller(self, scope.ReadUsers), &self, []bool{true, false, false, false, false, false, false, false}},
		"a narrowed superuser":  {narrowed, nil, []bool{true, false, false, false, false, false, false, false}},
		"a superuser's token":   {unlimited, nil, []bool{true, true, true, true, false, false, false, true}},
		"another":               {caller(self, scope.ReadUsers), &other, []bool{false, false, true, false, false, false, false, false}},
		"another, a superuser":  {caller(self, scope.AdminUsers), &super, []bool{true, true, true, true, false, false, false, true}},
		"another, now disabled": {caller(self, scope.ReadUsers), &disabled, make([]bool, len(checks))},
	} {
		got, err := p.Allowed(t.Context(), c.caller, c.of, checks)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	unknown, one := given.ID(), checks[:1]
	for name, c := range map[string]struct {
		caller inbound.Caller
		of     *domain.ID
		checks []inbound.Check
		code   domain.Code
	}{
		"another without read:users": {caller(self, scope.ReadProfile), &other, one, domain.CodeInsufficientScope},
		"nobody":                     {caller(self, scope.ReadUsers), &unknown, one, domain.CodeNotFound},
		"no checks":                  {caller(self), nil, nil, domain.CodeInvalidInput},
		"101 checks":                 {caller(self), nil, make([]inbound.Check, 101), domain.CodeInvalidInput},
		"no action":                  {caller(self), nil, []inbound.Check{{Resource: "users"}}, domain.CodeInvalidInput},
		"no resource":                {caller(self), nil, []inbound.Check{{Action: "read"}}, domain.CodeInvalidInput},
	} {
		if _, err := p.Allowed(t.Context(), c.caller, c.of, c.checks); !domain.HasCode(err, c.code) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
}

// Nothing is held that is not a scope's name, and a name is held only through
// itself or admin on its own resource.
func FuzzAllowed(f *testing.F) {
	for _, seed := range [][2]string{{"users", "read"}, {"users", "admin"}, {"*", "*"}, {"users:", "read"}, {"", ""}, {"users\x00", "read"}, {"Users", "read"}, {"x", "read:users"}} {
		f.Add(seed[0], seed[1])
	}
	p := NewPermissions(nil)
	who := caller(given.ID(), scope.AdminUsers, scope.ReadRoles)
	f.Fuzz(func(t *testing.T, resource, action string) {
		answers, err := p.Allowed(t.Context(), who, nil, []inbound.Check{{Resource: resource, Action: action}})
		if err != nil {
			if resource != "" && action != "" {
				t.Fatalf("%q %q: %v", resource, action, err)
			}
			return
		}
		if answers[0] && resource != "users" && (resource != "roles" || action != "read") || answers[0] && strings.ContainsAny(action, " *:") {
			t.Errorf("%q %q is allowed", resource, action)
		}
	})
}
