package inbound

import (
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// Who may change whom (contract, section 4): nobody grants what they do not
// hold, and nobody changes a holder of more than they hold. What counts is what
// the caller's token may do now, not what its user could do with another.

// Needs refuses a caller without the permission, by name.
func (c Caller) Needs(permission scope.Name) error {
	if !c.Can(permission) {
		return InsufficientScope(permission)
	}
	return nil
}

// MayGrant refuses to hand on a scope that the caller does not hold.
func (c Caller) MayGrant(names ...scope.Name) error {
	if !c.holds(names) {
		return domain.Forbidden("nobody grants a scope that they do not hold")
	}
	return nil
}

// MayChange refuses to change what holds these scopes where they go beyond the
// caller's: a role, a client, or a user with all of its roles.
func (c Caller) MayChange(held scope.Set) error {
	if !c.holds(held) {
		return domain.Forbidden("nobody changes what holds more than they do")
	}
	return nil
}

func (c Caller) holds(names []scope.Name) bool {
	for _, name := range names {
		if !c.Can(name) {
			return false
		}
	}
	return true
}
