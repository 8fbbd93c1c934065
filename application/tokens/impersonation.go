package tokens

import (
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// MayImpersonate refuses a client that may not appear as the subject. It needs
// impersonate:users (or :clients), which nobody gives who does not hold it, and
// all that whoever changes the subject needs (contract, section 4): to act as
// someone is to change their account. No client impersonates a superuser.
// Refused: KindForbidden.
func MayImpersonate(c *client.ServiceClient, subject token.Principal) error {
	by := inbound.Caller{Principal: OfClient(c), Scopes: c.Scopes()}
	if err := by.Needs(scope.Of("impersonate", string(subject.Kind)+"s")); err != nil {
		return err
	}
	if subject.Kind == domain.PartyUser {
		return by.MayChangeUser(subject)
	}
	return by.MayChange(subject.Scopes)
}
