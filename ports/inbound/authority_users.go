package inbound

import (
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
)

// RulesAll tells whether the caller is a superuser whose token may do all that
// superusers may, of resources nobody named yet too. A token that was derived, or
// that somebody acts with, does what its scopes say and no more: else it would go
// beyond the clients that it came through.
func (c Caller) RulesAll() bool {
	return c.Principal.IsSuperuser && c.Scopes.Has(scope.AdminSystem) && c.Claims.Direct()
}

// MayChangeUser refuses to change a user who holds more than the caller.
func (c Caller) MayChangeUser(p token.Principal) error {
	if p.IsSuperuser && !c.RulesAll() {
		return domain.Forbidden("nobody changes what holds more than they do")
	}
	return c.MayChange(overOthers(p.Scopes))
}

// MayAssign refuses to give a role with a scope that the caller does not hold.
func (c Caller) MayAssign(r *role.Role) error { return c.MayGrant(overOthers(r.Scopes())...) }

// overOthers leaves out what every account has over itself: a service client
// that keeps accounts has no profile of its own, and holds no more for lack of
// one.
func overOthers(scopes scope.Set) scope.Set {
	everyones := role.BuiltinScopes(role.User)
	var out scope.Set
	for _, name := range scopes {
		if !everyones.Has(name) {
			out = append(out, name)
		}
	}
	return out
}
