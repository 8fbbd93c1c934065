package tokens

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Sessions ends logins, with their refresh chains and access tokens.
type Sessions struct {
	policy Policies
	clock  outbound.Clock
	uow    outbound.UnitOfWork
}

var _ inbound.Sessions = (*Sessions)(nil)

// NewSessions makes the service.
func NewSessions(p Policies, clock outbound.Clock, uow outbound.UnitOfWork) *Sessions {
	return &Sessions{policy: p, clock: clock, uow: uow}
}

// Logout ends the caller's session, or all of the user's.
func (s *Sessions) Logout(ctx context.Context, caller inbound.Caller, all bool) error {
	if !caller.Claims.IsUser() {
		return inbound.UsersOnly()
	}
	if all {
		return s.endAll(ctx, caller)
	}
	id, err := domain.ParseID(caller.Claims.SessionID)
	if err != nil {
		return domain.Internal(err)
	}
	return s.end(ctx, id, token.EndedByLogout, caller.Party())
}

// end ends one session; one that is gone or over already is no failure.
func (s *Sessions) end(ctx context.Context, id domain.ID, reason token.EndReason, actor domain.Party) error {
	return s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		session, err := r.Sessions.Get(ctx, id)
		if err != nil {
			return unlessNotFound(err)
		}
		return s.End(ctx, r, session, reason, actor)
	})
}

func (s *Sessions) endAll(ctx context.Context, caller inbound.Caller) error {
	userID, err := domain.ParseID(caller.Claims.Subject)
	if err != nil {
		return domain.Internal(err)
	}
	return s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		return s.EndAll(ctx, r, userID, token.EndedByLogout, caller.Party())
	})
}

// End ends a session inside a unit of work: its refresh tokens with it, and its
// access tokens on every instance.
func (s *Sessions) End(ctx context.Context, r outbound.Repositories, session *token.Session, reason token.EndReason, actor domain.Party) error {
	now := s.clock.Now()
	if !session.End(reason, actor, now) {
		return nil
	}
	if err := r.Sessions.Save(ctx, session); err != nil {
		return err
	}
	return r.Signals.Append(ctx, token.Signal{
		Kind: token.SignalSessionEnded, ID: session.ID().String(), ExpiresAt: s.policy.Current().lastExpiry(now),
	})
}
