package argon2

import (
	"testing"
	"time"
)

// linear is a machine that needs so long for a MiB and a pass.
func linear(perMiB time.Duration) func(Params) time.Duration {
	return func(p Params) time.Duration {
		return perMiB * time.Duration(p.MemoryKiB) * time.Duration(p.Iterations) / 1024
	}
}

func TestCalibrate(t *testing.T) {
	for name, c := range map[string]struct {
		target time.Duration
		memory uint32
		perMiB time.Duration
		want   Params
		took   time.Duration
	}{
		"passes fill the time":          {250 * time.Millisecond, 64 << 10, time.Millisecond, Params{64 << 10, 3, 2}, 192 * time.Millisecond},
		"exactly":                       {256 * time.Millisecond, 64 << 10, time.Millisecond, Params{64 << 10, 4, 2}, 256 * time.Millisecond},
		"the memory is halved":          {50 * time.Millisecond, 128 << 10, time.Millisecond, Params{32 << 10, 1, 2}, 32 * time.Millisecond},
		"the memory ends at its least":  {10 * time.Millisecond, 24 << 10, time.Millisecond, Params{8 << 10, 1, 2}, 8 * time.Millisecond},
		"no more passes than there are": {time.Hour, 64 << 10, time.Microsecond, Params{64 << 10, 64, 2}, 64 * 64 * time.Microsecond},
	} {
		t.Run(name, func(t *testing.T) {
			got, took, err := calibrate(c.target, Params{MemoryKiB: c.memory, Iterations: 1, Parallelism: 2}, linear(c.perMiB))
			if err != nil || got != c.want || took != c.took {
				t.Errorf("%+v in %s (%v), want %+v in %s", got, took, err, c.want, c.took)
			}
		})
	}
	for name, p := range map[string]Params{"too slow a machine": {64 << 10, 1, 1}, "too little memory": {4096, 1, 1}, "no lane": {64 << 10, 1, 0}, "too much memory": {8 << 20, 1, 1}} {
		if got, _, err := calibrate(time.Millisecond, p, linear(time.Second)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A pace that is not even, as caches make it, may end short of the target and
// never beyond it.
func TestCalibrateUneven(t *testing.T) {
	uneven := func(p Params) time.Duration {
		return time.Duration(p.Iterations*p.Iterations) * 5 * time.Millisecond
	}
	got, took, err := calibrate(100*time.Millisecond, Params{MemoryKiB: 8192, Iterations: 1, Parallelism: 1}, uneven)
	if err != nil || got.Iterations != 4 || took > 100*time.Millisecond {
		t.Errorf("%+v in %s (%v)", got, took, err)
	}
}

func TestCalibrateThisMachine(t *testing.T) {
	at, step := time.Unix(0, 0), time.Duration(0)
	slower := func() time.Time { step += time.Minute; at = at.Add(step); return at }
	got, _, err := Calibrate(3*time.Minute, leastMemory, 1, slower)
	if err != nil || got.MemoryKiB != leastMemory || got.Iterations != 1 {
		t.Errorf("%+v (%v)", got, err)
	}
	if _, err := New(got, 1, 1); err != nil {
		t.Errorf("what is proposed is not taken: %v", err)
	}
}
