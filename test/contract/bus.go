package contract

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// arrival bounds the wait for what a working bus delivers at once; the suite's
// own tests shorten it.
var arrival = 20 * time.Second

// listener collects what one subscription receives.
type listener struct {
	mutex  sync.Mutex
	alive  int
	got    map[string]token.Signal
	change chan struct{} // closed and renewed whenever something came
	ended  chan error
}

// listen subscribes and waits for the first sign of life, from which on a bus
// that works loses nothing. stop ends the subscription.
func listen(t *testing.T, bus outbound.SignalBus) (l *listener, stop func()) {
	t.Helper()
	l = &listener{got: map[string]token.Signal{}, change: make(chan struct{}), ended: make(chan error, 1)}
	ctx, stop := context.WithCancel(within(t))
	go func() { l.ended <- bus.Subscribe(ctx, l.receive) }()
	t.Cleanup(func() {
		stop()
		l.wantEnd(t)
	})
	l.wait(t, "a sign of life", func() bool { return l.alive > 0 })
	return l, stop
}

func (l *listener) receive(signals []token.Signal) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(signals) == 0 {
		l.alive++
	}
	for i := range signals {
		l.got[signals[i].ID] = signals[i]
		signals[i].ID = "the receiver's own"
	}
	close(l.change)
	l.change = make(chan struct{})
}

// wait waits until what was received is as wanted.
func (l *listener) wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	patience := time.After(arrival)
	for {
		l.mutex.Lock()
		held, change := holds(), l.change
		l.mutex.Unlock()
		if held {
			return
		}
		select {
		case <-change:
		case <-patience:
			t.Fatalf("%s did not come", what)
		}
	}
}

func (l *listener) wantSignal(t *testing.T, want token.Signal) {
	t.Helper()
	l.wait(t, "the signal", func() bool { _, came := l.got[want.ID]; return came })
	l.mutex.Lock()
	defer l.mutex.Unlock()
	same(t, "signal", l.got[want.ID], want)
}

func (l *listener) wantEnd(t *testing.T) {
	t.Helper()
	select {
	case err := <-l.ended:
		l.ended <- err
	case <-time.After(arrival):
		t.Error("Subscribe did not return when its context ended")
	}
}

// RunSignalBus holds an implementation to outbound.SignalBus. open gives two
// endpoints of one bus, as two instances have them.
func RunSignalBus(t *testing.T, open func(t *testing.T) (a, b outbound.SignalBus)) {
	t.Run("behaviour", func(t *testing.T) {
		t.Run("a signal reaches every subscriber of every instance as it was", func(t *testing.T) {
			a, b := open(t)
			var listeners []*listener
			for _, bus := range []outbound.SignalBus{a, a, b} {
				l, _ := listen(t, bus)
				listeners = append(listeners, l)
			}
			full, bare := signal(), signal()
			full.Kind, full.Before = token.SignalUserRevoked, given.Now
			ok(t, a.Publish(within(t), full, bare))
			back := signal()
			ok(t, b.Publish(within(t), back))
			for _, l := range listeners {
				for _, want := range []token.Signal{full, bare, back} {
					l.wantSignal(t, want)
				}
			}
		})
		t.Run("signs of life keep coming", func(t *testing.T) {
			a, b := open(t)
			for _, bus := range []outbound.SignalBus{a, b} {
				l, _ := listen(t, bus)
				l.wait(t, "the fifth sign of life", func() bool { return l.alive >= 5 })
			}
		})
		t.Run("a subscription ends with its context, and others go on", func(t *testing.T) {
			a, b := open(t)
			stopped, stop := listen(t, a)
			beside, _ := listen(t, a)
			stop()
			stopped.wantEnd(t)
			one := signal()
			ok(t, b.Publish(within(t), one))
			beside.wantSignal(t, one)
			stopped.mutex.Lock()
			defer stopped.mutex.Unlock()
			if _, came := stopped.got[one.ID]; came {
				t.Error("an ended subscription still received")
			}
		})
		t.Run("publishing where nobody listens, or nothing, succeeds", func(t *testing.T) {
			a, _ := open(t)
			ok(t, a.Publish(within(t), signal()))
			ok(t, a.Publish(within(t)))
		})
		t.Run("what is handed in is not kept", func(t *testing.T) {
			a, b := open(t)
			l, _ := listen(t, b)
			one := signal()
			batch := []token.Signal{one}
			ok(t, a.Publish(within(t), batch...))
			batch[0] = signal()
			l.wantSignal(t, one)
		})
		t.Run("an ended context is an error", func(t *testing.T) {
			a, _ := open(t)
			wantStopped(t, "Publish", a.Publish(ended(t), signal()))
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("200 signals of 10 publishers on two instances: all arrive", func(t *testing.T) {
			a, b := open(t)
			first, _ := listen(t, a)
			second, _ := listen(t, b)
			batches := make([][]token.Signal, 10)
			for i := range batches {
				for range 20 {
					batches[i] = append(batches[i], signal())
				}
			}
			wantAll(t, race(len(batches), func(i int) error {
				bus := []outbound.SignalBus{a, b}[i%2]
				for _, one := range batches[i] {
					if err := bus.Publish(within(t), one); err != nil {
						return err
					}
				}
				return nil
			}))
			for i, l := range []*listener{first, second} {
				l.wait(t, fmt.Sprintf("all to listener %d", i), func() bool { return len(l.got) == 200 })
			}
		})
	})
}
