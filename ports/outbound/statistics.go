package outbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// Statistics counts. The numbers need not be of one moment.
type Statistics interface {
	// Count gives the numbers at the given time, with as many hours, the
	// current one included.
	Count(ctx context.Context, now time.Time, hours int) (domain.Statistics, error)
}
