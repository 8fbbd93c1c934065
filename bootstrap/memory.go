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

// mostGarbage is what may pile up at most where that is more than is usual, in
// bytes. A hash leaves 19 MiB, and makes a collection dear: each passes over all
// that lives, out of the processor's caches, while other hashes wait for memory.
const mostGarbage = 96 << 20

// mindMemory has the runtime collect less often while the heap is small, and
// more often near the limit of a container instead of being killed at it. The
// environment's GOGC and GOMEMLIMIT win. The options are for the server whose
// memory it is.
func mindMemory() []Option {
	_, _ = memlimit.Set() // where there is no limit, or none to be read, nothing changes
	if os.Getenv("GOGC") != "" {
		return nil
	}
	p := &pace{percent: usual}
	afterEachCollection(func() { p.adjust(liveHeap()) })
	return []Option{Decorate(func(hasher outbound.PasswordHasher) outbound.PasswordHasher { return pacedHasher{hasher, p} })}
}

// usual is the growth, in per cent, at which the runtime collects by itself.
const usual = 100

// fast is the most growth, in per cent, that a password may begin to be hashed at.
const fast = 2 * usual

// collectAt gives the growth at which to collect next, in per cent of a live
// heap in bytes: by mostGarbage, but to no more than three times its size, or by
// leastGarbage, but to no more than four times, and to no less than twice, as is
// usual.
func collectAt(live uint64) int {
	by := func(garbage uint64) uint64 { return usual * garbage / max(live, 1) }
	return int(max(usual, min(fast, by(mostGarbage)), min(3*usual, by(leastGarbage))))
}

// pace is how often the runtime collects. A password takes tens of MiB to hash,
// all at once and more than all else that lives, and what was set for the heap
// of a few MiB before would multiply them: so that is undone until the next
// collection.
type pace struct {
	mu      sync.Mutex
	percent int
}

// adjust sets the pace for a live heap, in bytes.
func (p *pace) adjust(live uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.percent = collectAt(live)
	debug.SetGCPercent(p.percent)
}

func (p *pace) hash() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.percent > fast {
		p.percent = usual
		debug.SetGCPercent(p.percent)
	}
}

type pacedHasher struct {
	outbound.PasswordHasher
	pace *pace
}

// Hash implements the port.
func (h pacedHasher) Hash(ctx context.Context, password domain.Secret) (string, error) {
	h.pace.hash()
	return h.PasswordHasher.Hash(ctx, password)
}

// Verify implements the port.
func (h pacedHasher) Verify(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
	h.pace.hash()
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
