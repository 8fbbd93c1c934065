package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// failed settles a wrong guess: the lockout, the failure columns and the
// events, kept although the caller is refused.
func (c *Credentials) failed(ctx context.Context, who candidate) error {
	return c.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		now := c.clock.Now()
		lockout, err := swap(ctx, r.Lockouts, who.key, func(l user.Lockout) user.Lockout { return l.Fail(c.policy.Current().Lockout, now) })
		if err != nil {
			return err
		}
		if who.owner == nil {
			err = failedByNobody(ctx, r, who.key, lockout, now)
		} else {
			err = failedByUser(ctx, r, who.owner.ID(), lockout, now)
		}
		if err != nil {
			return err
		}
		return domain.Refuse(badCredentials())
	})
}

func failedByUser(ctx context.Context, r outbound.Repositories, id domain.ID, lockout user.Lockout, now time.Time) error {
	u, err := r.Users.Get(ctx, id)
	if err != nil {
		return orBadCredentials(err)
	}
	u.LoginFailed(lockout, now)
	return r.Users.Save(ctx, u)
}

// failedByNobody puts a guess at a name that nobody has on record. It takes a
// store what failedByUser takes it, for an account that does not exist, where the
// milliseconds would tell who has one (contract 3.1): a save that finds nothing
// looks whether there is anything, as an account is read before it is saved.
func failedByNobody(ctx context.Context, r outbound.Repositories, key string, lockout user.Lockout, now time.Time) error {
	decoy := user.Rehydrate(user.Snapshot{ID: domain.NoID})
	decoy.LoginFailed(lockout, now)
	if err := r.Users.Save(ctx, decoy); domain.AsError(err).Kind != domain.KindNotFound {
		return err
	}
	if err := r.Signals.Append(ctx, token.Saved(decoy.ID(), now)); err != nil {
		return err
	}
	nobody := domain.Party{Kind: domain.PartyUnknown, ID: key}
	return r.Events.Append(ctx, domain.Event{Type: domain.EventLoginFailed, Outcome: domain.Failed, Reason: "bad_credentials", Actor: nobody, Subject: nobody, OccurredAt: now})
}
