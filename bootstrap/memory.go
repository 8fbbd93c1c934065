package bootstrap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// leastGarbage is what may pile up before a collection, in bytes. What answers
// need is garbage within a millisecond, and what outlives them is little, so
// that the runtime's own rule, collect when the heap has doubled, would have a
// busy server collect many times a second.
const leastGarbage = 48 << 20

// mindMemory has the runtime collect less often while the heap is small, and
// more often near the limit of a container instead of being killed at it. The
// environment's GOGC and GOMEMLIMIT win.
func mindMemory() {
	_, _ = memlimit.Set() // where there is no limit, or none to be read, nothing changes
	if os.Getenv("GOGC") == "" {
		afterEachCollection(func() { debug.SetGCPercent(collectAt(liveHeap())) })
	}
}

// collectAt gives the growth at which to collect next, in per cent of a live
// heap in bytes: by leastGarbage, but to no less than twice its size, as is
// usual, and to no more than four times. What was live may be several times as
// much a moment later, when hashes begin, and be multiplied before this is asked
// again.
func collectAt(live uint64) int {
	const usual, most = 100, 300
	return int(min(most, max(usual, usual*leastGarbage/max(live, 1))))
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
