package bootstrap

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// leastGarbage is what may pile up before a collection, in bytes. What answers
// need is garbage within a millisecond, and what outlives them is little, so
// that the runtime's own rule, collect when the heap has doubled, would have a
// busy server collect many times a second.
const leastGarbage = 48 << 20

// mindMemory has the runtime collect less often while the heap is small, and
// more often near the limit of a container instead of being killed at it. The
// environment's GOGC and GOMEMLIMIT win. The options are for the server whose
// memory it is.
func mindMemory() []Option {
	_, _ = memlimit.Set() // where there is no limit, or none to be read, nothing changes
	if os.Getenv("GOGC") != "" {
		return nil
	}
	p := &pace{}
	afterEachCollection(p.adjust)
	return []Option{Decorate(func(hasher outbound.PasswordHasher) outbound.PasswordHasher { return pacedHasher{hasher, p} })}
}

// usual is the growth, in per cent, at which the runtime collects by itself.
const usual = 100

// collectAt gives the growth at which to collect next, in per cent of a live
// heap in bytes: by leastGarbage, but to no less than twice its size, as is
// usual, and to no more than four times.
func collectAt(live uint64) int {
	return int(min(3*usual, max(usual, usual*leastGarbage/max(live, 1))))
}

// pace is how often the runtime collects: as usual while passwords are hashed,
// for each takes tens of MiB, all at once and more than all else that lives, and
// what was set for the heap before would multiply them.
type pace struct {
	mu      sync.Mutex
	hashing int
}

func (p *pace) adjust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hashing == 0 {
		debug.SetGCPercent(collectAt(liveHeap()))
	}
}

func (p *pace) beginHash() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hashing++; p.hashing == 1 {
		debug.SetGCPercent(usual)
	}
}

func (p *pace) endHash() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hashing--
}

type pacedHasher struct {
	outbound.PasswordHasher
	pace *pace
}

// Hash implements the port.
func (h pacedHasher) Hash(ctx context.Context, password domain.Secret) (string, error) {
	h.pace.beginHash()
	defer h.pace.endHash()
	return h.PasswordHasher.Hash(ctx, password)
}

// Verify implements the port.
func (h pacedHasher) Verify(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
	h.pace.beginHash()
	defer h.pace.endHash()
	return h.PasswordHasher.Verify(ctx, password, encoded)
}

// liveHeap is what the last collection found in use, in bytes.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachCollection calls f after every collection, on a goroutine of the
// runtime's: each finds one object that nothing uses, and is followed by another.
func afterEachCollection(f func()) {
	type witness struct{ *witness }
	runtime.AddCleanup(new(witness), func(f func()) {
		afterEachCollection(f) // first, so that none that f brings about is missed
		f()
	}, f)
}
