package grants

import (
	"context"
	"testing"

	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// proven has the bench's grant prove a password, and tells how often Spend ran.
func (b *bench) proven() (account *user.User, spent *int) {
	spent, account = new(int), given.User()
	b.subject.ID = account.ID().String()
	b.proof.Login = &users.Login{UserID: account.ID(), Account: account}
	b.proof.Spend = func(context.Context, outbound.Repositories) error { *spent++; return nil }
	return account, spent
}

func TestProvenLoginsOpenTheirSessionAtOnce(t *testing.T) {
	for name, withRefresh := range map[string]bool{"with a refresh token": true, "without one": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if !withRefresh {
				b.client = given.Client(func(s *client.Snapshot) { s.GrantTypes, s.Scopes = []string{"flow"}, b.subject.Scopes })
			}
			account, spent := b.proven()
			answer, err := b.ask(t)
			must(t, err)
			if len(b.store.openings) != 1 || b.store.units != 0 || *spent != 0 {
				t.Fatalf("%d openings, %d units of work, spent %d times", len(b.store.openings), b.store.units, *spent)
			}
			o := b.store.openings[0]
			if o.User != account || o.Session.UserID() != account.ID() || o.Session.ID().String() != b.codec.signed.SessionID {
				t.Errorf("opened %+v", o)
			}
			if given := !answer.RefreshToken.Empty(); given != withRefresh || given != (o.Refresh != nil) {
				t.Errorf("refresh token given: %v, stored: %v", given, o.Refresh != nil)
			}
		})
	}
}

func TestLoginsOfChangedAccountsAreJudged(t *testing.T) {
	b := newBench(t)
	_, spent := b.proven()
	b.store.openFails = domain.E(domain.KindPrecondition, domain.CodeVersion, "changed")
	_, err := b.ask(t)
	must(t, err)
	if len(b.store.openings) != 1 || b.store.units != 1 || *spent != 1 || len(b.store.sessions) != 1 {
		t.Errorf("%d openings, %d units of work, spent %d times, %d sessions", len(b.store.openings), b.store.units, *spent, len(b.store.sessions))
	}
	if b.codec.signed.SessionID == b.store.openings[0].Session.ID().String() {
		t.Error("the token is of the session that was refused")
	}
	b.proof.Spend = func(context.Context, outbound.Repositories) error { return refuse("closed meanwhile") }
	_, err = b.ask(t)
	wantCode(t, err, domain.CodeInvalidGrant)
}

func TestOpeningFails(t *testing.T) {
	b := newBench(t)
	_, spent := b.proven()
	b.store.openFails = unavailable()
	_, err := b.ask(t)
	wantCode(t, err, domain.CodeUnavailable)
	if b.store.units != 0 || *spent != 0 || b.codec.signed.ID != "" {
		t.Error("what may have been stored was tried again, or signed for")
	}
}
