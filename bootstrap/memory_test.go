package bootstrap

import (
	"context"
	"runtime"
	"runtime/debug"
	"strconv"
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
		{20 << 20, 240},
		{24 << 20, 200},
		{48 << 20, 200}, // with two hashes under way
		{64 << 20, 150}, // and full caches
		{96 << 20, 100},
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

// gaugingHasher tells at which growth the runtime collects while it hashes.
type gaugingHasher struct{ outbound.PasswordHasher }

func growth() int {
	percent := debug.SetGCPercent(usual)
	debug.SetGCPercent(percent)
	return percent
}

func (gaugingHasher) Hash(context.Context, domain.Secret) (string, error) {
	return strconv.Itoa(growth()), nil
}

func (gaugingHasher) Verify(context.Context, domain.Secret, string) (bool, bool, error) {
	return growth() == usual, false, nil
}

func TestAHashDoesNotMultiplyWhatWasSetForASmallHeap(t *testing.T) {
	before := debug.SetGCPercent(usual)
	defer debug.SetGCPercent(before)
	p := &pace{percent: usual}
	hasher := pacedHasher{gaugingHasher{}, p}

	if p.adjust(6 << 20); growth() <= fast {
		t.Fatalf("a small heap collects at %d %%", growth())
	}
	if got, _ := hasher.Hash(t.Context(), domain.Secret{}); got != strconv.Itoa(usual) {
		t.Errorf("it hashes at %s %%", got)
	}
	p.adjust(6 << 20)
	if asUsual, _, _ := hasher.Verify(t.Context(), domain.Secret{}, ""); !asUsual {
		t.Error("it verifies as before")
	}
	p.adjust(64 << 20)
	if got, _ := hasher.Hash(t.Context(), domain.Secret{}); got != "150" {
		t.Errorf("in a heap with hashes it hashes at %s %%", got)
	}
	if p.adjust(liveHeap()); growth() != collectAt(liveHeap()) {
		t.Errorf("after a collection it is %d %%", growth())
	}
	if p.adjust(500 << 20); growth() != usual {
		t.Errorf("a large heap collects at %d %%", growth())
	}
}
