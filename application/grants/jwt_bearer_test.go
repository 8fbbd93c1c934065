package grants

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/application/clients"
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

const bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// said reads an assertion from its name: for whom it is.
type said struct{ outbound.Assertions }

func (said) Verify(raw string, keys []byte, typ string) (token.Assertion, error) {
	if string(keys) != "keys" || raw == "forged" || typ != "" {
		return token.Assertion{}, token.InvalidToken("no")
	}
	return token.Assertion{Issuer: "app", Subject: raw, Audience: []string{policy().Issuer}, ExpiresAt: given.Now.Add(time.Minute), ID: "1"}, nil
}

type bearerBench struct {
	*Pipeline
	work   *ticketWork
	codec  *codec
	ada    token.Principal
	people *people
	denied denials
}

func newBearerBench(t *testing.T, rules user.AdmissionRules, change ...func(*client.Snapshot)) *bearerBench {
	t.Helper()
	ada := given.User(func(s *user.Snapshot) { s.IsVerified = false })
	b := &bearerBench{work: newTicketWork(ada.Snapshot()), codec: &codec{}}
	b.ada = token.Principal{Kind: domain.PartyUser, ID: ada.ID().String(), Name: "ada", Active: true, Scopes: scope.NewSet(scope.ReadProfile, scope.WriteProfile)}
	app := given.Client(append([]func(*client.Snapshot){func(s *client.Snapshot) {
		s.ClientID, s.Keys, s.GrantTypes = "app", "keys", []string{bearerGrant, refreshGrant}
		s.Scopes = scope.NewSet(scope.ReadProfile, "impersonate:users")
	}}, change...)...)
	now := &clock{now: given.Now}
	assertions := clients.NewAssertions(now, random{}, said{}, b.work, policy().Issuer, func() time.Duration { return 0 })
	b.people = &people{all: map[domain.ID]token.Principal{ada.ID(): b.ada}}
	principals := tokens.NewPrincipals(b.people, nil, uncached[token.Principal]{}, uncached[*client.ServiceClient]{})
	own := authenticator(func(inbound.ClientCredentials) (*client.ServiceClient, error) { return app, nil })
	var err error
	b.Pipeline, err = NewPipeline(policy(), now, random{}, own, nil, b.work, issuer(t, policy(), now, b.codec),
		[]Grant{NewJWTBearer(now, assertions, principals, users.Policy{Admission: rules}, &b.denied)})
	must(t, err)
	return b
}

// Acting for someone is changing them: nobody does it to who holds more.
func TestJWTBearerForWhoHoldsMore(t *testing.T) {
	for name, change := range map[string]func(*token.Principal){
		"a superuser":         func(p *token.Principal) { p.IsSuperuser = true },
		"a user with a scope": func(p *token.Principal) { p.Scopes = scope.NewSet(scope.ReadProfile, scope.ReadAudit) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBearerBench(t, user.AdmissionRules{}, func(s *client.Snapshot) { s.Scopes = scope.NewSet(scope.AdminUsers, scope.ReadProfile) })
			of := b.ada
			change(&of)
			b.people.all[b.work.user.ID] = of
			_, err := b.ask(t, of.ID)
			wantCode(t, err, domain.CodeInvalidGrant)
			if len(b.work.sessions) != 0 || b.codec.signed.ID != "" {
				t.Errorf("stored %+v, signed %+v", b.work.sessions, b.codec.signed)
			}
			if len(b.denied.kept) != 1 || b.denied.kept[0].Caller.Party().ID != "app" || b.denied.kept[0].Subject.ID != of.ID {
				t.Errorf("kept %+v", b.denied.kept)
			}
		})
	}
}

func (b *bearerBench) ask(t *testing.T, assertion string) (inbound.TokenResponse, error) {
	t.Helper()
	return b.Token(t.Context(), inbound.TokenRequest{Client: secretly, Params: map[string]string{"grant_type": bearerGrant, "assertion": assertion}})
}

func TestJWTBearerForItself(t *testing.T) {
	b := newBearerBench(t, user.AdmissionRules{}, func(s *client.Snapshot) { s.Scopes = scope.NewSet(scope.ReadUsers) })
	answer, err := b.ask(t, "app")
	must(t, err)
	if got := b.codec.signed; got.Subject != "app" || got.SessionID != "" || len(got.Actors) != 0 || !answer.RefreshToken.Empty() || !cmp.Equal(answer.Scope, scope.NewSet(scope.ReadUsers)) {
		t.Errorf("%+v, %+v", got, answer)
	}
	_, err = b.ask(t, "app")
	wantCode(t, err, domain.CodeInvalidGrant)
	_, err = b.ask(t, b.ada.ID)
	wantCode(t, err, domain.CodeInvalidGrant) // without the permission
	if len(b.work.sessions) != 0 || len(b.work.events) != 0 {
		t.Errorf("stored %+v, %+v", b.work.sessions, b.work.events)
	}
}

func TestJWTBearerForAUser(t *testing.T) {
	b := newBearerBench(t, user.AdmissionRules{PasswordMaxAge: time.Nanosecond})
	answer, err := b.ask(t, b.ada.ID)
	must(t, err)
	got := b.codec.signed
	if got.Subject != b.ada.ID || got.SessionID == "" || !cmp.Equal(got.Actors, []token.Actor{{Subject: "app", ClientID: "app"}}) || !cmp.Equal(got.Scope, scope.NewSet(scope.ReadProfile)) {
		t.Errorf("%+v", got)
	}
	if !answer.RefreshToken.Empty() || len(b.work.refresh) != 0 {
		t.Error("a refresh token was given")
	}
	for _, s := range b.work.sessions {
		if !s.ExpiresAt.Equal(given.Now.Add(answer.ExpiresIn).Truncate(time.Second)) {
			t.Errorf("the session lives until %s", s.ExpiresAt)
		}
	}
	if len(b.work.events) != 1 || b.work.events[0].Type != eventTokenAsserted || b.work.events[0].Actor.ID != "app" || b.work.events[0].Subject.ID != b.ada.ID || b.work.events[0].Reason != "session: "+got.SessionID {
		t.Errorf("events %+v", b.work.events)
	}
}

func TestJWTBearerRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		assertion string
		rules     user.AdmissionRules
		change    func(*client.Snapshot)
		reason    string
	}{
		"forged":             {assertion: "forged"},
		"without keys":       {assertion: "app", change: func(s *client.Snapshot) { s.Keys = "" }},
		"another client":     {assertion: "app", change: func(s *client.Snapshot) { s.ClientID = "other" }},
		"nobody":             {assertion: given.ID().String()},
		"a username":         {assertion: "ada"},
		"an unverified user": {rules: user.AdmissionRules{RequireVerifiedEmail: true}, reason: domain.ReasonEmailUnverified},
	} {
		t.Run(name, func(t *testing.T) {
			change := func(*client.Snapshot) {}
			if tc.change != nil {
				change = tc.change
			}
			b := newBearerBench(t, tc.rules, change)
			assertion := tc.assertion
			if assertion == "" {
				assertion = b.ada.ID
			}
			_, err := b.ask(t, assertion)
			wantCode(t, err, domain.CodeInvalidGrant)
			if domain.AsError(err).Reason != tc.reason || b.codec.signed.ID != "" || len(b.work.sessions) != 0 {
				t.Errorf("%v, %+v", err, b.codec.signed)
			}
		})
	}
}

// Twenty requests with one assertion: one winner, one session.
func TestJWTBearerIsNotReplayed(t *testing.T) {
	b := newBearerBench(t, user.AdmissionRules{})
	var won atomic.Int32
	var race sync.WaitGroup
	for range 20 {
		race.Go(func() {
			if _, err := b.Pipeline.Token(context.Background(), inbound.TokenRequest{Client: secretly, Params: map[string]string{"grant_type": bearerGrant, "assertion": b.ada.ID}}); err == nil {
				won.Add(1)
			} else if !domain.HasCode(err, domain.CodeInvalidGrant) {
				t.Error(err)
			}
		})
	}
	race.Wait()
	if won.Load() != 1 || len(b.work.sessions) != 1 {
		t.Errorf("%d winners, %d sessions, want 1", won.Load(), len(b.work.sessions))
	}
}
