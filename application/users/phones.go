package users

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// A code that verifies a phone (contract 4.1). Like a mailed token it is
// derived as it is sent; the ticket keeps a keyed hash.
const (
	phonePurpose = "phone"
	codeTries    = 5
	codeLife     = 10 * time.Minute
	codeSpace    = 1_000_000 // six digits
)

// RequestPhone implements the port.
func (a *Addresses) RequestPhone(ctx context.Context, caller inbound.Caller, typed string) error {
	id, _, err := ownSession(caller)
	if err != nil {
		return err
	}
	phone, bad := user.ParsePhone(typed)
	if err := domain.InvalidFields(bad...); err != nil {
		return err
	}
	if !a.canText {
		return domain.E(domain.KindUnavailable, domain.CodeUnavailable, "this installation sends no SMS")
	}
	now := a.clock.Now()
	ticket := token.TicketSnapshot{Purpose: phonePurpose, Holder: id.String(), ID: a.random.NewID(now), Data: string(phone), ExpiresAt: now.Add(codeLife)}
	code, err := a.code(a.master.ID(), ticket)
	if err != nil {
		return err
	}
	if ticket.Digest, err = a.codeDigest(a.master.ID(), ticket, code); err != nil {
		return err
	}
	return a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := r.Users.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := r.Tickets.Put(ctx, token.NewTicket(ticket)); err != nil {
			return err
		}
		u.AskPhone(now)
		return r.Users.Save(ctx, u)
	})
}

// VerifyPhone implements the port. A wrong code is counted although it is
// refused.
func (a *Addresses) VerifyPhone(ctx context.Context, caller inbound.Caller, code domain.Secret) error {
	id, _, err := ownSession(caller)
	if err != nil {
		return err
	}
	asked, found, err := a.ticket(ctx, id.String())
	if err != nil {
		return err
	}
	if !found {
		return invalidCode()
	}
	keyID, _, _ := strings.Cut(asked.Digest, ".")
	digest, err := a.codeDigest(keyID, asked, code)
	if err != nil {
		return err
	}
	err = a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := r.Users.Get(ctx, id)
		if err != nil {
			return err
		}
		ticket, err := r.Tickets.Get(ctx, phonePurpose, id.String())
		if err != nil {
			return err
		}
		now := a.clock.Now()
		if !ticket.Admit(digest, codeTries, now) {
			if err := r.Tickets.Save(ctx, ticket); err != nil {
				return err
			}
			return domain.Refuse(invalidCode())
		}
		if err := r.Tickets.Delete(ctx, ticket); err != nil {
			return err
		}
		u.VerifyPhone(user.Phone(ticket.Snapshot().Data), now)
		return r.Users.Save(ctx, u)
	})
	if domain.HasCode(err, domain.CodeNotFound) {
		return invalidCode() // used meanwhile
	}
	return err
}

// Code gives the text that an event asked for; false where none is due: it was
// used, replaced, or expired on the way.
func (a *Addresses) Code(ctx context.Context, o domain.Occurrence) (outbound.Text, bool, error) {
	ticket, found, err := a.ticket(ctx, o.Subject.ID)
	if err != nil || !found || !ticket.ExpiresAt.Equal(o.OccurredAt.Add(codeLife)) || !a.clock.Now().Before(ticket.ExpiresAt) {
		return outbound.Text{}, false, err
	}
	keyID, _, _ := strings.Cut(ticket.Digest, ".")
	code, err := a.code(keyID, ticket)
	return outbound.Text{ID: o.ID.String(), To: user.Phone(ticket.Data), Code: code}, err == nil, err
}

func (a *Addresses) ticket(ctx context.Context, holder string) (s token.TicketSnapshot, found bool, err error) {
	err = a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		ticket, err := r.Tickets.Get(ctx, phonePurpose, holder)
		if found = err == nil; found {
			s = ticket.Snapshot()
		}
		return unlessNotFound(err)
	})
	return s, found, err
}

// code derives the six digits of a ticket. Of 64 bits the remainder favours no
// number by more than one in 10^13.
func (a *Addresses) code(keyID string, t token.TicketSnapshot) (domain.Secret, error) {
	sum, err := a.master.Derive(keyID, "phone-code", slices.Concat(t.ID[:], []byte(t.Holder+"/"+t.Data)))
	return domain.NewSecret(fmt.Sprintf("%06d", binary.BigEndian.Uint64(sum[:8])%codeSpace)), err
}

func (a *Addresses) codeDigest(keyID string, t token.TicketSnapshot, code domain.Secret) (string, error) {
	sum, err := a.master.Derive(keyID, "phone-code-digest", slices.Concat(t.ID[:], []byte(code.Reveal())))
	return keyID + "." + base64.RawURLEncoding.EncodeToString(sum[:]), err
}

func invalidCode() error {
	return domain.Invalid(domain.CodeInvalidCode, "the code is not valid: it may be wrong, used, replaced or expired")
}
