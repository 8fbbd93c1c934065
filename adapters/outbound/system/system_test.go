package system_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/contract"
)

func TestNowIsNow(t *testing.T) {
	before := time.Now().Add(-time.Microsecond)
	now := system.NewClock().Now()
	if now.Before(before) || now.After(time.Now()) {
		t.Errorf("Now() = %v is not now", now)
	}
}

func TestContracts(t *testing.T) {
	contract.RunClock(t, system.NewClock())
	contract.RunRandom(t, system.NewRandom(), system.NewClock())
}

func TestNewIDTellsItsMillisecond(t *testing.T) {
	random := system.NewRandom()
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, 1<<48-1).Draw(t, "ms")
		id := random.NewID(time.UnixMilli(ms).Add(999 * time.Microsecond))
		var got int64
		for _, b := range id[:6] {
			got = got<<8 | int64(b)
		}
		if got != ms || id.Version() != 7 || id.Variant().String() != "RFC4122" {
			t.Fatalf("NewID(%d ms) = %v: %d ms, version %d, %v", ms, id, got, id.Version(), id.Variant())
		}
		if parsed, err := domain.ParseID(id.String()); err != nil || parsed != id {
			t.Fatalf("ParseID(%v) = %v, %v", id, parsed, err)
		}
	})
}

func BenchmarkNewID(b *testing.B) {
	random, now := system.NewRandom(), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		random.NewID(now)
	}
}

func BenchmarkEntropy(b *testing.B) {
	random := system.NewRandom()
	b.ReportAllocs()
	for b.Loop() {
		random.Entropy()
	}
}
