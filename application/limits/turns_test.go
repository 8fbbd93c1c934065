package limits

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keystone-auth/keystone/domain"
)

func TestTurnsAreBoundedAndEveryoneGetsOne(t *testing.T) {
	turns := newTurns()
	var inside, most, served atomic.Int64
	var together sync.WaitGroup
	for range 500 {
		together.Go(func() {
			leave, err := turns.take(t.Context(), "key", 3)
			if err != nil {
				t.Error(err)
				return
			}
			now := inside.Add(1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			served.Add(1)
			inside.Add(-1)
			leave()
		})
	}
	together.Wait()
	if most.Load() > 3 || served.Load() != 500 {
		t.Errorf("%d at once, %d served", most.Load(), served.Load())
	}
	if len(turns.keys) > 0 || turns.waiting != 0 {
		t.Errorf("%d keys and %d waiting are left", len(turns.keys), turns.waiting)
	}
}

func TestWhoGivesUpHoldsNobodyUp(t *testing.T) {
	turns := newTurns()
	leave, err := turns.take(t.Context(), "key", 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var together sync.WaitGroup
	for range 50 {
		together.Go(func() {
			if leave, err := turns.take(ctx, "key", 1); err == nil {
				leave()
			}
		})
	}
	cancel()
	leave()
	together.Wait()
	leave, err = turns.take(t.Context(), "key", 1)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if len(turns.keys) > 0 || turns.waiting != 0 {
		t.Errorf("%d keys and %d waiting are left", len(turns.keys), turns.waiting)
	}
}

func TestTheLineIsBounded(t *testing.T) {
	turns := newTurns()
	turns.waiting = maxWaiting
	leave, err := turns.take(t.Context(), "key", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := turns.take(t.Context(), "key", 1); !domain.HasCode(err, domain.CodeBusy) {
		t.Errorf("got %v", err)
	}
	leave()
}
