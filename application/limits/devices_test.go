package limits

import (
	"context"
	"errors"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// deviceDesk knows one user code and one password, and counts who came through.
type deviceDesk struct {
	inbound.Devices
	through int
	err     error // of those who ask for codes
}

const (
	goodCode  = "BCDF-GHJK"
	wrongCode = "ZZZZ-ZZZZ"
)

func (d *deviceDesk) Authorize(context.Context, inbound.DeviceRequest) (inbound.DeviceCodes, error) {
	d.through++
	return inbound.DeviceCodes{User: goodCode}, d.err
}

func (d *deviceDesk) Device(_ context.Context, _ inbound.Caller, userCode string) (inbound.WaitingDevice, error) {
	return inbound.WaitingDevice{ClientID: "tv"}, d.find(userCode)
}

func (d *deviceDesk) Approve(_ context.Context, _ inbound.Caller, userCode string, password domain.Secret) error {
	if err := d.find(userCode); err != nil {
		return err
	}
	if password.Reveal() != "right" {
		return domain.E(domain.KindForbidden, domain.CodeWrongPassword, "wrong")
	}
	return nil
}

func (d *deviceDesk) Deny(_ context.Context, _ inbound.Caller, userCode string) error {
	return d.find(userCode)
}

func (d *deviceDesk) find(userCode string) error {
	d.through++
	if userCode != goodCode {
		return domain.NotFound("device")
	}
	return nil
}

// decisions are the three ways to try a user code.
func decisions(limited inbound.Devices) []func(context.Context, inbound.Caller, string) error {
	return []func(context.Context, inbound.Caller, string) error{
		func(ctx context.Context, caller inbound.Caller, code string) error {
			_, err := limited.Device(ctx, caller, code)
			return err
		},
		func(ctx context.Context, caller inbound.Caller, code string) error {
			return limited.Approve(ctx, caller, code, domain.NewSecret("right"))
		},
		limited.Deny,
	}
}

func TestGuessesAtUserCodesAreLimitedByUser(t *testing.T) {
	desk := &deviceDesk{}
	limited := guardOf(map[domain.LimitName]int{domain.LimitLoginUser: 3, domain.LimitLoginIP: 100}).Devices(desk)
	tries := decisions(limited)
	for i, try := range tries { // all three count together
		if err := try(t.Context(), person("alice"), wrongCode); !domain.HasCode(err, domain.CodeNotFound) {
			t.Errorf("guess %d: %v", i+1, err)
		}
	}
	for _, try := range tries { // what is right is not told either
		wantReached(t, try(t.Context(), person("alice"), goodCode), domain.LimitLoginUser)
	}
	if err := limited.Deny(t.Context(), person("bob"), goodCode); err != nil || desk.through != 4 {
		t.Errorf("another user: %v, %d came through", err, desk.through)
	}
}

// However many accounts guess from one address.
func TestGuessesAtUserCodesAreLimitedByAddress(t *testing.T) {
	desk := &deviceDesk{}
	limited := guardOf(map[domain.LimitName]int{domain.LimitLoginUser: 100, domain.LimitLoginIP: 3}).Devices(desk)
	here := domain.WithOrigin(t.Context(), domain.Origin{Address: "192.0.2.1"})
	for i, who := range []string{"a", "b", "c"} {
		if err := limited.Deny(here, person(who), wrongCode); !domain.HasCode(err, domain.CodeNotFound) {
			t.Errorf("guess %d: %v", i+1, err)
		}
	}
	wantReached(t, limited.Deny(here, person("d"), goodCode), domain.LimitLoginIP)
	elsewhere := domain.WithOrigin(t.Context(), domain.Origin{Address: "192.0.2.2"})
	if err := limited.Deny(elsewhere, person("d"), goodCode); err != nil || desk.through != 4 {
		t.Errorf("another address: %v, %d came through", err, desk.through)
	}
}

// A code that was found is no guess, whatever becomes of it.
func TestUserCodesThatAreFoundCountNothing(t *testing.T) {
	desk := &deviceDesk{}
	limited := guardOf(map[domain.LimitName]int{domain.LimitLoginUser: 1, domain.LimitLoginIP: 1}).Devices(desk)
	for range 3 {
		for i, try := range decisions(limited) {
			if err := try(t.Context(), person("alice"), goodCode); err != nil {
				t.Errorf("way %d: %v", i, err)
			}
		}
		if err := limited.Approve(t.Context(), person("alice"), goodCode, domain.NewSecret("wrong")); !domain.HasCode(err, domain.CodeWrongPassword) {
			t.Errorf("a wrong password: %v", err)
		}
	}
}

func TestRequestsForDeviceCodesAreLimited(t *testing.T) {
	public, proving := inbound.ClientCredentials{Method: inbound.AuthNone, ID: "tv"}, inbound.ClientCredentials{Method: inbound.AuthBasic, ID: "app"}
	for name, c := range map[string]struct {
		by      inbound.ClientCredentials
		err     error
		limited bool
	}{
		"by who proves nothing":    {by: public, limited: true},
		"by who proves itself":     {by: proving},
		"with bad credentials":     {by: proving, err: domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "no"), limited: true},
		"that are refused for all": {by: public, err: domain.Invalid(domain.CodeInvalidScope, "no")},
	} {
		t.Run(name, func(t *testing.T) {
			desk := &deviceDesk{err: c.err}
			limited := guardOf(map[domain.LimitName]int{domain.LimitTokenIP: 2}).Devices(desk)
			for i := range 5 {
				codes, err := limited.Authorize(t.Context(), inbound.DeviceRequest{Client: c.by})
				switch {
				case c.limited && i >= 2:
					wantReached(t, err, domain.LimitTokenIP)
					if codes != (inbound.DeviceCodes{}) {
						t.Errorf("request %d gives codes", i+1)
					}
				case !errors.Is(err, c.err):
					t.Errorf("request %d: %v", i+1, err)
				}
			}
		})
	}
}
