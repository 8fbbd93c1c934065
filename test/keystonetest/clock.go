package keystonetest

import (
	"context"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// Clock stands still until a test moves it. It starts at the real time, so that
// what others check by their own clocks is valid at first.
type Clock struct {
	mu       sync.Mutex
	now      time.Time
	sleepers map[*sleeper]struct{}
}

var _ outbound.Clock = (*Clock)(nil)

type sleeper struct {
	until time.Time
	wake  chan struct{}
}

// NewClock gives a clock that stands at the real time.
func NewClock() *Clock {
	return &Clock{now: time.Now().UTC().Truncate(time.Microsecond), sleepers: map[*sleeper]struct{}{}}
}

// Now implements the port.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep ends when the clock was moved past d, or when d really passed, so that
// what the server does in the background goes on while the clock stands.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	s := c.lieDown(d)
	defer c.getUp(s)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.wake:
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settling bounds how long Advance waits for the background.
const settling = 2 * time.Second

// Advance moves the clock on, by whole microseconds. What slept past that time
// wakes, and Advance returns when it sleeps again: housekeeping that fell due is
// done.
func (c *Clock) Advance(d time.Duration) {
	asleep := c.move(d)
	for deadline := time.Now().Add(settling); c.asleep() < asleep && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// move tells how many slept before.
func (c *Clock) move(d time.Duration) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.sleepers)
	c.now = c.now.Add(d).Truncate(time.Microsecond)
	for s := range c.sleepers {
		if !s.until.After(c.now) {
			delete(c.sleepers, s)
			close(s.wake)
		}
	}
	return before
}

func (c *Clock) asleep() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sleepers)
}

func (c *Clock) lieDown(d time.Duration) *sleeper {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &sleeper{until: c.now.Add(d), wake: make(chan struct{})}
	c.sleepers[s] = struct{}{}
	return s
}

func (c *Clock) getUp(s *sleeper) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sleepers, s)
}
