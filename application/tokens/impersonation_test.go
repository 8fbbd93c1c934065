package tokens

import (
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

func TestMayImpersonate(t *testing.T) {
	own := scope.NewSet(scope.ReadProfile, scope.WriteProfile)
	for name, tc := range map[string]struct {
		held, of  []scope.Name
		kind      domain.PartyKind
		superuser bool
		may       bool
	}{
		"a plain user":                       {[]scope.Name{"impersonate:users"}, own, domain.PartyUser, false, true},
		"a plain user, as administrator":     {[]scope.Name{scope.AdminUsers}, own, domain.PartyUser, false, true},
		"a plain user, without the scope":    {own, own, domain.PartyUser, false, false},
		"a user who holds more":              {[]scope.Name{"impersonate:users"}, []scope.Name{scope.ReadAudit}, domain.PartyUser, false, false},
		"a user who holds as much":           {[]scope.Name{"impersonate:users", scope.ReadAudit}, []scope.Name{scope.ReadAudit}, domain.PartyUser, false, true},
		"a superuser":                        {[]scope.Name{scope.AdminUsers, scope.AdminSystem}, own, domain.PartyUser, true, false},
		"a client that holds nothing":        {[]scope.Name{"impersonate:clients"}, nil, domain.PartyClient, false, true},
		"a client, with the scope for users": {[]scope.Name{"impersonate:users"}, nil, domain.PartyClient, false, false},
		"a client that holds more":           {[]scope.Name{"impersonate:clients"}, own, domain.PartyClient, false, false},
	} {
		by := given.Client(func(s *client.Snapshot) { s.Scopes = scope.NewSet(tc.held...) })
		err := MayImpersonate(by, token.Principal{Kind: tc.kind, IsSuperuser: tc.superuser, Scopes: scope.NewSet(tc.of...)})
		if (err == nil) != tc.may || err != nil && domain.AsError(err).Kind != domain.KindForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}
