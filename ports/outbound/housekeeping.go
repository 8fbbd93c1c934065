package outbound

import (
	"context"
	"time"
)

// Housekeeping deletes what nobody needs any more. Each call deletes up to
// limit rows that ended before the given time and tells how many, fewer only
// where no more are left; rows that another instance holds are left to it. A
// row that is at the time itself stays.
type Housekeeping interface {
	// Sessions that ended or expired, the refresh tokens of each first: both
	// are rows. The tokens of a living session stay, used ones above all: they
	// are what tells a theft. What a call costs must not grow with how many
	// sessions are over.
	Sessions(ctx context.Context, before time.Time, limit int) (int, error)
	// PendingRegistrations that expired.
	PendingRegistrations(ctx context.Context, before time.Time, limit int) (int, error)
	// Lockouts that were not touched, and whose lock, if any, is over.
	Lockouts(ctx context.Context, before time.Time, limit int) (int, error)
	// Tickets that expired.
	Tickets(ctx context.Context, before time.Time, limit int) (int, error)
	// SigningKeys that are no longer trusted.
	SigningKeys(ctx context.Context, before time.Time, limit int) (int, error)
}
