package bootstrap

import (
	"sync/atomic"
	"time"

	"github.com/keystone-auth/keystone/application/operations"
	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
)

// live is the configuration in force and the policies that follow from it, all
// swapped as one; reading costs an atomic load.
type live struct {
	started *config.Config // what the process was started with
	current atomic.Pointer[inForce]
}

var _ operations.Configuration = (*live)(nil)

type inForce struct {
	config *config.Config
	tokens tokens.Policy
	users  users.Policy
}

func newLive(cfg *config.Config) *live {
	l := &live{started: cfg}
	l.use(cfg)
	return l
}

// use puts a configuration in force.
func (l *live) use(cfg *config.Config) {
	l.current.Store(&inForce{config: cfg, tokens: tokenPolicy(cfg), users: userPolicy(cfg)})
}

// limit gives a rate limit in force.
func (l *live) limit(name domain.LimitName) domain.Limit { return l.current.Load().config.Limits[name] }

// Values gives the settings that can be changed at run time.
func (l *live) Values(overrides map[string]string) (map[string]string, error) {
	cfg, err := l.started.With(overrides)
	if err != nil {
		return nil, err
	}
	return cfg.Changeable(), nil
}

// Use puts settings in force.
func (l *live) Use(overrides map[string]string) error {
	cfg, err := l.started.With(overrides)
	if err != nil {
		return err
	}
	l.use(cfg)
	return nil
}

// retention is how long events are kept.
func (l *live) retention() time.Duration { return l.current.Load().config.Audit.Retention }

type tokenPolicies struct{ *live }

// Current gives the policy in force.
func (l tokenPolicies) Current() tokens.Policy { return l.current.Load().tokens }

type userPolicies struct{ *live }

// Current gives the policy in force.
func (l userPolicies) Current() users.Policy { return l.current.Load().users }
