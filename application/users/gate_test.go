package users

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keystone-auth/keystone/domain"
)

func (g *gate) counts() (keys, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.keys), g.waiting
}

// awaitWaiting yields until n callers wait.
func (g *gate) awaitWaiting(n int) {
	for {
		if _, waiting := g.counts(); waiting == n {
			return
		}
		runtime.Gosched()
	}
}

func TestGateCapacity(t *testing.T) {
	g := newGate(3, 1000)
	var inside, most atomic.Int64
	var wait sync.WaitGroup
	for range 200 {
		wait.Go(func() {
			leave, err := g.enter(t.Context(), "key")
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			for now := inside.Add(1); ; {
				seen := most.Load()
				if now <= seen || most.CompareAndSwap(seen, now) {
					break
				}
			}
			runtime.Gosched()
			inside.Add(-1)
		})
	}
	wait.Wait()
	if most.Load() > 3 {
		t.Errorf("%d inside at once", most.Load())
	}
	if keys, waiting := g.counts(); keys != 0 || waiting != 0 {
		t.Errorf("%d keys and %d waiting are left", keys, waiting)
	}
}

func TestGateBoundsWaiting(t *testing.T) {
	g := newGate(1, 2)
	leave, err := g.enter(t.Context(), "a")
	must(t, err)
	ctx, giveUp := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			if _, err := g.enter(ctx, "a"); !domain.HasCode(err, domain.CodeUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
	g.awaitWaiting(2)
	_, err = g.enter(t.Context(), "a")
	wantCode(t, err, domain.CodeBusy)
	if domain.AsError(err).RetryAfter <= 0 {
		t.Error("does not say when to try again")
	}
	other, err := g.enter(t.Context(), "b") // who need not wait is not in anyone's way
	must(t, err)
	other()
	giveUp()
	wait.Wait()
	if keys, waiting := g.counts(); keys != 1 || waiting != 0 {
		t.Errorf("%d keys and %d waiting while one is inside", keys, waiting)
	}
	leave()
	if keys, _ := g.counts(); keys != 0 {
		t.Error("the key of nobody is kept")
	}
}

func TestGateHandsOn(t *testing.T) {
	g := newGate(0, 1) // at least one place
	leave, err := g.enter(t.Context(), "a")
	must(t, err)
	entered := make(chan func())
	go func() {
		next, err := g.enter(t.Context(), "a")
		if err != nil {
			t.Error(err)
		}
		entered <- next
	}()
	g.awaitWaiting(1)
	leave()
	(<-entered)()
	if keys, waiting := g.counts(); keys != 0 || waiting != 0 {
		t.Errorf("%d keys and %d waiting are left", keys, waiting)
	}
}
