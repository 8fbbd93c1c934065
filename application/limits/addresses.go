package limits

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// Addresses limits the codes that are texted for one user (sms_user) and to one
// number, whoever asks (sms_number). Each costs money, and each is a new chance
// to guess.
func (g *Guard) Addresses(inner inbound.OwnAddresses) inbound.OwnAddresses {
	return addresses{inner, g}
}

type addresses struct {
	inbound.OwnAddresses
	guard *Guard
}

func (a addresses) RequestPhone(ctx context.Context, caller inbound.Caller, typed string) error {
	phone, bad := user.ParsePhone(typed)
	if len(bad) > 0 || !caller.Claims.IsUser() {
		return a.OwnAddresses.RequestPhone(ctx, caller, typed) // is refused there, and costs nothing
	}
	if err := a.guard.Count(ctx, domain.LimitSMSUser, caller.Claims.Subject); err != nil {
		return err
	}
	if err := a.guard.CountHidden(ctx, domain.LimitSMSNumber, string(phone)); err != nil {
		return err
	}
	return a.OwnAddresses.RequestPhone(ctx, caller, typed)
}
