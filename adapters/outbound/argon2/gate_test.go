package argon2

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// held fills a gate and gives what empties it again.
func held(t *testing.T, g *gate, share int64) (release func()) {
	t.Helper()
	entered, leave, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		left <- g.run(context.Background(), share, func() { close(entered); <-leave })
	}()
	<-entered
	return func() {
		close(leave)
		if err := <-left; err != nil {
			t.Error(err)
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestFullQueueTurnsAwayAtOnce(t *testing.T) {
	g := newGate(10, 2)
	release := held(t, g, 10)
	var waited sync.WaitGroup
	for range 2 {
		waited.Go(func() {
			if err := g.run(context.Background(), 10, func() {}); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "two wait", func() bool { return g.waiting.Load() == 2 })

	err := g.run(context.Background(), 1, func() { t.Error("a third waiter ran") })
	e := domain.AsError(err)
	if e.Kind != domain.KindUnavailable || e.Code != domain.CodeBusy || e.RetryAfter != time.Second {
		t.Errorf("full queue: %#v", e)
	}
	release()
	waited.Wait()
	if n := g.waiting.Load(); n != 0 {
		t.Errorf("%d wait at the end", n)
	}
}

func TestWaitingObeysItsContext(t *testing.T) {
	g := newGate(10, 1)
	release := held(t, g, 10)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error)
	go func() { gone <- g.run(ctx, 10, func() { t.Error("ran after its context ended") }) }()
	eventually(t, "one waits", func() bool { return g.waiting.Load() == 1 })
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) || !domain.HasCode(err, domain.CodeBusy) {
		t.Errorf("given up while waiting: %v", err)
	}
	release()
	if err := g.run(ctx, 1, func() { t.Error("ran with an ended context") }); !errors.Is(err, context.Canceled) {
		t.Errorf("given up before: %v", err)
	}
	if err := g.run(context.Background(), 10, func() {}); err != nil {
		t.Errorf("the gate is not free again: %v", err)
	}
}

func TestMemoryBoundsWhatRuns(t *testing.T) {
	g := newGate(10, 100)
	var now, most atomic.Int64
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			err := g.run(context.Background(), 4, func() {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				time.Sleep(time.Millisecond)
				now.Add(-1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if most.Load() != 2 {
		t.Errorf("%d ran at once, want 2: three times 4 is over 10", most.Load())
	}
}

func TestOversizedWorkRunsAlone(t *testing.T) {
	g := newGate(10, 0)
	release := held(t, g, 1000)
	if err := g.run(context.Background(), 1, func() {}); !domain.HasCode(err, domain.CodeBusy) {
		t.Errorf("beside oversized work: %v", err)
	}
	release()
}

func TestPanicGivesTheMemoryBack(t *testing.T) {
	g := newGate(10, 0)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = g.run(context.Background(), 10, func() { panic("boom") })
	}()
	if err := g.run(context.Background(), 10, func() {}); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}
