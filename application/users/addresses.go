package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Addresses changes what people are reached at.
type Addresses struct {
	clock       outbound.Clock
	random      outbound.Random
	master      outbound.MasterKey
	credentials Prover
	uow         outbound.UnitOfWork
	canText     bool // there is somewhere to send SMS to
}

var _ inbound.OwnAddresses = (*Addresses)(nil)

// NewAddresses makes the service.
func NewAddresses(clock outbound.Clock, random outbound.Random, master outbound.MasterKey, credentials Prover, uow outbound.UnitOfWork, canText bool) *Addresses {
	return &Addresses{clock: clock, random: random, master: master, credentials: credentials, uow: uow, canText: canText}
}

// ChangeEmail implements the port. The input is judged before the password is
// proven: bad input spends no attempt.
func (a *Addresses) ChangeEmail(ctx context.Context, caller inbound.Caller, change inbound.EmailChange, profile user.ProfileChange, ifVersion int64) (inbound.Account, error) {
	id, err := own(caller, scope.WriteProfile)
	if err != nil {
		return inbound.Account{}, err
	}
	if err := caller.Themselves(); err != nil {
		return inbound.Account{}, err
	}
	email, bad := user.ParseEmail(change.Email)
	if err := domain.AllFields(domain.InvalidFields(append(bad, profile.Check()...)...), currentGiven(change.CurrentPassword)); err != nil {
		return inbound.Account{}, err
	}
	proven, err := a.credentials.ProvePassword(ctx, id, change.CurrentPassword)
	if err != nil {
		return inbound.Account{}, err
	}
	var after user.Snapshot
	err = a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := proven.Get(ctx, r)
		if err != nil {
			return err
		}
		before := u.Snapshot().Version
		if err := domain.CheckVersion(ifVersion, before); err != nil {
			return err
		}
		now := a.clock.Now()
		if err := u.ChangeProfile(profile, caller.Party(), now); err != nil {
			return err
		}
		u.AskEmailChange(email, now)
		after = u.Snapshot()
		if after.Version == before {
			return nil
		}
		return r.Users.Save(ctx, u)
	})
	if err != nil {
		return inbound.Account{}, err
	}
	return inbound.Account{User: after, Scopes: caller.Scopes}, nil
}

// formerEmail is the ticket that keeps the address an account had, until its
// owner is told there of the change.
const (
	formerEmail     = "former_email"
	formerEmailLife = 7 * 24 * time.Hour
)

// keepFormer remembers the address that a change has left behind.
func keepFormer(ctx context.Context, r outbound.Repositories, id, ticket domain.ID, former user.Email, now time.Time) error {
	return r.Tickets.Put(ctx, token.NewTicket(token.TicketSnapshot{
		Purpose: formerEmail, Holder: id.String(), ID: ticket, Data: string(former), ExpiresAt: now.Add(formerEmailLife),
	}))
}

// Former gives the address that the user had before the event; false where it
// is no longer known.
func (a *Addresses) Former(ctx context.Context, o domain.Occurrence) (former user.Email, known bool, err error) {
	err = a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		ticket, err := r.Tickets.Get(ctx, formerEmail, o.Subject.ID)
		if err != nil {
			return unlessNotFound(err)
		}
		s := ticket.Snapshot()
		known = s.ExpiresAt.Equal(o.OccurredAt.Add(formerEmailLife)) // else it is of a later change
		former = user.Email(s.Data)
		return nil
	})
	return former, known, err
}
