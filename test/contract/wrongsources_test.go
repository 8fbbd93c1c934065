package contract_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongClock is right, unless told otherwise.
type wrongClock struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

func (c wrongClock) Now() time.Time { return c.now() }

func (c wrongClock) Sleep(ctx context.Context, d time.Duration) error { return c.sleep(ctx, d) }

func telling(now func() time.Time) func(*testing.T) {
	return func(t *testing.T) { contract.RunClock(t, wrongClock{now, system.NewClock().Sleep}) }
}

func sleeping(sleep func(context.Context, time.Duration) error) func(*testing.T) {
	return func(t *testing.T) { contract.RunClock(t, wrongClock{system.NewClock().Now, sleep}) }
}

var wrongClocks = adapterSuite{
	right: telling(system.NewClock().Now),
	wrong: []wrongAdapter{
		{"tells times of another zone", telling(func() time.Time { return system.NewClock().Now().In(elsewhere) }), "times are UTC"},
		{"tells finer times", telling(func() time.Time { return system.NewClock().Now().Add(1) }), "in whole microseconds"},
		{"goes back", func(t *testing.T) {
			ticks, began := 0, system.NewClock().Now()
			telling(func() time.Time {
				ticks++
				return began.Add(-time.Duration(ticks) * time.Second)
			})(t)
		}, "do not go back"},
		{"does not sleep", sleeping(func(ctx context.Context, _ time.Duration) error { return ctx.Err() }), "sleeping takes the time"},
		{"wants to sleep", sleeping(func(ctx context.Context, d time.Duration) error {
			if d <= 0 {
				return domain.Invalid(domain.CodeInvalidInput, "no time")
			}
			return system.NewClock().Sleep(ctx, d)
		}), "sleeping no time returns"},
		{"sleeps on", sleeping(func(_ context.Context, d time.Duration) error {
			time.Sleep(min(d, 10*time.Millisecond))
			return nil
		}), "sleeping ends with the context"},
	},
}

// wrongRandom is right, unless told otherwise.
type wrongRandom struct {
	id      func(at time.Time) domain.ID
	entropy func() [32]byte
}

func (r wrongRandom) NewID(at time.Time) domain.ID { return r.id(at) }

func (r wrongRandom) Entropy() [32]byte { return r.entropy() }

func ids(id func(at time.Time) domain.ID) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunRandom(t, wrongRandom{id, system.NewRandom().Entropy}, system.NewClock())
	}
}

func entropy(draw func() [32]byte) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunRandom(t, wrongRandom{system.NewRandom().NewID, draw}, system.NewClock())
	}
}

var wrongRandoms = adapterSuite{
	right: ids(system.NewRandom().NewID),
	wrong: []wrongAdapter{
		{"makes ids of version 4", ids(func(at time.Time) domain.ID {
			id := system.NewRandom().NewID(at)
			id[6] = id[6]&0x0f | 0x40
			return id
		}), "ids are of version 7"},
		{"tells another time", ids(func(at time.Time) domain.ID { return system.NewRandom().NewID(at.Add(time.Hour)) }), "tell their millisecond"},
		{"counts time backwards", ids(func(at time.Time) domain.ID {
			return system.NewRandom().NewID(time.UnixMilli(4e12 - at.UnixMilli()))
		}), "ids of later milliseconds sort later"},
		{"makes one id a millisecond", ids(func(at time.Time) domain.ID {
			id := system.NewRandom().NewID(at)
			clear(id[7:])
			id[6], id[8] = 0x70, 0x80
			return id
		}), "all differ"},
		{"draws 16 bits", entropy(func() [32]byte {
			draw := system.NewRandom().Entropy()
			return [32]byte(slices.Repeat(draw[:2], 16))
		}), "all differ"},
		{"draws letters", entropy(func() [32]byte {
			draw := system.NewRandom().Entropy()
			for i := range draw {
				draw[i] = 'a' + draw[i]%26
			}
			return draw
		}), "every byte of entropy varies"},
	},
}

// wrongBus is right, unless told otherwise.
type wrongBus struct {
	outbound.SignalBus
	publish   func(context.Context, []token.Signal) error
	subscribe func(context.Context, func([]token.Signal)) error
}

func (b *wrongBus) Publish(ctx context.Context, signals ...token.Signal) error {
	return b.publish(ctx, signals)
}

func (b *wrongBus) Subscribe(ctx context.Context, receive func([]token.Signal)) error {
	return b.subscribe(ctx, receive)
}

func buses(change func(*wrongBus)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunSignalBus(t, func(*testing.T) (a, b outbound.SignalBus) {
			next := memory.NewSignalBus(system.NewClock())
			bus := &wrongBus{next, func(ctx context.Context, signals []token.Signal) error { return next.Publish(ctx, signals...) }, next.Subscribe}
			change(bus)
			return bus, bus
		})
	}
}

func publishing(change func([]token.Signal) []token.Signal) func(*testing.T) {
	return buses(func(b *wrongBus) {
		b.publish = func(ctx context.Context, signals []token.Signal) error {
			return b.SignalBus.Publish(ctx, change(signals)...)
		}
	})
}

var wrongBuses = adapterSuite{
	right: buses(func(*wrongBus) {}),
	wrong: []wrongAdapter{
		{"drops all but one", publishing(func(signals []token.Signal) []token.Signal { return signals[:min(1, len(signals))] }), "reaches every subscriber"},
		{"forgets before when", publishing(func(signals []token.Signal) []token.Signal {
			changed := slices.Clone(signals)
			for i := range changed {
				changed[i].Before = time.Time{}
			}
			return changed
		}), "as it was"},
		{"shares what it hands over", func(t *testing.T) {
			contract.RunSignalBus(t, func(*testing.T) (a, b outbound.SignalBus) {
				one := &sharing{SignalBus: memory.NewSignalBus(system.NewClock())}
				return one, one
			})
		}, "reaches every subscriber"},
		{"lives once", func(t *testing.T) {
			buses(func(b *wrongBus) {
				b.subscribe = func(ctx context.Context, receive func([]token.Signal)) error {
					alive := false
					return b.SignalBus.Subscribe(ctx, func(signals []token.Signal) {
						if len(signals) > 0 || !alive {
							alive = true
							receive(signals)
						}
					})
				}
			})(t)
		}, "signs of life"},
		{"goes on after the end", buses(func(b *wrongBus) {
			b.subscribe = func(ctx context.Context, receive func([]token.Signal)) error {
				beyond, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
				go func() {
					defer end()
					_ = b.SignalBus.Subscribe(beyond, receive) // ends by the time
				}()
				<-ctx.Done()
				return ctx.Err()
			}
		}), "a subscription ends with its context"},
		{"wants a listener", buses(func(b *wrongBus) {
			var listening atomic.Int32
			b.subscribe = func(ctx context.Context, receive func([]token.Signal)) error {
				listening.Add(1)
				defer listening.Add(-1)
				return b.SignalBus.Subscribe(ctx, receive)
			}
			b.publish = func(ctx context.Context, signals []token.Signal) error {
				if listening.Load() == 0 {
					return domain.Internal(errNotAlone)
				}
				return b.SignalBus.Publish(ctx, signals...)
			}
		}), "publishing where nobody listens"},
		{"keeps what it is handed", buses(func(b *wrongBus) {
			b.publish = func(ctx context.Context, signals []token.Signal) error {
				if err := ctx.Err(); err != nil {
					return b.SignalBus.Publish(ctx)
				}
				time.AfterFunc(20*time.Millisecond, func() { _ = b.SignalBus.Publish(context.WithoutCancel(ctx), signals...) }) // never fails
				return nil
			}
		}), "what is handed in is not kept"},
		{"does not hear of an end", buses(func(b *wrongBus) {
			b.publish = func(ctx context.Context, signals []token.Signal) error {
				return b.SignalBus.Publish(context.WithoutCancel(ctx), signals...)
			}
		}), "an ended context"},
		{"serves one publisher", buses(func(b *wrongBus) {
			one := &alone{}
			b.publish = func(ctx context.Context, signals []token.Signal) error {
				if err := one.enter(); err != nil {
					return err
				}
				return b.SignalBus.Publish(ctx, signals...)
			}
		}), "200 signals of 10 publishers"},
	},
}

// sharing hands the same signals to all.
type sharing struct {
	outbound.SignalBus
	mu   sync.Mutex
	last []token.Signal
}

func (s *sharing) Publish(ctx context.Context, signals ...token.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = slices.Clone(signals)
	return s.SignalBus.Publish(ctx, signals...)
}

func (s *sharing) Subscribe(ctx context.Context, receive func([]token.Signal)) error {
	return s.SignalBus.Subscribe(ctx, func(signals []token.Signal) {
		if len(signals) > 0 {
			signals = s.last
		}
		receive(signals)
	})
}
