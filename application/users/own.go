package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Prover has users who are logged in show their password again.
type Prover interface {
	ProvePassword(ctx context.Context, id domain.ID, password domain.Secret) (Proven, error)
}

// OwnAccess is what people do with their own password and sessions.
type OwnAccess struct {
	clock       outbound.Clock
	passwords   *Passwords
	credentials Prover
	directory   outbound.UserDirectory
	sessions    outbound.SessionList
	uow         outbound.UnitOfWork
	logins      Logins
}

var _ inbound.OwnAccess = (*OwnAccess)(nil)

// NewOwnAccess makes the service.
func NewOwnAccess(clock outbound.Clock, passwords *Passwords, credentials Prover, directory outbound.UserDirectory,
	sessions outbound.SessionList, uow outbound.UnitOfWork, logins Logins) *OwnAccess {
	return &OwnAccess{clock: clock, passwords: passwords, credentials: credentials, directory: directory, sessions: sessions, uow: uow, logins: logins}
}

// ChangePassword replaces the caller's password. The new one is judged before
// the current one is proven: bad input spends no attempt.
func (o *OwnAccess) ChangePassword(ctx context.Context, caller inbound.Caller, current, next domain.Secret) error {
	id, session, err := ownSession(caller)
	if err != nil {
		return err
	}
	u, err := o.directory.ByID(ctx, id)
	if err != nil {
		return err
	}
	if err := domain.AllFields(currentGiven(current), o.passwords.check(ctx, "new_password", next, u)); err != nil {
		return err
	}
	proven, err := o.credentials.ProvePassword(ctx, id, current)
	if err != nil {
		return err
	}
	hash, err := o.passwords.renew(ctx, "new_password", next, u)
	if err != nil {
		return err
	}
	return o.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := proven.Get(ctx, r)
		if err != nil {
			return err
		}
		if err := o.passwords.set(ctx, r, u, hash, caller.Party(), o.clock.Now()); err != nil {
			return err
		}
		if err := r.Users.Save(ctx, u); err != nil {
			return err
		}
		return o.logins.EndOthers(ctx, r, id, session, token.EndedByPassword, caller.Party())
	})
}

// DeleteAccount ends the caller's account.
func (o *OwnAccess) DeleteAccount(ctx context.Context, caller inbound.Caller, current domain.Secret, ifVersion int64) error {
	id, _, err := ownSession(caller)
	if err != nil {
		return err
	}
	if err := currentGiven(current); err != nil {
		return err
	}
	proven, err := o.credentials.ProvePassword(ctx, id, current)
	if err != nil {
		return err
	}
	return o.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := proven.Get(ctx, r)
		if err != nil {
			return err
		}
		if err := domain.CheckVersion(ifVersion, u.Snapshot().Version); err != nil {
			return err
		}
		return remove(ctx, r, o.logins, u, caller.Party(), o.clock.Now())
	})
}

// Sessions gives the caller's living sessions.
func (o *OwnAccess) Sessions(ctx context.Context, caller inbound.Caller, page domain.Page) (domain.Listing[inbound.Session], error) {
	id, _, err := ownSession(caller)
	if err != nil {
		return domain.Listing[inbound.Session]{}, err
	}
	return living(ctx, o.sessions, id, o.clock.Now(), page, caller)
}

// EndSession ends one of the caller's sessions.
func (o *OwnAccess) EndSession(ctx context.Context, caller inbound.Caller, ending domain.ID) error {
	id, current, err := ownSession(caller)
	if err != nil {
		return err
	}
	reason := token.EndedByUser
	if ending == current {
		reason = token.EndedByLogout
	}
	return o.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		session, err := r.Sessions.Get(ctx, ending)
		if err != nil {
			return err
		}
		if session.UserID() != id || !session.Alive(o.clock.Now()) {
			return domain.NotFound("there is no such session")
		}
		return o.logins.End(ctx, r, session, reason, caller.Party())
	})
}

// EndOthers ends all of the caller's sessions but the one that asks.
func (o *OwnAccess) EndOthers(ctx context.Context, caller inbound.Caller) error {
	id, current, err := ownSession(caller)
	if err != nil {
		return err
	}
	return o.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		return o.logins.EndOthers(ctx, r, id, current, token.EndedByUser, caller.Party())
	})
}

// ownSession gives the user and the session that a caller's token speaks for.
func ownSession(caller inbound.Caller) (userID, sessionID domain.ID, err error) {
	if !caller.Claims.IsUser() {
		return domain.NoID, domain.NoID, inbound.UsersOnly()
	}
	if userID, err = domain.ParseID(caller.Claims.Subject); err == nil {
		sessionID, err = domain.ParseID(caller.Claims.SessionID)
	}
	if err != nil {
		return domain.NoID, domain.NoID, domain.Internal(err)
	}
	return userID, sessionID, nil
}

// living gives the living sessions of a user as the caller sees them.
func living(ctx context.Context, list outbound.SessionList, id domain.ID, now time.Time, page domain.Page, caller inbound.Caller) (domain.Listing[inbound.Session], error) {
	found, err := list.Alive(ctx, id, now, page)
	if err != nil {
		return domain.Listing[inbound.Session]{}, err
	}
	shown := domain.Listing[inbound.Session]{Next: found.Next}
	for _, s := range found.Items {
		shown.Items = append(shown.Items, inbound.Session{
			SessionSnapshot: s.SessionSnapshot, LastUsedAt: s.LastUsedAt, Current: s.ID.String() == caller.Claims.SessionID,
		})
	}
	return shown, nil
}
