package limits

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// Devices limits the guesses at user codes: those of a user as logins are
// (login_user), and those of an address that find nothing (login_ip); a device
// let in is a login. Requests for codes of an address count with its bad
// credentials (token_ip), as anybody can name a public client.
func (g *Guard) Devices(inner inbound.Devices) inbound.Devices { return devices{inner, g} }

type devices struct {
	inner inbound.Devices
	guard *Guard
}

func (d devices) Authorize(ctx context.Context, r inbound.DeviceRequest) (inbound.DeviceCodes, error) {
	return failures(ctx, d.guard, domain.LimitTokenIP, func() (inbound.DeviceCodes, bool, error) {
		codes, err := d.inner.Authorize(ctx, r)
		return codes, domain.HasCode(err, domain.CodeInvalidClient) || err == nil && !r.Client.Proving(), err
	})
}

func (d devices) Device(ctx context.Context, caller inbound.Caller, userCode string) (inbound.WaitingDevice, error) {
	var waiting inbound.WaitingDevice
	err := d.guess(ctx, caller, func() (err error) {
		waiting, err = d.inner.Device(ctx, caller, userCode)
		return err
	})
	return waiting, err
}

func (d devices) Approve(ctx context.Context, caller inbound.Caller, userCode string, password domain.Secret) error {
	return d.guess(ctx, caller, func() error { return d.inner.Approve(ctx, caller, userCode, password) })
}

func (d devices) Deny(ctx context.Context, caller inbound.Caller, userCode string) error {
	return d.guess(ctx, caller, func() error { return d.inner.Deny(ctx, caller, userCode) })
}

func (d devices) guess(ctx context.Context, caller inbound.Caller, try func() error) (err error) {
	settle, err := d.guard.reserveInTurn(ctx, domain.LimitLoginIP, site(ctx))
	if err != nil {
		return err
	}
	defer func() { settle(domain.HasCode(err, domain.CodeNotFound)) }()
	giveBack, err := d.guard.reserve(ctx, domain.LimitLoginUser, "device/"+caller.Claims.Subject)
	if err != nil {
		return err
	}
	if err = try(); !domain.HasCode(err, domain.CodeNotFound) {
		giveBack()
	}
	return err
}
