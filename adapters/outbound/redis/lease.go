package redis

import (
	"context"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	// leaseSlots is how many slots a lease lasts beyond the one it was taken in.
	// It is counted in the last of them: an attempt admitted from it never leaves
	// the count before its time.
	leaseSlots = slots / 10

	// leaseShare is the share of a limit that one lease may be: 2 %.
	leaseShare = 50

	// maxStandings bounds the keys of one generation.
	maxStandings = 50_000
)

// standing is what this process knows about one key: attempts taken in
// advance, or until when there are none.
type standing struct {
	mu           sync.Mutex
	refusedUntil time.Time
	left, size   int       // of the lease
	until        time.Time // the lease's end
	refill       *refill   // under way
}

// refill is one round trip that callers for the same key share.
type refill struct {
	done chan struct{}
	err  error
}

func (s *standing) refuse(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusedUntil = until
}

func (s *standing) refused(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusedUntil.Sub(now)
}

// lease admits from what was taken in advance, and takes more where that is
// used up or too old.
func (l *Limiter) lease(ctx context.Context, limit domain.Limit, key string) (outbound.Reservation, error) {
	s := l.known.make(limit, key)
	for {
		now := l.clock.Now()
		s.mu.Lock()
		if wait := s.refusedUntil.Sub(now); wait > 0 {
			s.mu.Unlock()
			return nil, domain.RateLimited(limit, wait)
		}
		if s.left > 0 && now.Before(s.until) {
			s.left--
			r := &leased{standing: s, until: s.until}
			s.mu.Unlock()
			return r, nil
		}
		under, mine := s.refill, s.refill == nil
		var size int
		if mine {
			under = &refill{done: make(chan struct{})}
			s.refill = under
			size = s.nextSize(limit, now)
		}
		s.mu.Unlock()
		if mine {
			l.refill(ctx, s, under, limit, key, now, size)
		}
		select {
		case <-under.done:
			if under.err != nil {
				return nil, under.err
			}
		case <-ctx.Done():
			return nil, domain.Unavailable(ctx.Err(), retryAfter)
		}
	}
}

// nextSize doubles after a lease that was used up early and halves after one
// that was not, so that the idle take little and the busy seldom ask.
func (s *standing) nextSize(limit domain.Limit, now time.Time) int {
	most := limit.Count / leaseShare
	switch {
	case s.size == 0:
		return max(1, most/4)
	case s.left == 0 && now.Before(s.until):
		return min(most, 2*s.size)
	}
	return max(1, s.size/2)
}

func (l *Limiter) refill(ctx context.Context, s *standing, under *refill, limit domain.Limit, key string, now time.Time, size int) {
	last := slotAt(now, limit.Window) + leaseSlots
	// Others wait for it too, so one caller who leaves must not end it.
	taken, wait, err := l.take(context.WithoutCancel(ctx), limit, key, now, last, size)
	s.mu.Lock()
	s.refill, under.err = nil, err
	switch {
	case err != nil:
	case taken == 0:
		s.refusedUntil = now.Add(wait)
	default:
		s.left, s.size, s.until = taken, size, time.UnixMilli((last+1)*slotOf(limit.Window).Milliseconds())
	}
	s.mu.Unlock()
	close(under.done)
}

// leased is one attempt out of a lease.
type leased struct {
	standing *standing
	until    time.Time
	back     bool // guarded by the standing
}

// GiveBack puts the attempt back into its lease, where that still lasts.
func (r *leased) GiveBack(context.Context) error {
	r.standing.mu.Lock()
	defer r.standing.mu.Unlock()
	if !r.back && r.until.Equal(r.standing.until) {
		r.standing.left++
		r.standing.refusedUntil = time.Time{}
	}
	r.back = true
	return nil
}

// standings keeps what is known, bounded by two generations: what is used moves
// to the young one, and when that is full the old one is forgotten. Forgetting a
// lease loses no more than its attempts.
type standings struct {
	mu         sync.Mutex
	young, old map[standingKey]*standing
}

type standingKey struct {
	limit domain.Limit
	key   string
}

func newStandings() *standings { return &standings{young: map[standingKey]*standing{}} }

func (s *standings) find(limit domain.Limit, key string) *standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := standingKey{limit, key}
	found := s.young[k]
	if found == nil {
		if found = s.old[k]; found != nil {
			s.keep(k, found)
		}
	}
	return found
}

func (s *standings) make(limit domain.Limit, key string) *standing {
	if found := s.find(limit, key); found != nil {
		return found
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := standingKey{limit, key}
	if found := s.young[k]; found != nil {
		return found // made meanwhile
	}
	made := &standing{}
	s.keep(k, made)
	return made
}

func (s *standings) keep(k standingKey, one *standing) {
	if len(s.young) >= maxStandings {
		s.young, s.old = make(map[standingKey]*standing), s.young
	}
	s.young[k] = one
}

func (s *standings) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young, s.old = map[standingKey]*standing{}, nil
}
