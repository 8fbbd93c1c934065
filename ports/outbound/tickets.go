package outbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain/token"
)

// Tickets stores tickets. Whoever spends one gets it, deletes it and does what
// it was for in one unit of work: of any number who try, one succeeds.
type Tickets interface {
	// Put stores a ticket in place of the holder's other of its purpose.
	Put(ctx context.Context, t *token.Ticket) error
	// Add stores a ticket of which the holder has none, not even an expired one:
	// else CodeConflict. Of any number who add at once, one succeeds.
	Add(ctx context.Context, t *token.Ticket) error
	// Get gives the ticket, expired or not, and locks it until the unit of work
	// ends. Not found: KindNotFound.
	Get(ctx context.Context, purpose, holder string) (*token.Ticket, error)
	// Save stores a changed ticket. Gone or replaced: KindNotFound.
	Save(ctx context.Context, t *token.Ticket) error
	// Delete removes the ticket. Gone or replaced: KindNotFound.
	Delete(ctx context.Context, t *token.Ticket) error
}
