package reactions

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Former knows the addresses that accounts had; false where it is no longer known.
type Former interface {
	Former(ctx context.Context, o domain.Occurrence) (user.Email, bool, error)
}

// EmailChange tells the old address that another is to take its place, and
// again when it has: what is told only to the new one, a thief reads alone.
type EmailChange struct {
	former Former
	users  outbound.UserDirectory
	mailer outbound.Mailer
}

var _ inbound.Reaction = (*EmailChange)(nil)

// NewEmailChange makes the reaction.
func NewEmailChange(former Former, users outbound.UserDirectory, mailer outbound.Mailer) *EmailChange {
	return &EmailChange{former: former, users: users, mailer: mailer}
}

// Name implements inbound.Reaction.
func (*EmailChange) Name() string { return "email_change_notice" }

// On implements inbound.Reaction.
func (*EmailChange) On() []domain.EventType {
	return []domain.EventType{domain.EventEmailChangeAsked, domain.EventEmailChanged}
}

// React implements inbound.Reaction.
func (e *EmailChange) React(ctx context.Context, o domain.Occurrence) error {
	owner, err := subject(ctx, e.users, o)
	if err != nil || owner == nil {
		return err
	}
	s := owner.Snapshot()
	mail := outbound.Mail{ID: o.ID.String(), Template: outbound.MailEmailChanging, To: s.Email, Username: s.Username, At: o.OccurredAt}
	if o.Type == domain.EventEmailChanged {
		former, known, err := e.former.Former(ctx, o)
		if err != nil || !known {
			return err
		}
		mail.Template, mail.To = outbound.MailEmailChanged, former
	} else if s.PendingEmail == "" {
		return nil // called off, or made already, which is told next
	}
	return e.mailer.Send(ctx, mail)
}
