package outbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// AuditSeals keeps the seals of the audit trail, beside it: storing an event
// never waits for them.
type AuditSeals interface {
	// Newest gives the newest seal, the zero Seal where there is none, and the
	// highest place that a record has.
	Newest(ctx context.Context) (domain.Seal, int64, error)
	// Records gives up to limit records after a place, up to and including
	// another, in order.
	Records(ctx context.Context, after, upTo int64, limit int) ([]domain.StoredRecord, error)
	// Add stores a seal. One of that number is there: KindConflict.
	Add(ctx context.Context, s domain.Seal) error
	// Seals gives up to limit seals after a number, in order.
	Seals(ctx context.Context, after int64, limit int) ([]domain.Seal, error)
	// Cut stores a seal's checkpoint and deletes the seals before it.
	Cut(ctx context.Context, checkpoint domain.Seal) error
	// Sweep deletes up to limit records up to and including a place that
	// occurred before the given time, and tells how many.
	Sweep(ctx context.Context, upTo int64, before time.Time, limit int) (int, error)
}
