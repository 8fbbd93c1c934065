package tokens

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// EndAll ends every session of a user inside a unit of work, and with them
// whatever a session that is being opened meanwhile has been given.
func (s *Sessions) EndAll(ctx context.Context, r outbound.Repositories, userID domain.ID, reason token.EndReason, actor domain.Party) error {
	if err := s.EndOthers(ctx, r, userID, domain.NoID, reason, actor); err != nil {
		return err
	}
	now := s.clock.Now()
	return r.Signals.Append(ctx, token.Signal{
		Kind: token.SignalUserRevoked, ID: userID.String(), Before: now, ExpiresAt: s.policy.Current().lastExpiry(now),
	})
}

// EndOthers ends the sessions of a user but one, inside a unit of work.
func (s *Sessions) EndOthers(ctx context.Context, r outbound.Repositories, userID, but domain.ID, reason token.EndReason, actor domain.Party) error {
	alive, err := r.Sessions.Alive(ctx, userID, s.clock.Now())
	if err != nil {
		return err
	}
	for _, session := range alive {
		if session.ID() == but {
			continue
		}
		if err := s.End(ctx, r, session, reason, actor); err != nil {
			return err
		}
	}
	return nil
}
