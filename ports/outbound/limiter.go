package outbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
)

// RateLimiter counts what happens under a key within a limit's sliding window,
// on all instances together. Within no span of the window's length are more
// attempts admitted than the limit's count; an attempt leaves the count when the
// window has passed since, or a sixtieth of the window later.
//
// Limits below ExactBelow are exact: of N callers at once as many are admitted
// as the count leaves room for. Of larger ones an instance may take up to 2 % of
// the count in advance, count it for a tenth of the window longer, and lose what
// it does not use.
//
// Keys of different limits are apart, and so are those of different windows;
// a count that changes judges what was counted before. A limit that is off
// admits everything. Keys may be shown to whoever operates the store: they hold
// no name and no address that was not hashed.
type RateLimiter interface {
	// Reserve admits and counts one attempt, or refuses it uncounted with
	// domain.RateLimited and the time after which, if nothing else happens, one
	// would be admitted. The store does not answer: KindUnavailable, and from
	// then on nothing is admitted or refused without asking it again.
	Reserve(ctx context.Context, limit domain.Limit, key string) (Reservation, error)
	// Peek refuses as Reserve would where this process knows that it would, counts
	// nothing and asks nobody. Once an instance refused in Reserve it knows until
	// the time it told, unless it gives something back under the key meanwhile.
	Peek(limit domain.Limit, key string) error
}

// ExactBelow is the count from which on a limit may be taken in advance.
const ExactBelow = 1000

// Reservation is one counted attempt.
type Reservation interface {
	// GiveBack uncounts it, once: called again it does nothing. The store does
	// not answer: KindUnavailable, and the attempt stays counted.
	GiveBack(ctx context.Context) error
}
