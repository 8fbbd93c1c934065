package memory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// manual is a clock whose sleepers wake when the test says so.
type manual struct{ wake chan struct{} }

func (manual) Now() time.Time { return time.Unix(0, 0).UTC() }

func (m manual) Sleep(ctx context.Context, d time.Duration) error {
	if d > 250*time.Millisecond {
		return errors.New("signs of life come too seldom")
	}
	select {
	case <-m.wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// listen subscribes and waits for the first sign of life.
func listen(t *testing.T, bus *memory.SignalBus) (batches <-chan []token.Signal, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	heard, ended := make(chan []token.Signal, 100), make(chan error, 1)
	go func() { ended <- bus.Subscribe(ctx, func(s []token.Signal) { heard <- s }) }()
	if first := <-heard; first != nil {
		t.Fatalf("first heard %v, want a sign of life", first)
	}
	return heard, func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Subscribe() = %v", err)
		}
	}
}

func TestPublishHasReachedEveryoneWhenItReturns(t *testing.T) {
	bus := memory.NewSignalBus(manual{})
	a, leaveA := listen(t, bus)
	b, leaveB := listen(t, bus)
	sent := []token.Signal{{Kind: token.SignalTokenRevoked, ID: "1"}, {Kind: token.SignalRolesChanged}}
	want := append([]token.Signal(nil), sent...)
	if err := bus.Publish(context.Background(), sent...); err != nil {
		t.Fatal(err)
	}
	sent[0].ID = "changed afterwards"
	for _, heard := range []<-chan []token.Signal{a, b} {
		select {
		case got := <-heard:
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			got[0].ID = "changed by a subscriber"
		default:
			t.Error("Publish returned before a subscriber was called")
		}
	}
	leaveA()
	if err := bus.Publish(context.Background(), want...); err != nil {
		t.Fatal(err)
	}
	if len(a) != 0 || len(b) != 1 {
		t.Errorf("after one left, it heard %d batches and the other %d; want 0 and 1", len(a), len(b))
	}
	leaveB()
}

func TestSignalBusContract(t *testing.T) {
	contract.RunSignalBus(t, func(*testing.T) (a, b outbound.SignalBus) {
		bus := memory.NewSignalBus(system.NewClock())
		return bus, bus
	})
}

func TestNothingIsNoSignOfLife(t *testing.T) {
	bus := memory.NewSignalBus(manual{})
	heard, leave := listen(t, bus)
	if err := bus.Publish(context.Background()); err != nil || len(heard) != 0 {
		t.Errorf("Publish(nothing) = %v, heard %d times", err, len(heard))
	}
	leave()
}

func TestSignsOfLifeFollowTheClock(t *testing.T) {
	clock := manual{wake: make(chan struct{})}
	heard, leave := listen(t, memory.NewSignalBus(clock))
	for range 3 {
		clock.wake <- struct{}{}
		if got := <-heard; got != nil {
			t.Errorf("heard %v", got)
		}
	}
	leave()
}

func TestOneCallAtATime(t *testing.T) {
	clock := manual{wake: make(chan struct{})}
	bus := memory.NewSignalBus(clock)
	ctx, cancel := context.WithCancel(context.Background())
	calls, ended, subscribed := 0, make(chan error, 1), make(chan struct{}) // calls is guarded by the bus alone: -race watches
	go func() {
		ended <- bus.Subscribe(ctx, func([]token.Signal) {
			if calls++; calls == 1 {
				close(subscribed)
			}
		})
	}()
	<-subscribed
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if err := bus.Publish(ctx, token.Signal{Kind: token.SignalKeysChanged}); err != nil {
				t.Error(err)
			}
		})
	}
	clock.wake <- struct{}{}
	clock.wake <- struct{}{} // the sign of life between the two has been given
	group.Wait()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if calls < 52 || calls > 53 {
		t.Errorf("%d calls, want 50 and the signs of life", calls)
	}
}
