package users

import (
	"context"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// gate lets only so many attempts of one identifier in at once and keeps the
// others of this process waiting, so that a burst for one account neither
// storms the store nor locks its owner out.
type gate struct {
	perKey, maxWaiting int

	mu      sync.Mutex
	keys    map[string]*queue
	waiting int
}

type queue struct {
	slots chan struct{}
	users int // inside or waiting
}

func newGate(perKey, maxWaiting int) *gate {
	return &gate{perKey: max(1, perKey), maxWaiting: maxWaiting, keys: map[string]*queue{}}
}

// enter waits for a place and gives the way out. Too many waiting:
// KindUnavailable with CodeBusy.
func (g *gate) enter(ctx context.Context, key string) (leave func(), err error) {
	q, mustWait, err := g.join(key)
	if err != nil {
		return nil, err
	}
	defer func() {
		if mustWait {
			g.mu.Lock()
			g.waiting--
			g.mu.Unlock()
		}
	}()
	select {
	case q.slots <- struct{}{}:
		return func() { <-q.slots; g.part(key, q) }, nil
	case <-ctx.Done():
		g.part(key, q)
		return nil, domain.Unavailable(ctx.Err(), time.Second)
	}
}

func (g *gate) join(key string) (*queue, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.keys[key]
	mustWait := q != nil && q.users >= g.perKey
	if mustWait && g.waiting >= g.maxWaiting {
		busy := domain.E(domain.KindUnavailable, domain.CodeBusy, "too many attempts are waiting")
		busy.RetryAfter = time.Second
		return nil, false, busy
	}
	if q == nil {
		q = &queue{slots: make(chan struct{}, g.perKey)}
		g.keys[key] = q
	}
	q.users++
	if mustWait {
		g.waiting++
	}
	return q, mustWait, nil
}

func (g *gate) part(key string, q *queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(g.keys, key)
	}
}
