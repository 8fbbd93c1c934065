package bootstrap

import (
	"sync/atomic"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/bootstrap/config"
)

// live is the configuration in force and the policies that follow from it, all
// swapped as one; reading costs an atomic load.
type live struct{ current atomic.Pointer[inForce] }

type inForce struct {
	config *config.Config
	tokens tokens.Policy
	users  users.Policy
}

func newLive(cfg *config.Config) *live {
	l := &live{}
	l.use(cfg)
	return l
}

// use puts a configuration in force.
func (l *live) use(cfg *config.Config) {
	l.current.Store(&inForce{config: cfg, tokens: tokenPolicy(cfg), users: userPolicy(cfg)})
}

type tokenPolicies struct{ *live }

// Current gives the policy in force.
func (l tokenPolicies) Current() tokens.Policy { return l.current.Load().tokens }

type userPolicies struct{ *live }

// Current gives the policy in force.
func (l userPolicies) Current() users.Policy { return l.current.Load().users }
