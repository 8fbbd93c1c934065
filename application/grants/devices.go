package grants

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
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
	// What letting the device in rests on: it is void once one of them is gone.
	SessionID  string    `json:"session_id"`
	PasswordAt time.Time `json:"password_at"` // when the password that was shown was set
}

// Devices hands codes out and has people decide about them.
type Devices struct {
	clock      outbound.Clock
	random     outbound.Random
	master     outbound.MasterKey
	clients    tokens.ClientAuthenticator
	principals *tokens.Principals
	prover     Prover
	policy     users.Policies
	uow        outbound.UnitOfWork
}

// Prover has a user who is logged in show the password again, within the
// account's budget of failures. Wrong: CodeWrongPassword; too often:
// CodeAccountLocked.
type Prover interface {
	ProvePassword(ctx context.Context, id domain.ID, password domain.Secret) (users.Proven, error)
}

var _ inbound.Devices = (*Devices)(nil)

// NewDevices makes the service.
func NewDevices(clock outbound.Clock, random outbound.Random, master outbound.MasterKey, clients tokens.ClientAuthenticator,
	principals *tokens.Principals, prover Prover, policy users.Policies, uow outbound.UnitOfWork) *Devices {
	return &Devices{clock: clock, random: random, master: master, clients: clients, principals: principals, prover: prover, policy: policy, uow: uow}
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
	now, code, userCode := d.clock.Now(), token.NewOpaque(token.DevicePrefix, d.random.Entropy()), d.userCode()
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

func saveDevice(ctx context.Context, r outbound.Repositories, ticket *token.Ticket, state deviceState) error {
	data, err := json.Marshal(state)
	if err != nil {
		return domain.Internal(err)
	}
	s := ticket.Snapshot()
	s.Data = string(data)
	return r.Tickets.Save(ctx, token.RehydrateTicket(s))
}
