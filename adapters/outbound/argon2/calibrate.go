package argon2

import (
	"errors"
	"slices"
	"time"

	"github.com/alexedwards/argon2id"
)

// leastMemory is the least that the configuration takes, in KiB.
const leastMemory = 8192

// Calibrate proposes parameters after RFC 9106, section 4: as much of the given
// memory as one pass over it can be afforded with, then as many passes as the
// target leaves room for. It gives how long such a hash takes on this machine,
// by the given clock, and fails where even the cheapest one takes longer.
func Calibrate(target time.Duration, memoryKiB uint32, parallelism uint8, now func() time.Time) (Params, time.Duration, error) {
	return calibrate(target, Params{MemoryKiB: memoryKiB, Iterations: 1, Parallelism: parallelism}, func(p Params) time.Duration {
		runs := make([]time.Duration, 3)
		for i := range runs {
			start := now()
			_, _ = argon2id.CreateHash("a password of usual length", params(p)) // what comes of it is not wanted
			runs[i] = now().Sub(start)
		}
		return slices.Min(runs) // what else the machine does only ever adds
	})
}

func calibrate(target time.Duration, p Params, cost func(Params) time.Duration) (Params, time.Duration, error) {
	if p.MemoryKiB < leastMemory || !affordable(params(p)) {
		return Params{}, 0, errors.New("argon2: the memory or the parallelism is out of range")
	}
	took := cost(p)
	for took > target && p.MemoryKiB > leastMemory {
		p.MemoryKiB = max(p.MemoryKiB/2, leastMemory)
		took = cost(p)
	}
	if took > target {
		return Params{}, took, errors.New("argon2: one pass over the least memory takes longer than the target")
	}
	for p.Iterations < maxIterations {
		more := p
		// All that still fits by the pace so far, and one at least to learn the pace by.
		pace := max(took/time.Duration(p.Iterations), time.Microsecond)
		more.Iterations = min(maxIterations, max(p.Iterations+1, uint32(min(target/pace, maxIterations))))
		needs := cost(more)
		for needs > target && more.Iterations > p.Iterations+1 {
			more.Iterations--
			needs = cost(more)
		}
		if needs > target {
			break
		}
		p, took = more, needs
	}
	return p, took, nil
}

func params(p Params) *argon2id.Params {
	return &argon2id.Params{Memory: p.MemoryKiB, Iterations: p.Iterations, Parallelism: p.Parallelism, SaltLength: saltLength, KeyLength: keyLength}
}
