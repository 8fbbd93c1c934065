package inbound_test

import (
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func TestPartyTellsWhoActs(t *testing.T) {
	app, boss := token.Actor{Subject: "app", ClientID: "app"}, token.Actor{Subject: "boss", ClientID: "app"}
	for name, claims := range map[string]token.AccessClaims{
		"root":                       {ClientID: "keystone"},
		"root (by app)":              {ClientID: "app", Sources: []token.Source{{ID: "1", ClientID: "keystone"}}},
		"root (by app) ":             {ClientID: "app", Actors: []token.Actor{app}},
		"root (by boss through app)": {ClientID: "app", Actors: []token.Actor{boss, app}},
		"root (by app through last)": {ClientID: "last", Actors: []token.Actor{app}},
	} {
		caller := inbound.Caller{Claims: claims, Principal: token.Principal{Kind: domain.PartyUser, ID: "1", Name: "root"}}
		if want := (domain.Party{Kind: domain.PartyUser, ID: "1", Name: strings.TrimSpace(name)}); caller.Party() != want {
			t.Errorf("%+v, want %+v", caller.Party(), want)
		}
	}
}

func TestAuthority(t *testing.T) {
	for name, tc := range map[string]struct {
		superuser bool
		held      scope.Set
		touched   scope.Set
		may       bool
	}{
		"nothing of nobody":               {false, nil, nil, true},
		"what is held":                    {false, scope.NewSet(scope.ReadUsers), scope.NewSet(scope.ReadUsers), true},
		"what administration implies":     {false, scope.NewSet(scope.AdminUsers), scope.NewSet(scope.ReadUsers, scope.DeleteUsers), true},
		"the administration itself":       {false, scope.NewSet(scope.ReadUsers), scope.NewSet(scope.AdminUsers), false},
		"one of two":                      {false, scope.NewSet(scope.ReadUsers), scope.NewSet(scope.ReadAudit, scope.ReadUsers), false},
		"a superuser with the system":     {true, scope.NewSet(scope.AdminSystem), scope.NewSet("any:thing", scope.AdminUsers), true},
		"a superuser with a narrow token": {true, scope.NewSet(scope.ReadUsers), scope.NewSet(scope.ReadAudit), false},
		"the system without being one":    {false, scope.NewSet(scope.AdminSystem), scope.NewSet(scope.ReadAudit), false},
	} {
		caller := inbound.Caller{Principal: token.Principal{IsSuperuser: tc.superuser}, Scopes: tc.held}
		for i, err := range []error{caller.MayGrant(tc.touched...), caller.MayChange(tc.touched)} {
			if (err == nil) != tc.may || err != nil && !domain.HasCode(err, domain.CodeForbidden) {
				t.Errorf("%s, rule %d: %v", name, i, err)
			}
		}
	}
	for _, claims := range []token.AccessClaims{{Actors: []token.Actor{{Subject: "app"}}}, {Sources: []token.Source{{ID: "1"}}}} {
		derived := inbound.Caller{Claims: claims, Principal: token.Principal{IsSuperuser: true}, Scopes: scope.NewSet(scope.AdminSystem)}
		if derived.RulesAll() || derived.Can(scope.ReadAudit) || !derived.Can(scope.AdminSystem) || !domain.HasCode(derived.Themselves(), domain.CodeForbidden) {
			t.Errorf("a superuser's derived token rules all: %+v", claims)
		}
	}
	caller := inbound.Caller{Scopes: scope.NewSet(scope.ReadUsers)}
	if err := caller.Themselves(); err != nil {
		t.Error(err)
	}
	if err := caller.Needs(scope.ReadUsers); err != nil {
		t.Error(err)
	}
	if err := caller.Needs(scope.WriteUsers); domain.AsError(err).Scope != string(scope.WriteUsers) {
		t.Errorf("got %v", err)
	}
}
