package reactions

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Notice tells the owner of an account by mail what happened to it.
type Notice struct {
	template outbound.MailTemplate
	on       []domain.EventType
	users    outbound.UserDirectory
	mailer   outbound.Mailer
}

var _ inbound.Reaction = (*Notice)(nil)

// NewNotice makes the reaction that sends the template's mail after the events.
func NewNotice(template outbound.MailTemplate, users outbound.UserDirectory, mailer outbound.Mailer, on ...domain.EventType) *Notice {
	return &Notice{template: template, on: on, users: users, mailer: mailer}
}

// Name implements inbound.Reaction.
func (n *Notice) Name() string { return string(n.template) + "_notice" }

// On implements inbound.Reaction.
func (n *Notice) On() []domain.EventType { return n.on }

// React implements inbound.Reaction. Who is gone by now is told nothing.
func (n *Notice) React(ctx context.Context, o domain.Occurrence) error {
	owner, err := subject(ctx, n.users, o)
	if err != nil || owner == nil {
		return err
	}
	s := owner.Snapshot()
	return n.mailer.Send(ctx, outbound.Mail{ID: o.ID.String(), Template: n.template, To: s.Email, Username: s.Username, At: o.OccurredAt})
}

// subject gives the user whom an event is about; nil where there is none any more.
func subject(ctx context.Context, users outbound.UserDirectory, o domain.Occurrence) (*user.User, error) {
	id, err := domain.ParseID(o.Subject.ID)
	if err != nil {
		return nil, err
	}
	found, err := users.ByID(ctx, id)
	if err != nil && domain.AsError(err).Kind == domain.KindNotFound {
		return nil, nil
	}
	return found, err
}
