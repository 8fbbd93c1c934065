package bootstrap

import (
	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/bootstrap/config"
)

// builtinGrants is where a grant is registered: one line each.
func builtinGrants(cfg *config.Config, p parts) []grants.Grant {
	list := []grants.Grant{
		grants.ClientCredentials{},
		grants.NewRefreshToken(p.policy, p.out.Clock, p.out.Random, p.out.MasterKey, p.work, p.out.Spender, p.out.Refresh, p.principals, p.sessions),
	}
	if !cfg.Accounts.PasswordGrantDisabled {
		list = append(list, grants.NewPassword(p.guard.Logins(p.credentials), p.principals))
	}
	return list
}

// extraGrants are those that WithGrant registers.
type extraGrants []grants.Grant
