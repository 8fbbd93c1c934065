package grants

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// deviceGrant is the grant that a client needs to ask for codes.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// Two tickets make one authorization: the device's, which holds its state, and
// the code's, which leads to it until somebody decided.
const (
	devicePurpose   = "device"
	userCodePurpose = "device-user-code"
	deviceLife      = 10 * time.Minute
	devicePrefix    = "ksd_"
)

// Polls are this far apart, and further after each that came too soon (RFC
// 8628, section 3.5).
const (
	pollEvery = 5 * time.Second
	pollMore  = 5 * time.Second
)

// The user code is of letters that make no words and are not taken for others
// (section 6.1): 20^8 codes, of which few are waiting and not many may be tried.
const (
	userLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userLength  = 8
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

// deviceState is what a device's ticket holds.
type deviceState struct {
	ClientID string        `json:"client_id"`
	Scope    string        `json:"scope"` // asked for; once approved, what was agreed to
	Origin   domain.Origin `json:"origin"`
	AskedAt  time.Time     `json:"asked_at"`
	Interval time.Duration `json:"interval"`
	PolledAt time.Time     `json:"polled_at"`
	Decision string        `json:"decision"`
	UserID   string        `json:"user_id"`
}

// Devices hands codes out and has people decide about them.
type Devices struct {
	clock      outbound.Clock
	random     outbound.Random
	master     outbound.MasterKey
	clients    tokens.ClientAuthenticator
	principals *tokens.Principals
	uow        outbound.UnitOfWork
}

var _ inbound.Devices = (*Devices)(nil)

// NewDevices makes the service.
func NewDevices(clock outbound.Clock, random outbound.Random, master outbound.MasterKey, clients tokens.ClientAuthenticator,
	principals *tokens.Principals, uow outbound.UnitOfWork) *Devices {
	return &Devices{clock: clock, random: random, master: master, clients: clients, principals: principals, uow: uow}
}

// Authorize implements the port.
func (d *Devices) Authorize(ctx context.Context, r inbound.DeviceRequest) (inbound.DeviceCodes, error) {
	c, err := d.clients.Authenticate(ctx, r.Client)
	if err != nil {
		return inbound.DeviceCodes{}, err
	}
	if !c.MayUse(deviceGrant) {
		return inbound.DeviceCodes{}, domain.Invalid(domain.CodeUnauthorizedClient, "the client is not registered for this grant type")
	}
	asked, err := parseAsked(r.Scope)
	if err != nil {
		return inbound.DeviceCodes{}, err
	}
	if len(c.Ceiling(asked)) != len(asked) {
		return inbound.DeviceCodes{}, invalidScope()
	}
	now, code, userCode := d.clock.Now(), token.NewOpaque(devicePrefix, d.random.Entropy()), d.userCode()
	device, err := d.holder(devicePurpose, code.Reveal())
	if err != nil {
		return inbound.DeviceCodes{}, err
	}
	byUser, err := d.holder(userCodePurpose, userCode)
	if err != nil {
		return inbound.DeviceCodes{}, err
	}
	state, err := json.Marshal(deviceState{ClientID: c.ClientID(), Scope: asked.String(), Origin: domain.OriginFrom(ctx), AskedAt: now, Interval: pollEvery})
	if err != nil {
		return inbound.DeviceCodes{}, domain.Internal(err)
	}
	ticket := func(purpose, holder, data string) *token.Ticket {
		return token.NewTicket(token.TicketSnapshot{Purpose: purpose, Holder: holder, ID: d.random.NewID(now), Data: data, ExpiresAt: now.Add(deviceLife)})
	}
	err = d.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		if err := r.Tickets.Add(ctx, ticket(userCodePurpose, byUser, device)); err != nil {
			return err
		}
		return r.Tickets.Add(ctx, ticket(devicePurpose, device, string(state)))
	})
	if domain.HasCode(err, domain.CodeConflict) { // somebody waits under the very code: once in 20^8
		err = domain.Unavailable(err, time.Second)
	}
	return inbound.DeviceCodes{Device: code, User: userCode[:userLength/2] + "-" + userCode[userLength/2:], ExpiresIn: deviceLife, Interval: pollEvery}, err
}

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

// Decide implements the port.
func (d *Devices) Decide(ctx context.Context, caller inbound.Caller, userCode string, approve bool) error {
	return d.find(ctx, caller, userCode, func(ctx context.Context, r outbound.Repositories, byUser, ticket *token.Ticket, state deviceState) error {
		decided := domain.Event{
			Type: eventDeviceDenied, Outcome: domain.Succeeded, Actor: caller.Party(),
			Subject: domain.Party{Kind: domain.PartyClient, ID: state.ClientID}, OccurredAt: d.clock.Now(),
		}
		state.Decision = deviceDenied
		if approve {
			agreed := caller.Scopes
			if state.Scope != "" {
				asked, err := scope.ParseSet(state.Scope)
				if err != nil {
					return err
				}
				agreed = asked.Limit(agreed)
			}
			decided.Type, state.Decision, state.UserID, state.Scope = eventDeviceApproved, deviceApproved, caller.Principal.ID, agreed.String()
		}
		if err := r.Tickets.Delete(ctx, byUser); err != nil {
			return err
		}
		if err := saveDevice(ctx, r, ticket, state); err != nil {
			return err
		}
		return r.Events.Append(ctx, decided)
	})
}

// find gives both tickets of a code that is waiting to who may decide about it.
// A device is let in for longer than a token lasts, so nobody does it who only
// acts for the user.
func (d *Devices) find(ctx context.Context, caller inbound.Caller, typed string,
	then func(ctx context.Context, r outbound.Repositories, byUser, device *token.Ticket, state deviceState) error) error {
	switch {
	case !caller.Claims.IsUser():
		return inbound.UsersOnly()
	case len(caller.Claims.Actors)+len(caller.Claims.Sources) > 0:
		return domain.Forbidden("only the user decides about devices")
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

// holder is the keyed hash under which a code is kept. Those that wait while
// the master key is changed have to be asked for again.
func (d *Devices) holder(purpose, code string) (string, error) {
	sum, err := d.master.Derive(d.master.ID(), purpose, []byte(code))
	return base64.RawURLEncoding.EncodeToString(sum[:]), err
}

// userCode draws a code, each letter alike: bytes that would favour some are
// left out.
func (d *Devices) userCode() string {
	var code strings.Builder
	for {
		for _, b := range d.random.Entropy() {
			if int(b) < 256-256%len(userLetters) {
				code.WriteByte(userLetters[int(b)%len(userLetters)])
			}
			if code.Len() == userLength {
				return code.String()
			}
		}
	}
}

// normalUserCode reads what a person typed: case, spaces and dashes don't count.
func normalUserCode(typed string) (string, bool) {
	code := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(typed))
	if len(code) != userLength || strings.Trim(code, userLetters) != "" {
		return "", false
	}
	return code, true
}

func saveDevice(ctx context.Context, r outbound.Repositories, ticket *token.Ticket, state deviceState) error {
	data, err := json.Marshal(state)
	if err != nil {
		return domain.Internal(err)
	}
	s := ticket.Snapshot()
	s.Data = string(data)
	return r.Tickets.Save(ctx, token.RehydrateTicket(s))
}

func noDevice(err error) error {
	if err != nil && domain.AsError(err).Kind != domain.KindNotFound {
		return err
	}
	return domain.NotFound("no device waits under this code")
}
