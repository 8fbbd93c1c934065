package grants

import (
	"context"
	"encoding/json"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// DeviceCode gives a device its tokens once a person has let it in (RFC 8628,
// section 3.4).
type DeviceCode struct{ devices *Devices }

// NewDeviceCode makes the grant over the service that hands out the codes.
func NewDeviceCode(devices *Devices) *DeviceCode { return &DeviceCode{devices: devices} }

// Name is the registered grant type.
func (*DeviceCode) Name() string { return deviceGrant }

// Rules demand the code; a public client has nothing else.
func (*DeviceCode) Rules() Rules { return Rules{Required: []string{"device_code"}} }

// Prove tells whether the device was let in. That it asked is kept, so that one
// that asks too often is told to slow down.
func (g *DeviceCode) Prove(ctx context.Context, r Request) (Proof, error) {
	presented := r.Params["device_code"]
	if !token.WellFormed(token.DevicePrefix, presented) {
		return Proof{}, deadCode()
	}
	holder, err := g.devices.holder(devicePurpose, presented)
	if err != nil {
		return Proof{}, err
	}
	var ticket *token.Ticket
	var state deviceState
	err = g.devices.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		if ticket, err = repos.Tickets.Get(ctx, devicePurpose, holder); err != nil {
			return err
		}
		state = deviceState{}
		if err := json.Unmarshal([]byte(ticket.Snapshot().Data), &state); err != nil {
			return domain.Internal(err)
		}
		if state.ClientID != r.Client.ClientID() {
			return deadCode() // a stranger can't slow it down either
		}
		return g.poll(ctx, repos, ticket, state)
	})
	if err != nil {
		return Proof{}, orDeadCode(err)
	}
	subject, err := g.devices.principals.User(ctx, state.UserID)
	if err != nil {
		return Proof{}, orGone(err)
	}
	agreed, err := scope.ParseSet(state.Scope)
	if err != nil {
		return Proof{}, domain.Internal(err)
	}
	if !subject.Active {
		return Proof{}, deadCode()
	}
	if agreed == nil {
		agreed = scope.Set{} // nothing, rather than no limit
	}
	return Proof{Subject: &subject, Granted: agreed, Spend: func(ctx context.Context, repos outbound.Repositories) error {
		return g.spend(ctx, repos, ticket, state)
	}}, nil
}

// spend takes the code, of many who poll with it for one, if what the device
// was let in upon still stands: the login it was done from, the password that
// was shown, and all that a login is held to.
func (g *DeviceCode) spend(ctx context.Context, repos outbound.Repositories, ticket *token.Ticket, state deviceState) error {
	sessionID, err := domain.ParseID(state.SessionID)
	if err != nil {
		return domain.Internal(err)
	}
	userID, err := domain.ParseID(state.UserID)
	if err != nil {
		return domain.Internal(err)
	}
	if err := repos.Tickets.Delete(ctx, ticket); err != nil {
		return orDeadCode(err)
	}
	// The user before the session, as everyone who ends all of a user's does.
	u, err := repos.Users.Get(ctx, userID)
	if err != nil {
		return orDeadCode(err)
	}
	session, err := repos.Sessions.Get(ctx, sessionID)
	if err != nil {
		return orDeadCode(err)
	}
	now := g.devices.clock.Now()
	if !session.Alive(now) || !u.Snapshot().PasswordChangedAt.Equal(state.PasswordAt) {
		return deadCode()
	}
	return u.Admit(g.devices.policy.Current().Admission, now)
}

// poll judges a device's state and notes the poll; nil where it was let in.
func (g *DeviceCode) poll(ctx context.Context, repos outbound.Repositories, ticket *token.Ticket, state deviceState) error {
	now := g.devices.clock.Now()
	switch {
	case state.Decision == deviceDenied:
		return domain.Invalid(domain.CodeAccessDenied, "the user did not let the device in")
	case !ticket.Alive(now):
		return domain.Invalid(domain.CodeExpiredToken, "the device code has expired")
	case state.Decision == deviceApproved:
		return nil
	}
	refusal := domain.Invalid(domain.CodeAuthorizationPending, "the user has not decided yet")
	if now.Sub(state.PolledAt) < state.Interval {
		state.Interval += pollMore
		refusal = domain.Invalid(domain.CodeSlowDown, "asked too often: wait 5 seconds more between requests")
		refusal.RetryAfter = state.Interval.Truncate(time.Second)
	}
	state.PolledAt = now
	if err := saveDevice(ctx, repos, ticket, state); err != nil {
		return err
	}
	return domain.Refuse(refusal)
}

func deadCode() error { return refuse("the device code is not valid") }

func orDeadCode(err error) error {
	if domain.HasCode(err, domain.CodeNotFound) {
		return deadCode()
	}
	return err
}
