package bootstrap

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
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

// slowHasher hashes until it is told to stop.
type slowHasher struct {
	outbound.PasswordHasher
	begun, end chan struct{}
}

func (h slowHasher) Hash(context.Context, domain.Secret) (string, error) {
	h.begun <- struct{}{}
	<-h.end
	return "", nil
}

func TestCollectsAsUsualWhileHashing(t *testing.T) {
	before := debug.SetGCPercent(usual)
	defer debug.SetGCPercent(before)
	now := func() int { p := debug.SetGCPercent(usual); debug.SetGCPercent(p); return p }
	p, slow := &pace{}, slowHasher{begun: make(chan struct{}), end: make(chan struct{})}
	hasher := pacedHasher{slow, p}
	hash := func(done chan<- struct{}) {
		_, _ = hasher.Hash(t.Context(), domain.Secret{}) // never fails here
		done <- struct{}{}
	}

	debug.SetGCPercent(3 * usual)
	done := make(chan struct{})
	go hash(done)
	go hash(done)
	<-slow.begun
	<-slow.begun
	p.adjust()
	if got := now(); got != usual {
		t.Errorf("while two are hashed it collects at %d %%", got)
	}
	slow.end <- struct{}{}
	<-done
	p.adjust()
	if got := now(); got != usual {
		t.Errorf("while one is hashed it collects at %d %%", got)
	}
	slow.end <- struct{}{}
	<-done
	p.adjust()
	if got, want := now(), collectAt(liveHeap()); got != want {
		t.Errorf("afterwards it collects at %d %%, want %d %%", got, want)
	}
}
