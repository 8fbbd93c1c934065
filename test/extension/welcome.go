package extension

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Welcome is a reaction: it announces who was given an account. It may announce
// twice, as every reaction may run twice.
type Welcome struct {
	users    outbound.UserDirectory
	announce func(name string)
}

var _ inbound.Reaction = (*Welcome)(nil)

// NewWelcome makes the reaction.
func NewWelcome(users outbound.UserDirectory, announce func(name string)) *Welcome {
	return &Welcome{users: users, announce: announce}
}

// Name implements inbound.Reaction.
func (*Welcome) Name() string { return "example_welcome" }

// On implements inbound.Reaction.
func (*Welcome) On() []domain.EventType { return []domain.EventType{domain.EventUserCreated} }

// React implements inbound.Reaction. Who is gone by now is not announced.
func (w *Welcome) React(ctx context.Context, o domain.Occurrence) error {
	id, err := domain.ParseID(o.Subject.ID)
	if err != nil {
		return err
	}
	newcomer, err := w.users.ByID(ctx, id)
	if err != nil && domain.AsError(err).Kind == domain.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	w.announce(string(newcomer.Username()))
	return nil
}
