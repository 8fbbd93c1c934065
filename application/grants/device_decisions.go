package grants

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// The decisions.
const (
	deviceApproved = "approved"
	deviceDenied   = "denied"
)

// The events of a decision: by the user, about the client.
const (
	eventDeviceApproved domain.EventType = "device.approved"
	eventDeviceDenied   domain.EventType = "device.denied"
)

// found works on both tickets of a code that is waiting.
type found func(ctx context.Context, r outbound.Repositories, byUser, device *token.Ticket, state deviceState) error

// Device implements the port.
func (d *Devices) Device(ctx context.Context, caller inbound.Caller, userCode string) (inbound.WaitingDevice, error) {
	var waiting inbound.WaitingDevice
	err := d.find(ctx, caller, userCode, func(_ context.Context, _ outbound.Repositories, _, ticket *token.Ticket, state deviceState) error {
		asked, err := scope.ParseSet(state.Scope)
		waiting = inbound.WaitingDevice{ClientID: state.ClientID, Scope: asked, Origin: state.Origin, AskedAt: state.AskedAt, ExpiresAt: ticket.Snapshot().ExpiresAt}
		return err
	})
	if err != nil {
		return inbound.WaitingDevice{}, err
	}
	c, err := d.principals.Client(ctx, waiting.ClientID)
	if err != nil || !c.IsActive() {
		return inbound.WaitingDevice{}, noDevice(err)
	}
	waiting.ClientName = c.Snapshot().Name
	return waiting, nil
}

// Approve implements the port. A code under which nothing waits spends no
// attempt at the password.
func (d *Devices) Approve(ctx context.Context, caller inbound.Caller, userCode string, password domain.Secret) error {
	if err := d.find(ctx, caller, userCode, func(context.Context, outbound.Repositories, *token.Ticket, *token.Ticket, deviceState) error {
		return nil
	}); err != nil {
		return err
	}
	if password.Empty() {
		return domain.InvalidFields(domain.Field{Name: "current_password", Code: "required", Message: "must be given to let a device in"})
	}
	id, err := domain.ParseID(caller.Claims.Subject)
	if err != nil {
		return domain.Internal(err)
	}
	proven, err := d.prover.ProvePassword(ctx, id, password)
	if err != nil {
		return err
	}
	return d.find(ctx, caller, userCode, func(ctx context.Context, r outbound.Repositories, byUser, ticket *token.Ticket, state deviceState) error {
		u, err := proven.Get(ctx, r)
		if err != nil {
			return err
		}
		agreed := caller.Scopes
		if state.Scope != "" {
			asked, err := scope.ParseSet(state.Scope)
			if err != nil {
				return err
			}
			agreed = asked.Limit(agreed)
		}
		state.Decision, state.Scope, state.UserID = deviceApproved, agreed.String(), caller.Principal.ID
		state.SessionID, state.PasswordAt = caller.Claims.SessionID, u.Snapshot().PasswordChangedAt
		return d.decide(ctx, r, caller, byUser, ticket, state, eventDeviceApproved)
	})
}

// Deny implements the port.
func (d *Devices) Deny(ctx context.Context, caller inbound.Caller, userCode string) error {
	return d.find(ctx, caller, userCode, func(ctx context.Context, r outbound.Repositories, byUser, ticket *token.Ticket, state deviceState) error {
		state.Decision = deviceDenied
		return d.decide(ctx, r, caller, byUser, ticket, state, eventDeviceDenied)
	})
}

// decide keeps a decision; the user code has led to the device for the last time.
func (d *Devices) decide(ctx context.Context, r outbound.Repositories, caller inbound.Caller, byUser, ticket *token.Ticket, state deviceState, as domain.EventType) error {
	if err := r.Tickets.Delete(ctx, byUser); err != nil {
		return err
	}
	if err := saveDevice(ctx, r, ticket, state); err != nil {
		return err
	}
	return r.Events.Append(ctx, domain.Event{
		Type: as, Outcome: domain.Succeeded, Actor: caller.Party(),
		Subject: domain.Party{Kind: domain.PartyClient, ID: state.ClientID}, OccurredAt: d.clock.Now(),
	})
}

// find gives both tickets of a code that is waiting to who may decide about it.
// A device is let in for longer than a token lasts, so nobody does it who only
// acts for the user, nor with a login through another client, which would so
// come to live on past its end.
func (d *Devices) find(ctx context.Context, caller inbound.Caller, typed string, then found) error {
	switch {
	case !caller.Claims.IsUser():
		return inbound.UsersOnly()
	case len(caller.Claims.Actors)+len(caller.Claims.Sources) > 0 || caller.Claims.ClientID != client.FirstParty:
		return domain.Forbidden("only the user decides about devices, logged in through the built-in client")
	}
	code, ok := normalUserCode(typed)
	if !ok {
		return noDevice(nil)
	}
	holder, err := d.holder(userCodePurpose, code)
	if err != nil {
		return err
	}
	err = d.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		byUser, err := r.Tickets.Get(ctx, userCodePurpose, holder)
		if err != nil {
			return err
		}
		device, err := r.Tickets.Get(ctx, devicePurpose, byUser.Snapshot().Data)
		if err != nil {
			return err
		}
		var state deviceState
		if err := json.Unmarshal([]byte(device.Snapshot().Data), &state); err != nil {
			return domain.Internal(err)
		}
		if !device.Alive(d.clock.Now()) || state.Decision != "" {
			return noDevice(nil)
		}
		return then(ctx, r, byUser, device, state)
	})
	if domain.HasCode(err, domain.CodeNotFound) {
		return noDevice(nil)
	}
	return err
}

// normalUserCode reads what a person typed: case, spaces and dashes don't count.
func normalUserCode(typed string) (string, bool) {
	code := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(typed))
	if len(code) != userLength || strings.Trim(code, userLetters) != "" {
		return "", false
	}
	return code, true
}

func noDevice(err error) error {
	if err != nil && domain.AsError(err).Kind != domain.KindNotFound {
		return err
	}
	return domain.NotFound("no device waits under this code")
}
