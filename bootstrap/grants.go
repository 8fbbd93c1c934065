package bootstrap

import (
	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/bootstrap/config"
)

// grantList is where a grant is registered: one line each. Without parts it
// serves to know names and rules.
func grantList(cfg *config.Config, p parts, more additions) []grants.Grant {
	list := []grants.Grant{
		grants.ClientCredentials{},
		grants.NewTokenExchange(p.out.Clock, p.validator, p.work, p.denials),
		grants.NewJWTBearer(p.out.Clock, p.assertions, p.principals, userPolicies{p.live}, p.denials),
		grants.NewDeviceCode(p.devices),
		grants.NewRefreshToken(p.policy, p.out.Clock, p.out.Random, p.out.MasterKey, p.work, p.out.Spender, p.out.Refresh, p.principals, p.sessions),
	}
	if !cfg.Accounts.PasswordGrantDisabled {
		list = append(list, grants.NewPassword(p.guard.Logins(p.credentials), p.principals))
	}
	for _, construct := range more.grants {
		list = append(list, construct(p.kit()))
	}
	return list
}
