package grants

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// ticketWork is the store with tickets in it; what fails is undone.
type ticketWork struct {
	*store
	kept map[string]token.TicketSnapshot
}

func (w *ticketWork) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	return w.store.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		r.Tickets = keptTickets{w: w}
		return work(ctx, r)
	})
}

type keptTickets struct {
	outbound.Tickets
	w *ticketWork
}

func (r keptTickets) Add(_ context.Context, t *token.Ticket) error {
	r.w.kept[t.Snapshot().Purpose+t.Snapshot().Holder] = t.Snapshot()
	return nil
}

func (r keptTickets) Get(_ context.Context, purpose, holder string) (*token.Ticket, error) {
	if s, ok := r.w.kept[purpose+holder]; ok {
		return token.RehydrateTicket(s), nil
	}
	return nil, domain.NotFound("no such ticket")
}

func (r keptTickets) Save(ctx context.Context, t *token.Ticket) error { return r.Add(ctx, t) }

func (r keptTickets) Delete(_ context.Context, t *token.Ticket) error {
	key := t.Snapshot().Purpose + t.Snapshot().Holder
	if _, ok := r.w.kept[key]; !ok {
		return domain.NotFound("no such ticket")
	}
	delete(r.w.kept, key)
	return nil
}

// living is a television that is to be let in, and ada who may.
type living struct {
	*Pipeline
	devices *Devices
	work    *ticketWork
	clock   *clock
	codec   *codec
	tv      *client.ServiceClient
	ada     inbound.Caller
}

func newLiving(t *testing.T) *living {
	t.Helper()
	l := &living{work: &ticketWork{newStore(), map[string]token.TicketSnapshot{}}, clock: &clock{now: given.Now}, codec: &codec{}}
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
	principals := tokens.NewPrincipals(&people{all: map[domain.ID]token.Principal{id: l.ada.Principal}}, directoryOf{l.tv}, uncached[token.Principal]{}, uncached[*client.ServiceClient]{})
	named := authenticator(func(c inbound.ClientCredentials) (*client.ServiceClient, error) { return television(c.ID), nil })
	l.devices = NewDevices(l.clock, random{}, &master{current: "k", known: []string{"k"}}, named, principals, l.work)
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

func (l *living) poll(ctx context.Context, by string, code domain.Secret) (inbound.TokenResponse, error) {
	return l.Token(ctx, inbound.TokenRequest{Client: inbound.ClientCredentials{Method: inbound.AuthNone, ID: by},
		Params: map[string]string{"grant_type": deviceGrant, "device_code": code.Reveal()}})
}

func TestDeviceIsLetIn(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "read:profile read:users")
	if len(codes.User) != 9 || codes.User[4] != '-' || strings.Trim(codes.User, userLetters+"-") != "" {
		t.Errorf("user code %q", codes.User)
	}
	for key, kept := range l.work.kept {
		if strings.Contains(key+kept.Data, codes.Device.Reveal()) || strings.Contains(key+kept.Data, strings.ReplaceAll(codes.User, "-", "")) {
			t.Error("a code is kept as it is")
		}
	}
	waiting, err := l.devices.Device(t.Context(), l.ada, strings.ToLower(strings.ReplaceAll(codes.User, "-", " ")))
	if err != nil || waiting.ClientID != "tv" || waiting.ClientName == "" || !cmp.Equal(waiting.Scope, scope.NewSet(scope.ReadProfile, scope.ReadUsers)) {
		t.Errorf("%+v, %v", waiting, err)
	}
	_, err = l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeAuthorizationPending)
	must(t, l.devices.Decide(t.Context(), l.ada, codes.User, true))
	answer, err := l.poll(t.Context(), "tv", codes.Device)
	must(t, err)
	if !cmp.Equal(answer.Scope, scope.NewSet(scope.ReadProfile)) || answer.UserID != l.ada.Principal.ID || answer.RefreshToken.Empty() || l.codec.signed.ClientID != "tv" {
		t.Errorf("%+v", answer) // no more than the one who let it in held
	}
	if l.work.events[0].Type != eventDeviceApproved || l.work.events[0].Actor.ID != l.ada.Principal.ID || l.work.events[0].Subject.ID != "tv" {
		t.Errorf("events %+v", l.work.events)
	}
	_, err = l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeInvalidGrant)
}

func TestDeviceIsKeptOut(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	must(t, l.devices.Decide(t.Context(), l.ada, codes.User, false))
	wantCode(t, l.devices.Decide(t.Context(), l.ada, codes.User, true), domain.CodeNotFound)
	_, err := l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeAccessDenied)
}

func TestDeviceSlowsDownAndExpires(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	for i, step := range []struct {
		after time.Duration
		code  domain.Code
	}{
		{0, domain.CodeAuthorizationPending}, {5 * time.Second, domain.CodeAuthorizationPending},
		{4 * time.Second, domain.CodeSlowDown}, {9 * time.Second, domain.CodeSlowDown}, // 10 s apart now, then 15 s
		{14 * time.Second, domain.CodeSlowDown}, {20 * time.Second, domain.CodeAuthorizationPending},
		{10 * time.Minute, domain.CodeExpiredToken},
	} {
		l.clock.now = l.clock.now.Add(step.after)
		_, err := l.poll(t.Context(), "tv", codes.Device)
		if !domain.HasCode(err, step.code) {
			t.Errorf("poll %d: %v, want %s", i, err, step.code)
		}
	}
	wantCode(t, l.devices.Decide(t.Context(), l.ada, codes.User, true), domain.CodeNotFound)
	late := l.codes(t, "")
	must(t, l.devices.Decide(t.Context(), l.ada, late.User, true))
	l.clock.now = l.clock.now.Add(10 * time.Minute)
	_, err := l.poll(t.Context(), "tv", late.Device)
	wantCode(t, err, domain.CodeExpiredToken)
}

// Another client's polls find nothing, and don't slow the device down; nobody
// but the user decides.
func TestDeviceIsNoStrangers(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	for range 3 {
		_, err := l.poll(t.Context(), "radio", codes.Device)
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	_, err := l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeAuthorizationPending)
	_, err = l.poll(t.Context(), "tv", domain.NewSecret("guess"))
	wantCode(t, err, domain.CodeInvalidGrant)
	acted, derived := l.ada, l.ada
	acted.Claims.Actors = []token.Actor{{Subject: "support"}}
	derived.Claims.Sources = []token.Source{{ID: "1"}}
	for name, caller := range map[string]inbound.Caller{"a client": clientToken("app"), "who acts for her": acted, "an exchanged token": derived} {
		if err := l.devices.Decide(t.Context(), caller, codes.User, true); !domain.HasCode(err, domain.CodeForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, typed := range []string{"", "BCDF", "AEIO-UAEI", codes.User + "B", strings.Repeat("B", 300)} {
		wantCode(t, l.devices.Decide(t.Context(), l.ada, typed, true), domain.CodeNotFound)
	}
}

// Whoever lets a device in with a token that holds nothing lets it do nothing.
func TestDeviceGetsNoMoreThanWasHeld(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	l.ada.Scopes = nil
	must(t, l.devices.Decide(t.Context(), l.ada, codes.User, true))
	answer, err := l.poll(t.Context(), "tv", codes.Device)
	if err != nil || len(answer.Scope) != 0 {
		t.Errorf("%+v, %v", answer, err)
	}
}

// Twenty polls with one code: one winner, one session. Twenty decisions: one.
func TestDeviceCodeIsSpentOnce(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	race := func(try func(i int) error, lost domain.Code) {
		t.Helper()
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if err := try(i); err == nil {
					won.Add(1)
				} else if !domain.HasCode(err, lost) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d winners, want 1", won.Load())
		}
	}
	race(func(int) error { return l.devices.Decide(context.Background(), l.ada, codes.User, true) }, domain.CodeNotFound)
	race(func(int) error { _, err := l.poll(context.Background(), "tv", codes.Device); return err }, domain.CodeInvalidGrant)
	if len(l.work.sessions) != 1 {
		t.Errorf("%d sessions, want 1", len(l.work.sessions))
	}
}
