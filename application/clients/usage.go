package clients

import (
	"context"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// noteEvery is how far the stored last use may be behind.
const noteEvery = 5 * time.Second

// Usage notes when clients were last used: in memory at once, and in the store
// every few seconds in one statement, so that no token costs a write.
type Usage struct {
	clock outbound.Clock
	store outbound.ClientUsage

	mu   sync.Mutex
	last map[string]time.Time // not stored yet

	stop context.CancelFunc
	done sync.WaitGroup
}

// NewUsage makes a record that Start begins to store.
func NewUsage(clock outbound.Clock, store outbound.ClientUsage) *Usage {
	return &Usage{clock: clock, store: store, last: map[string]time.Time{}}
}

// Used notes that a client proved itself.
func (u *Usage) Used(clientID string, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last[clientID].Before(at) {
		u.last[clientID] = at
	}
}

// Start stores what was noted every few seconds, until Stop.
func (u *Usage) Start(ctx context.Context) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	u.stop = stop
	u.done.Go(func() {
		for u.clock.Sleep(running, noteEvery) == nil {
			_ = u.flush(running) // what failed is kept, and the next round tries again
		}
	})
}

// Stop stores what is left.
func (u *Usage) Stop(ctx context.Context) error {
	if u.stop == nil {
		return nil
	}
	u.stop()
	u.done.Wait()
	return u.flush(ctx)
}

func (u *Usage) flush(ctx context.Context) error {
	u.mu.Lock()
	noted := u.last
	u.last = map[string]time.Time{}
	u.mu.Unlock()
	if len(noted) == 0 {
		return nil
	}
	err := u.store.Record(ctx, noted)
	if err != nil {
		for id, at := range noted {
			u.Used(id, at)
		}
	}
	return err
}
