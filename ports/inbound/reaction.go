package inbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
)

// Reaction is what follows from events after their transaction: a mail, an SMS.
type Reaction interface {
	// Name is unique and stable: jobs that wait carry it.
	Name() string
	// On lists the events it follows from.
	On() []domain.EventType
	// React runs at least once for each of those events, and again after a
	// failure, later and later; so it is idempotent. Of the occurrence it is
	// told ID, Type, Subject without a name, and OccurredAt. Its errors are
	// stored and logged: they hold no secret and no address.
	React(ctx context.Context, o domain.Occurrence) error
}
