package bootstrap

import (
	"runtime"
	"testing"
	"time"
)

func TestCollectsWhenGarbageIsWorthIt(t *testing.T) {
	for _, tc := range []struct {
		live    uint64
		percent int
	}{
		{0, 300},       // no division by nothing
		{6 << 20, 300}, // what lives may be much more by the next time
		{24 << 20, 200},
		{48 << 20, 100},
		{500 << 20, 100}, // a large heap grows as is usual
	} {
		if got := collectAt(tc.live); got != tc.percent {
			t.Errorf("%d MiB live: collects at %d %%, want %d %%", tc.live>>20, got, tc.percent)
		}
	}
}

func TestEveryCollectionIsFollowed(t *testing.T) {
	followed := make(chan struct{}, 1)
	afterEachCollection(func() {
		select {
		case followed <- struct{}{}:
		default: // nobody waits any more: what follows collections must not block
		}
	})
	for range 3 {
		runtime.GC()
		select {
		case <-followed:
		case <-time.After(time.Minute):
			t.Fatal("a collection was not followed")
		}
	}
	if liveHeap() == 0 {
		t.Error("no heap is in use")
	}
}
