package contract_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongLimiter is right, unless told otherwise.
type wrongLimiter struct {
	outbound.RateLimiter
	clock    outbound.Clock
	judge    func(limit *domain.Limit, key *string)
	tell     func(*domain.Error)
	peek     func(limit domain.Limit, key string) error
	giveBack func(*wrongReservation, context.Context) error
	deaf     bool

	mu    sync.Mutex
	first map[string]int
	taken []*wrongReservation
}

type wrongReservation struct {
	outbound.Reservation
	of   *wrongLimiter
	at   time.Time
	back int
}

func (r *wrongReservation) GiveBack(ctx context.Context) error {
	if r.of.giveBack != nil {
		return r.of.giveBack(r, ctx)
	}
	return r.Reservation.GiveBack(ctx)
}

func (l *wrongLimiter) Reserve(ctx context.Context, limit domain.Limit, key string) (outbound.Reservation, error) {
	if l.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	if l.judge != nil {
		l.judge(&limit, &key)
	}
	r, err := l.RateLimiter.Reserve(ctx, limit, key)
	if err != nil {
		return nil, l.told(err)
	}
	mine := &wrongReservation{Reservation: r, of: l, at: l.clock.Now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = append(l.taken, mine)
	return mine, nil
}

func (l *wrongLimiter) Peek(limit domain.Limit, key string) error {
	if l.peek != nil {
		return l.peek(limit, key)
	}
	return l.told(l.RateLimiter.Peek(limit, key))
}

func (l *wrongLimiter) told(err error) error {
	if err == nil || l.tell == nil {
		return err
	}
	e := *domain.AsError(err)
	l.tell(&e)
	return &e
}

// another frees a place that was not given back.
func (l *wrongLimiter) another(ctx context.Context, but *wrongReservation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range slices.Backward(l.taken) {
		if r != but && r.back == 0 {
			r.back++
			return r.Reservation.GiveBack(ctx)
		}
	}
	return nil
}

// limiters share what they count, as two instances do.
func limiters(change func(*wrongLimiter)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunRateLimiter(t, func(_ *testing.T, clock outbound.Clock) (a, b outbound.RateLimiter) {
			l := &wrongLimiter{RateLimiter: memory.NewLimiter(clock), clock: clock, first: map[string]int{}}
			change(l)
			return l, l
		})
	}
}

func judging(judge func(limit *domain.Limit, key *string)) func(*testing.T) {
	return limiters(func(l *wrongLimiter) { l.judge = judge })
}

var wrongRateLimiters = adapterSuite{
	right: limiters(func(*wrongLimiter) {}),
	wrong: []wrongAdapter{
		{"admits one more", judging(func(limit *domain.Limit, _ *string) {
			if limit.Count > 0 {
				limit.Count++
			}
		}), "the count is admitted, the rest is refused"},
		{"wastes much of a large limit", judging(func(limit *domain.Limit, _ *string) {
			if limit.Count >= outbound.ExactBelow {
				limit.Count = limit.Count * 9 / 10
			}
		}), "a large limit is used up to 2 %"},
		{"has windows with borders", func(t *testing.T) {
			contract.RunRateLimiter(t, func(_ *testing.T, clock outbound.Clock) (a, b outbound.RateLimiter) {
				l := &wrongLimiter{RateLimiter: memory.NewLimiter(clock), clock: clock}
				l.judge = func(limit *domain.Limit, key *string) {
					*key += clock.Now().Truncate(limit.Window).String()
				}
				return l, l
			})
		}, "no span of the window's length holds more"},
		{"has short windows", judging(func(limit *domain.Limit, _ *string) { limit.Window /= 2 }), "there is no second burst at any border"},
		{"knows one key", judging(func(_ *domain.Limit, key *string) { *key = "" }), "keys, limits and windows are apart"},
		{"knows one limit", judging(func(limit *domain.Limit, _ *string) { limit.Name = domain.LimitLoginIP }), "keys, limits and windows are apart"},
		{"never changes a count", limiters(func(l *wrongLimiter) {
			l.judge = func(limit *domain.Limit, key *string) {
				l.mu.Lock()
				defer l.mu.Unlock()
				if l.first[*key] == 0 {
					l.first[*key] = limit.Count
				}
				limit.Count = l.first[*key]
			}
		}), "a changed count judges what was counted"},
		{"is never off", judging(func(limit *domain.Limit, _ *string) {
			if limit.Count == 0 {
				limit.Count = 1
			}
		}), "a limit that is off admits everything"},
		{"tells too short a time", limiters(func(l *wrongLimiter) { l.tell = func(e *domain.Error) { e.RetryAfter -= 2 * time.Second } }), "the time that is told"},
		{"tells no time", limiters(func(l *wrongLimiter) { l.tell = func(e *domain.Error) { e.RetryAfter = 0 } }), "one a minute"},
		{"tells no limit", limiters(func(l *wrongLimiter) { l.tell = func(e *domain.Error) { e.Limit = domain.Limit{} } }), "the count is admitted, the rest is refused"},
		{"gives nothing back", limiters(func(l *wrongLimiter) {
			l.giveBack = func(*wrongReservation, context.Context) error { return nil }
		}), "what is given back is free, once"},
		{"gives back again and again", limiters(func(l *wrongLimiter) {
			l.giveBack = func(r *wrongReservation, ctx context.Context) error {
				if r.back++; r.back > 1 {
					return l.another(ctx, r)
				}
				return r.Reservation.GiveBack(ctx)
			}
		}), "what is given back is free, once"},
		{"gives back what has left", limiters(func(l *wrongLimiter) {
			l.giveBack = func(r *wrongReservation, ctx context.Context) error {
				if l.clock.Now().Sub(r.at) > time.Minute {
					return l.another(ctx, r)
				}
				return r.Reservation.GiveBack(ctx)
			}
		}), "what is given back after its time frees nothing"},
		{"counts peeks", limiters(func(l *wrongLimiter) {
			l.peek = func(limit domain.Limit, key string) error {
				_, err := l.RateLimiter.Reserve(context.Background(), limit, key)
				return err
			}
		}), "a peek counts nothing"},
		{"knows nothing to peek at", limiters(func(l *wrongLimiter) { l.peek = func(domain.Limit, string) error { return nil } }), "a peek counts nothing and knows"},
		{"counts the past apart", limiters(func(l *wrongLimiter) {
			began := l.clock.Now()
			l.judge = func(_ *domain.Limit, key *string) {
				if l.clock.Now().Before(began) {
					*key += " before"
				}
			}
		}), "a clock that is behind counts for the others too"},
		{"does not hear of an end", limiters(func(l *wrongLimiter) { l.deaf = true }), "an ended context"},
		{"counts in each instance", func(t *testing.T) {
			contract.RunRateLimiter(t, func(_ *testing.T, clock outbound.Clock) (a, b outbound.RateLimiter) {
				return memory.NewLimiter(clock), memory.NewLimiter(clock)
			})
		}, "3000 callers of two instances"},
	},
}
