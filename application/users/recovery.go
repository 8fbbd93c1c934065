package users

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Recovery verifies addresses and sets forgotten passwords, by mail.
type Recovery struct {
	clock     outbound.Clock
	random    outbound.Random
	names     NameKey
	passwords *Passwords
	mailed    *MailedTokens
	directory outbound.UserDirectory
	uow       outbound.UnitOfWork
	logins    Logins
}

var _ inbound.Recovery = (*Recovery)(nil)

// NewRecovery makes the service.
func NewRecovery(clock outbound.Clock, random outbound.Random, names NameKey, passwords *Passwords, mailed *MailedTokens,
	directory outbound.UserDirectory, uow outbound.UnitOfWork, logins Logins) *Recovery {
	return &Recovery{clock: clock, random: random, names: names, passwords: passwords, mailed: mailed, directory: directory, uow: uow, logins: logins}
}

// RequestVerification implements the port.
func (r *Recovery) RequestVerification(ctx context.Context, email string) error {
	return r.ask(ctx, email, domain.EventVerificationAsked)
}

// RequestReset implements the port.
func (r *Recovery) RequestReset(ctx context.Context, email string) error {
	return r.ask(ctx, email, domain.EventResetAsked)
}

// ask stores that a mail was asked for, and nothing else: whether one is due is
// looked at when its job runs. So the same is done and takes as long for an
// address of nobody, and the job finds nothing to do.
func (r *Recovery) ask(ctx context.Context, email string, asked domain.EventType) error {
	folded := user.Email(email).Folded()
	nobody, err := keyedIdentifier(ctx, r.names, folded)
	if err != nil {
		return err
	}
	event := domain.Event{Type: asked, Outcome: domain.Succeeded, Actor: domain.Party{Kind: domain.PartyUnknown}, OccurredAt: r.clock.Now()}
	owner, err := r.directory.ByLogin(ctx, folded, true)
	switch {
	case err == nil:
		event.Subject = owner.Party()
	case domain.AsError(err).Kind == domain.KindNotFound:
		event.Outcome, event.Reason = domain.Failed, "unknown_address"
		event.Subject = domain.Party{Kind: domain.PartyUnknown, ID: nobody}
	default:
		return err
	}
	return r.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		return repos.Events.Append(ctx, event)
	})
}

// VerifyEmail implements the port. An address that somebody else has verified
// as theirs meanwhile is not told of.
func (r *Recovery) VerifyEmail(ctx context.Context, raw domain.Secret) error {
	owner, digest, ok, err := r.mailed.presented(ctx, verificationToken, raw)
	if err != nil {
		return err
	}
	if !ok {
		return user.InvalidVerification()
	}
	err = r.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		u, err := repos.Users.Get(ctx, owner.ID())
		if err != nil {
			return err
		}
		now, former := r.clock.Now(), u.Snapshot().Email
		if err := u.VerifyEmail(digest, now); err != nil {
			return err
		}
		if u.Snapshot().Email != former {
			if err := keepFormer(ctx, repos, u.ID(), r.random.NewID(now), former, now); err != nil {
				return err
			}
		}
		return repos.Users.Save(ctx, u)
	})
	if domain.HasCode(err, domain.CodeEmailTaken) || domain.HasCode(err, domain.CodeNotFound) {
		return user.InvalidVerification()
	}
	return err
}

// ResetPassword implements the port. What is wrong with the password by itself is
// told first; the token is looked at before the rest, so that only its bearer has
// passwords judged and hashed here.
func (r *Recovery) ResetPassword(ctx context.Context, raw, next domain.Secret) error {
	if err := r.passwords.form("new_password", next); err != nil {
		return err
	}
	owner, digest, ok, err := r.mailed.presented(ctx, resetToken, raw)
	if err != nil {
		return err
	}
	if !ok {
		return user.InvalidReset()
	}
	if err := owner.CanReset(digest, r.clock.Now()); err != nil {
		return err
	}
	hash, err := r.passwords.replace(ctx, "new_password", next, owner)
	if err != nil {
		return err
	}
	err = r.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		u, err := repos.Users.Get(ctx, owner.ID())
		if err != nil {
			return err
		}
		now := r.clock.Now()
		if err := u.SpendReset(digest, now); err != nil {
			return err
		}
		if err := r.passwords.set(ctx, repos, u, hash, u.Party(), now); err != nil {
			return err
		}
		if err := repos.Users.Save(ctx, u); err != nil {
			return err
		}
		if err := lift(ctx, repos, u.ID(), now); err != nil {
			return err
		}
		return r.logins.EndAll(ctx, repos, u.ID(), token.EndedByPassword, u.Party())
	})
	if domain.HasCode(err, domain.CodeNotFound) {
		return user.InvalidReset() // deleted meanwhile
	}
	return err
}
