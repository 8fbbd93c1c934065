package authorization

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// TestWhoMayChangeRoles asks every verb of the same callers.
func TestWhoMayChangeRoles(t *testing.T) {
	const name = "auditor" // holds read:audit
	verbs := map[string]func(t *testing.T, r *Roles, caller inbound.Caller) error{
		"describe": func(t *testing.T, r *Roles, caller inbound.Caller) error {
			text := "other"
			_, err := r.Describe(t.Context(), caller, name, &text, 0)
			return err
		},
		"delete": func(t *testing.T, r *Roles, caller inbound.Caller) error {
			return r.Delete(t.Context(), caller, name, 0)
		},
		"grant": func(t *testing.T, r *Roles, caller inbound.Caller) error {
			return r.Grant(t.Context(), caller, name, "read:profile", 0)
		},
		"withdraw": func(t *testing.T, r *Roles, caller inbound.Caller) error {
			return r.Withdraw(t.Context(), caller, name, "read:audit", 0)
		},
	}
	callers := map[string]struct {
		caller inbound.Caller
		code   domain.Code // empty: may
	}{
		"holds all of it":                {bearing(scope.WriteRoles, scope.ReadAudit, scope.ReadProfile), ""},
		"administers roles":              {bearing(scope.AdminRoles, scope.ReadAudit, scope.ReadProfile), ""},
		"a superuser with the system":    {superuser(scope.AdminSystem), ""},
		"reads roles":                    {bearing(scope.ReadRoles, scope.ReadAudit, scope.ReadProfile), domain.CodeInsufficientScope},
		"holds less than the role":       {bearing(scope.AdminRoles, scope.ReadProfile), domain.CodeForbidden},
		"a superuser without the system": {superuser(scope.AdminRoles, scope.ReadProfile), domain.CodeForbidden},
		"the system, but no superuser":   {bearing(scope.AdminSystem, scope.AdminRoles, scope.ReadProfile), domain.CodeForbidden},
	}
	for verb, do := range verbs {
		for who, c := range callers {
			t.Run(verb+"/"+who, func(t *testing.T) {
				s := newStore()
				s.roles[name] = role.Snapshot{Name: name, Scopes: scope.NewSet(scope.ReadAudit), Version: 1}
				roles, _ := s.services()
				err := do(t, roles, c.caller)
				if c.code != "" {
					if !domain.HasCode(err, c.code) || len(s.events)+len(s.signals) != 0 {
						t.Fatalf("got %v with %v, want %s", err, s.events, c.code)
					}
					return
				}
				if err != nil || len(s.events) != 1 || s.events[0].Actor.ID != "caller" || s.events[0].Subject.ID != name {
					t.Fatalf("got %v with %v", err, s.events)
				}
				if told := verb != "describe"; told != (len(s.signals) == 1) || told && s.signals[0].Kind != token.SignalRolesChanged {
					t.Errorf("signals %v", s.signals)
				}
			})
		}
	}
}

func TestGrantingToRoles(t *testing.T) {
	editor := bearing(scope.AdminRoles, scope.AdminUsers)
	for name, c := range map[string]struct {
		role, scope string
		code        domain.Code
		granted     scope.Set
	}{
		"held":                   {"empty", "admin:users", "", scope.NewSet(scope.AdminUsers)},
		"implied by what's held": {"empty", "read:users", "", scope.NewSet(scope.ReadUsers)},
		"not held":               {"empty", "read:audit", domain.CodeForbidden, nil},
		"the system":             {"empty", "admin:system", domain.CodeForbidden, nil},
		"no such scope":          {"empty", "read:nothing", domain.CodeNotFound, nil},
		"no scope at all":        {"empty", "*\x00", domain.CodeNotFound, nil},
		"no such role":           {"nothing", "read:users", domain.CodeNotFound, nil},
		"deleted meanwhile":      {"empty", "delete:users", domain.CodeNotFound, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore()
			s.deleted = scope.DeleteUsers
			s.roles["empty"] = role.Snapshot{Name: "empty", Version: 1}
			roles, _ := s.services()
			for range 2 { // twice changes nothing more
				err := roles.Grant(t.Context(), editor, c.role, c.scope, 0)
				if c.code == "" && err != nil || c.code != "" && !domain.HasCode(err, c.code) {
					t.Fatalf("got %v, want %s", err, c.code)
				}
			}
			if diff := cmp.Diff(c.granted, s.roles["empty"].Scopes); diff != "" || len(s.signals) != min(1, len(c.granted)) {
				t.Errorf("%d signals; %s", len(s.signals), diff)
			}
		})
	}
}

func TestRolesFromBeginningToEnd(t *testing.T) {
	s := newStore()
	roles, _ := s.services()
	ctx, boss, text := t.Context(), superuser(scope.AdminSystem), "other"
	made, err := roles.Create(ctx, boss, "fresh", "d")
	if err != nil || made.Version != made.CreatedAt.UnixMicro() || len(made.Scopes) != 0 || s.events[0].Type != domain.EventRoleCreated {
		t.Fatalf("made %+v, %v", made, err)
	}
	if _, err := roles.Create(ctx, boss, "fresh", ""); !domain.HasCode(err, domain.CodeConflict) {
		t.Errorf("again: %v", err)
	}
	if _, err := roles.Create(ctx, boss, "Fresh", ""); !domain.HasCode(err, domain.CodeInvalidInput) {
		t.Errorf("a bad name: %v", err)
	}
	if _, err := roles.Create(ctx, bearing(scope.ReadRoles), "other", ""); !domain.HasCode(err, domain.CodeInsufficientScope) {
		t.Errorf("a reader: %v", err)
	}
	if got, err := roles.Describe(ctx, boss, "fresh", nil, made.Version); err != nil || got.Version != made.Version {
		t.Errorf("no change gives %+v, %v", got, err)
	}
	if got, err := roles.Describe(ctx, boss, "fresh", &text, made.Version); err != nil || got.Version != made.Version+1 || got.Description != text {
		t.Errorf("a change gives %+v, %v", got, err)
	}
	if _, err := roles.Describe(ctx, boss, "fresh", &text, made.Version); !domain.HasCode(err, domain.CodeVersion) {
		t.Errorf("a stale version: %v", err)
	}
	if err := roles.Delete(ctx, boss, "fresh", made.Version); !domain.HasCode(err, domain.CodeVersion) {
		t.Errorf("a stale version: %v", err)
	}
	if got, err := roles.Get(ctx, bearing(scope.ReadRoles), "fresh"); err != nil || got.Description != text {
		t.Errorf("it is %+v, %v", got, err)
	}
	if err := roles.Delete(ctx, boss, "fresh", made.Version+1); err != nil {
		t.Error(err)
	}
	if _, err := roles.Get(ctx, boss, "fresh"); !domain.HasCode(err, domain.CodeNotFound) {
		t.Errorf("deleted: %v", err)
	}
	for _, builtin := range []string{"user", "admin"} {
		if err := roles.Delete(ctx, boss, builtin, 0); !domain.HasCode(err, domain.CodeBuiltin) {
			t.Errorf("%s: %v", builtin, err)
		}
	}
	for _, reader := range []inbound.Caller{bearing(scope.WriteRoles), bearing(scope.ReadScopes)} {
		_, one := roles.Get(ctx, reader, "user")
		_, all := roles.List(ctx, reader, domain.Page{Limit: 1})
		if !domain.HasCode(one, domain.CodeInsufficientScope) || !domain.HasCode(all, domain.CodeInsufficientScope) {
			t.Errorf("got %v and %v", one, all)
		}
	}
	if got, err := roles.List(ctx, boss, domain.Page{Limit: 1}); err != nil || len(got.Items) != 1 || got.Items[0].Name != role.User || got.Next != "more" {
		t.Errorf("listed %+v, %v", got, err)
	}
	s.fail = errors.New("away")
	if err := roles.Grant(ctx, boss, "user", "read:users", 0); !errors.Is(err, s.fail) {
		t.Errorf("got %v", err)
	}
}

func TestScopesFromBeginningToEnd(t *testing.T) {
	s := newStore()
	roles, scopes := s.services()
	ctx, writer, text := t.Context(), bearing(scope.WriteScopes), "other"
	boss := superuser(scope.AdminSystem)
	made, err := scopes.Create(ctx, writer, "read:fresh", "d")
	if err != nil || made.Version != made.CreatedAt.UnixMicro() || made.Resource != "fresh" || s.events[0].Type != domain.EventScopeCreated {
		t.Fatalf("made %+v, %v", made, err)
	}
	if len(s.signals) != 1 || s.signals[0].Kind != token.SignalRolesChanged {
		t.Errorf("superusers are not told: %v", s.signals)
	}
	for name, code := range map[string]domain.Code{"read:fresh": domain.CodeConflict, "*": domain.CodeInvalidInput} {
		if _, err := scopes.Create(ctx, writer, name, ""); !domain.HasCode(err, code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := scopes.Describe(ctx, writer, "read:fresh", nil, made.Version); err != nil || got.Version != made.Version {
		t.Errorf("no change gives %+v, %v", got, err)
	}
	if got, err := scopes.Describe(ctx, writer, "read:fresh", &text, made.Version); err != nil || got.Version != made.Version+1 || got.Description != text {
		t.Errorf("a change gives %+v, %v", got, err)
	}
	if _, err := scopes.Describe(ctx, writer, "read:fresh", &text, made.Version); !domain.HasCode(err, domain.CodeVersion) {
		t.Errorf("a stale version: %v", err)
	}
	if _, err := roles.Create(ctx, boss, "holder", ""); err != nil {
		t.Fatal(err)
	}
	if err := roles.Grant(ctx, boss, "holder", "read:fresh", 0); err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]domain.Code{"read:fresh": domain.CodeInUse, "read:users": domain.CodeBuiltin, "admin:system": domain.CodeBuiltin, "read:nothing": domain.CodeNotFound} {
		if err := scopes.Delete(ctx, writer, name, 0); !domain.HasCode(err, code) {
			t.Errorf("%s: %v, want %s", name, err, code)
		}
	}
	if err := roles.Withdraw(ctx, boss, "holder", "read:fresh", 0); err != nil {
		t.Fatal(err)
	}
	if err := scopes.Delete(ctx, writer, "read:fresh", made.Version+1); err != nil {
		t.Error(err)
	}
	if _, err := scopes.Get(ctx, bearing(scope.ReadScopes), "read:fresh"); !domain.HasCode(err, domain.CodeNotFound) {
		t.Errorf("deleted: %v", err)
	}
	reader := bearing(scope.ReadScopes)
	_, create := scopes.Create(ctx, reader, "read:other", "")
	_, describe := scopes.Describe(ctx, reader, "read:users", &text, 0)
	_, get := scopes.Get(ctx, writer, "read:users")
	_, list := scopes.List(ctx, writer, domain.Page{Limit: 1})
	for i, err := range []error{create, describe, scopes.Delete(ctx, reader, "read:users", 0), get, list} {
		if !domain.HasCode(err, domain.CodeInsufficientScope) {
			t.Errorf("refusal %d: %v", i, err)
		}
	}
	if got, err := scopes.List(ctx, reader, domain.Page{Limit: 1}); err != nil || len(got.Items) != 1 || got.Next != "more" {
		t.Errorf("listed %+v, %v", got, err)
	}
}

// TestDescriptionsAreJudgedFirst: before it is told that there is nothing to
// describe, and together with the name.
func TestDescriptionsAreJudgedFirst(t *testing.T) {
	roles, scopes := newStore().services()
	long := strings.Repeat("x", 1001)
	boss, nobody := superuser(scope.AdminSystem), bearing()
	for name, do := range map[string]func(inbound.Caller) error{
		"role": func(c inbound.Caller) error { _, err := roles.Describe(t.Context(), c, "nobody", &long, 7); return err },
		"scope": func(c inbound.Caller) error {
			_, err := scopes.Describe(t.Context(), c, "read:nothing", &long, 7)
			return err
		},
	} {
		if err := do(boss); !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Errorf("%s: %v", name, err)
		}
		if err := do(nobody); !domain.HasCode(err, domain.CodeInsufficientScope) {
			t.Errorf("%s, without the permission: %v", name, err)
		}
	}
	_, badRole := roles.Create(t.Context(), boss, "X", long)
	_, badScope := scopes.Create(t.Context(), boss, "X", long)
	for _, err := range []error{badRole, badScope} {
		if fields := domain.AsError(err).Fields; len(fields) != 2 || fields[0].Name != "name" || fields[1].Name != "description" {
			t.Errorf("%v names %v", err, fields)
		}
	}
}
