package system

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// Clock is the wall clock.
type Clock struct{}

var _ outbound.Clock = Clock{}

// NewClock gives the wall clock.
func NewClock() Clock { return Clock{} }

// Now gives the time in UTC, in whole microseconds: what a database gives back
// then equals what it was given. There is no monotonic reading in it.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Sleep waits for d, or until ctx ends, and then returns the context's error.
func (Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
