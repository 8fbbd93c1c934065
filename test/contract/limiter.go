package contract

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// hand is a clock that moves when it is told to.
type hand struct {
	mu sync.Mutex
	at time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hand) Sleep(_ context.Context, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
	return nil
}

// limiting is one case: two instances of one limiter, and their time.
type limiting struct {
	*testing.T
	clock *hand
	a, b  outbound.RateLimiter
	limit domain.Limit
	key   string
}

func (c *limiting) reserve(on outbound.RateLimiter) (outbound.Reservation, error) {
	c.Helper()
	return on.Reserve(within(c), c.limit, c.key)
}

func (c *limiting) wantAdmitted(on outbound.RateLimiter) outbound.Reservation {
	c.Helper()
	r, err := c.reserve(on)
	ok(c, err)
	return r
}

// wantRefused gives the time that was told.
func (c *limiting) wantRefused(on outbound.RateLimiter) time.Duration {
	c.Helper()
	_, err := c.reserve(on)
	return c.refusal(err)
}

func (c *limiting) refusal(err error) time.Duration {
	c.Helper()
	wantCode(c, err, domain.CodeRateLimited)
	wantKind(c, err, domain.KindLimited)
	var e *domain.Error
	if !errors.As(err, &e) {
		return 0
	}
	same(c, "limit", e.Limit, c.limit)
	if e.RetryAfter <= 0 || e.RetryAfter > c.limit.Window*9/8 {
		c.Errorf("told to wait %v", e.RetryAfter)
	}
	return e.RetryAfter
}

// fill admits as many as there is room for, on both in turn.
func (c *limiting) fill(count int) []outbound.Reservation {
	c.Helper()
	taken := make([]outbound.Reservation, count)
	for i := range taken {
		taken[i] = c.wantAdmitted([]outbound.RateLimiter{c.a, c.b}[i%2])
	}
	return taken
}

func (c *limiting) pass(d time.Duration) { _ = c.clock.Sleep(c.Context(), d) } // never fails

// RunRateLimiter holds an implementation to outbound.RateLimiter and to the
// outbound.Reservation it gives. open gives
// two endpoints of one limiter, as two instances have them, that tell the time
// by the clock they are given.
func RunRateLimiter(t *testing.T, open func(t *testing.T, clock outbound.Clock) (a, b outbound.RateLimiter)) {
	run := func(t *testing.T, name string, count int, test func(c *limiting)) {
		t.Run(name, func(t *testing.T) {
			c := &limiting{T: t, clock: &hand{at: given.Now}, key: "key", limit: domain.Limit{Name: domain.LimitLoginIP, Count: count, Window: time.Minute}}
			c.a, c.b = open(t, c.clock)
			test(c)
		})
	}
	t.Run("behaviour", func(t *testing.T) {
		for name, test := range limiterCases {
			run(t, name, 10, test)
		}
		run(t, "one a minute", 1, func(c *limiting) {
			c.fill(1)
			c.pass(c.wantRefused(c.b))
			c.fill(1)
			c.wantRefused(c.a)
		})
		run(t, "a large limit is used up to 2 % and never exceeded", 5000, func(c *limiting) {
			admitted := 0
			for refused := 0; refused < 20; {
				for _, on := range []outbound.RateLimiter{c.a, c.b, c.b} {
					if _, err := c.reserve(on); err != nil {
						c.refusal(err)
						refused++
						continue
					}
					admitted++
				}
			}
			if admitted > 5000 || admitted < 4800 {
				c.Errorf("%d were admitted", admitted)
			}
			c.pass(2 * time.Minute)
			c.wantAdmitted(c.a)
			c.wantAdmitted(c.b)
		})
		run(t, "what is given back to a large limit serves again", 1000, func(c *limiting) {
			for range 3000 {
				ok(c, c.wantAdmitted(c.a).GiveBack(within(c)))
			}
		})
	})
	t.Run("no span of the window's length holds more", func(t *testing.T) {
		for _, count := range []int{1, 3, 10, 1500} {
			run(t, fmt.Sprint(count), count, func(c *limiting) { c.slide() })
		}
	})
	t.Run("contention", func(t *testing.T) {
		for _, count := range []int{1, 50, 999} {
			run(t, fmt.Sprintf("200 callers of two instances for the last places of %d: as many are admitted", count), count, func(c *limiting) {
				places := min(count, 50)
				c.fill(count - places)
				wantWinners(c, c.race(200), places, domain.CodeRateLimited)
			})
		}
		run(t, "3000 callers of two instances, a large limit: no more than it allows", 2000, func(c *limiting) {
			admitted := 0
			for _, err := range c.race(3000) {
				if err == nil {
					admitted++
				}
			}
			if admitted > 2000 || admitted < 1900 {
				c.Errorf("%d were admitted", admitted)
			}
		})
		run(t, "200 callers who give back: nothing stays counted", 200, func(c *limiting) {
			wantAll(c, race(200, func(i int) error {
				r, err := c.reserve([]outbound.RateLimiter{c.a, c.b}[i%2])
				if err != nil {
					return err
				}
				return r.GiveBack(within(c))
			}))
			c.fill(200)
			c.wantRefused(c.a)
		})
	})
}

func (c *limiting) race(callers int) []error {
	return race(callers, func(i int) error {
		_, err := c.reserve([]outbound.RateLimiter{c.a, c.b}[i%2])
		return err
	})
}

// slide hammers through three windows in uneven steps and counts what was
// admitted in every span of the window's length.
func (c *limiting) slide() {
	var admitted []time.Time
	burst := min(c.limit.Count, 300)
	for step := range 200 {
		for i := range burst {
			if _, err := c.reserve([]outbound.RateLimiter{c.a, c.b}[i%2]); err != nil {
				c.refusal(err)
				break
			}
			admitted = append(admitted, c.clock.Now())
		}
		c.pass(time.Duration(1+step*step*37%1700) * time.Millisecond)
	}
	first := 0
	for i, at := range admitted {
		for !admitted[first].After(at.Add(-c.limit.Window)) {
			first++
		}
		if within := i - first + 1; within > c.limit.Count {
			c.Fatalf("%d within one window", within)
		}
	}
	if len(admitted) < 2*c.limit.Count {
		c.Errorf("only %d in almost three windows", len(admitted))
	}
}
