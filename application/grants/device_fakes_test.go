package grants

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// ticketWork is the store with tickets and one user in it; what fails is undone.
type ticketWork struct {
	*store
	kept map[string]token.TicketSnapshot
	user user.Snapshot
}

func newTicketWork(u user.Snapshot) *ticketWork {
	return &ticketWork{newStore(), map[string]token.TicketSnapshot{}, u}
}

func (w *ticketWork) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	return w.store.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		r.Tickets, r.Users = keptTickets{w: w}, keptUsers{w: w}
		return work(ctx, r)
	})
}

type keptTickets struct {
	outbound.Tickets
	w *ticketWork
}

func (r keptTickets) Add(ctx context.Context, t *token.Ticket) error {
	if _, taken := r.w.kept[t.Snapshot().Purpose+t.Snapshot().Holder]; taken {
		return domain.Conflict(domain.CodeConflict, "taken")
	}
	return r.Save(ctx, t)
}

func (r keptTickets) Get(_ context.Context, purpose, holder string) (*token.Ticket, error) {
	if s, ok := r.w.kept[purpose+holder]; ok {
		return token.RehydrateTicket(s), nil
	}
	return nil, domain.NotFound("no such ticket")
}

func (r keptTickets) Save(_ context.Context, t *token.Ticket) error {
	r.w.kept[t.Snapshot().Purpose+t.Snapshot().Holder] = t.Snapshot()
	return nil
}

func (r keptTickets) Delete(_ context.Context, t *token.Ticket) error {
	key := t.Snapshot().Purpose + t.Snapshot().Holder
	if _, ok := r.w.kept[key]; !ok {
		return domain.NotFound("no such ticket")
	}
	delete(r.w.kept, key)
	return nil
}

type keptUsers struct {
	outbound.Users
	w *ticketWork
}

func (r keptUsers) Get(context.Context, domain.ID) (*user.User, error) {
	return user.Rehydrate(r.w.user), nil
}

// prover knows one password.
type prover struct{ asked atomic.Int32 }

func (p *prover) ProvePassword(_ context.Context, _ domain.ID, password domain.Secret) (users.Proven, error) {
	p.asked.Add(1)
	if password != hers {
		return users.Proven{}, domain.E(domain.KindForbidden, domain.CodeWrongPassword, "wrong")
	}
	return users.Proven{}, nil // of a password that was set at no time, as the account's was
}

var hers = domain.NewSecret("correct horse battery staple")

// living is a television that is to be let in, and ada who may.
type living struct {
	*Pipeline
	devices *Devices
	work    *ticketWork
	clock   *clock
	codec   *codec
	prover  *prover
	tv      *client.ServiceClient
	ada     inbound.Caller
}

func newLiving(t *testing.T) *living {
	t.Helper()
	l := &living{clock: &clock{now: given.Now}, codec: &codec{}, prover: &prover{}}
	ada := given.User(func(s *user.Snapshot) { s.PasswordChangedAt = time.Time{} }).Snapshot()
	l.work = newTicketWork(ada)
	television := func(id string) *client.ServiceClient {
		return given.Client(func(s *client.Snapshot) {
			s.ClientID, s.AuthMethod, s.GrantTypes = id, "none", []string{deviceGrant, refreshGrant}
			s.Scopes = scope.NewSet(scope.ReadProfile, scope.WriteProfile, scope.ReadUsers)
		})
	}
	l.tv = television("tv")
	l.ada = userToken("keystone", scope.ReadProfile, scope.WriteProfile)
	id, err := domain.ParseID(l.ada.Principal.ID)
	must(t, err)
	sid, err := domain.ParseID(l.ada.Claims.SessionID)
	must(t, err)
	l.work.sessions[sid] = token.OpenSession(sid, id, "keystone", domain.Origin{}, given.Now, 24*time.Hour).Snapshot()
	principals := tokens.NewPrincipals(&people{all: map[domain.ID]token.Principal{id: l.ada.Principal}}, directoryOf{l.tv}, uncached[token.Principal]{}, uncached[*client.ServiceClient]{})
	named := authenticator(func(c inbound.ClientCredentials) (*client.ServiceClient, error) { return television(c.ID), nil })
	l.devices = NewDevices(l.clock, random{}, &master{current: "k", known: []string{"k"}}, named, principals, l.prover, users.Policy{}, l.work)
	l.Pipeline, err = NewPipeline(policy(), l.clock, random{}, named, nil, l.work, issuer(t, policy(), l.clock, l.codec), []Grant{NewDeviceCode(l.devices)})
	must(t, err)
	return l
}

type directoryOf struct{ c *client.ServiceClient }

func (d directoryOf) ByClientID(context.Context, string) (*client.ServiceClient, error) {
	return d.c, nil
}

func (l *living) codes(t *testing.T, asked string) inbound.DeviceCodes {
	t.Helper()
	codes, err := l.devices.Authorize(t.Context(), inbound.DeviceRequest{Client: inbound.ClientCredentials{Method: inbound.AuthNone, ID: "tv"}, Scope: asked})
	must(t, err)
	return codes
}

func (l *living) approve(ctx context.Context, by inbound.Caller, userCode string) error {
	return l.devices.Approve(ctx, by, userCode, hers)
}

func (l *living) poll(ctx context.Context, by string, code domain.Secret) (inbound.TokenResponse, error) {
	return l.Token(ctx, inbound.TokenRequest{Client: inbound.ClientCredentials{Method: inbound.AuthNone, ID: by},
		Params: map[string]string{"grant_type": deviceGrant, "device_code": code.Reveal()}})
}
