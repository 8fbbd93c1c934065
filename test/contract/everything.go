package contract

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// everything is one new thing for every repository.
type everything struct {
	user    *user.User
	pending user.PendingRegistration
	session *token.Session
	link    *token.RefreshToken
	key     *token.SigningKey
	lockout user.Lockout
	signal  token.Signal
	event   domain.Event
	scope   *scope.Scope
	role    *role.Role
	client  *client.ServiceClient
}

func newEverything() everything {
	u := given.Registered()
	session := given.Session(u)
	return everything{
		user: u, pending: given.Pending(), session: session, link: given.Refresh(session), key: given.Key(),
		lockout: user.RehydrateLockout(user.LockoutSnapshot{Key: given.Name("lock"), Failures: 1, UpdatedAt: given.Now}),
		signal:  token.Signal{Kind: token.SignalSessionEnded, ID: session.ID().String(), ExpiresAt: now().Add(time.Hour)},
		event: domain.Event{Type: domain.EventTokenIssued, Outcome: domain.Succeeded, Actor: domain.System,
			Subject: domain.Party{Kind: domain.PartyToken, ID: given.Name("jti")}, OccurredAt: given.Now},
		scope: given.Scope(), role: given.Role(), client: given.Client(),
	}
}

func (e everything) store(ctx context.Context, r outbound.Repositories) error {
	if err := addTo(ctx, r, e.scope, e.role, e.client, e.user, e.pending, e.session, e.link, e.key); err != nil {
		return err
	}
	if swapped, err := r.Lockouts.Swap(ctx, e.lockout); err != nil || !swapped {
		return errors.Join(err, errors.New("the lockout was not stored"))
	}
	if err := r.Signals.Append(ctx, e.signal); err != nil {
		return err
	}
	return r.Events.Append(ctx, e.event)
}

// wantStored holds all of it to be stored, or none.
func (e everything) wantStored(t *testing.T, s Store, stored bool) {
	t.Helper()
	found := map[string]bool{
		"event of its own":      len(s.events(t, e.event.Subject.ID)) == 1,
		"event of an aggregate": len(s.events(t, e.user.ID().String())) == 1,
	}
	present := func(what string, err error) {
		t.Helper()
		if err != nil {
			wantKind(t, err, domain.KindNotFound)
		}
		found[what] = err == nil
	}
	ctx := within(t)
	_, err := s.Users.ByID(ctx, e.user.ID())
	present("user", err)
	_, err = s.Users.Pending(ctx, e.pending.Username.Folded(), false, now())
	present("pending registration", err)
	_, err = s.Clients.ByClientID(ctx, e.client.ClientID())
	present("client", err)
	_, _, err = s.Refresh.ByDigest(ctx, e.link.Snapshot().Digest)
	present("refresh token", err)
	s.must(t, func(ctx context.Context, r outbound.Repositories) error {
		_, err := r.Sessions.Get(ctx, e.session.ID())
		present("session", err)
		_, err = r.Roles.Get(ctx, e.role.Name())
		present("role", err)
		_, err = r.Scopes.Get(ctx, e.scope.Name())
		present("scope", err)
		return nil
	})
	keys, err := s.Keys.Keys(ctx)
	ok(t, err)
	for _, k := range keys {
		found["key"] = found["key"] || k.Snapshot().ID == e.key.Snapshot().ID
	}
	lockout, err := s.Lockouts.Get(ctx, e.lockout.Snapshot().Key)
	ok(t, err)
	found["lockout"] = lockout.Snapshot().Version != 0
	signals, _, err := s.Signals.Since(ctx, time.Time{})
	ok(t, err)
	found["signal"] = false
	for _, signal := range signals {
		found["signal"] = found["signal"] || signal.ID == e.signal.ID
	}
	for what, is := range found {
		if is != stored {
			t.Errorf("%s stored: %t, want %t", what, is, stored)
		}
	}
}
