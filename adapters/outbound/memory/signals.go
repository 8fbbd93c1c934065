package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// lifeSign is how often subscribers hear that the bus works: well within the
// 250 ms that the port promises.
const lifeSign = 150 * time.Millisecond

// SignalBus is an outbound.SignalBus for one process. Publish has called every
// subscriber by the time it returns. A subscriber must not publish from within
// receive: it is called once at a time.
type SignalBus struct {
	clock outbound.Clock

	mu          sync.Mutex
	subscribers map[*subscriber]struct{}
}

var _ outbound.SignalBus = (*SignalBus)(nil)

// NewSignalBus makes a bus that nobody listens to yet.
func NewSignalBus(clock outbound.Clock) *SignalBus {
	return &SignalBus{clock: clock, subscribers: map[*subscriber]struct{}{}}
}

// Publish hands the signals to every subscriber.
func (b *SignalBus) Publish(ctx context.Context, signals ...token.Signal) error {
	if err := ctx.Err(); err != nil {
		return domain.Unavailable(err, 0)
	}
	if len(signals) == 0 {
		return nil // would pass for a sign of life
	}
	b.mu.Lock()
	listening := make([]*subscriber, 0, len(b.subscribers))
	for s := range b.subscribers {
		listening = append(listening, s)
	}
	b.mu.Unlock()
	for _, s := range listening {
		s.deliver(slices.Clone(signals))
	}
	return nil
}

// Subscribe calls receive until ctx ends, and returns the context's error.
func (b *SignalBus) Subscribe(ctx context.Context, receive func(signals []token.Signal)) error {
	s := &subscriber{receive: receive}
	b.mu.Lock()
	b.subscribers[s] = struct{}{}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.subscribers, s)
		b.mu.Unlock()
		s.leave()
	}()
	for {
		s.deliver(nil)
		if err := b.clock.Sleep(ctx, lifeSign); err != nil {
			return err
		}
	}
}

// subscriber serialises the calls of one receive, and ends them.
type subscriber struct {
	mu      sync.Mutex
	receive func([]token.Signal)
	left    bool
}

func (s *subscriber) deliver(signals []token.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.left {
		s.receive(signals)
	}
}

func (s *subscriber) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
}
