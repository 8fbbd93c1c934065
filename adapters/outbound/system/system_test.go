package system_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
)

func TestNowIsUTCInMicroseconds(t *testing.T) {
	before := time.Now().Add(-time.Microsecond)
	now := system.NewClock().Now()
	if now.Before(before) || now.After(time.Now()) {
		t.Errorf("Now() = %v is not now", now)
	}
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Errorf("Now() = %v, want UTC in whole microseconds", now)
	}
	if now != now.Round(0) {
		t.Error("Now() has a monotonic reading, so equal times would not compare equal")
	}
}

func TestSleep(t *testing.T) {
	clock := system.NewClock()
	ctx, cancel := context.WithCancel(context.Background())

	began := time.Now()
	if err := clock.Sleep(ctx, 5*time.Millisecond); err != nil || time.Since(began) < 5*time.Millisecond {
		t.Errorf("Sleep() = %v after %v", err, time.Since(began))
	}
	if err := clock.Sleep(ctx, -time.Hour); err != nil {
		t.Errorf("Sleep(negative) = %v", err)
	}
	ended := make(chan error)
	go func() { ended <- clock.Sleep(ctx, time.Hour) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Sleep(cancelled while asleep) = %v", err)
	}
	if err := clock.Sleep(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Sleep(cancelled before) = %v", err)
	}
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

func TestNothingRepeats(t *testing.T) {
	const draws = 100_000
	random, now := system.NewRandom(), time.UnixMilli(1_800_000_000_000)
	ids, secrets := make(map[domain.ID]bool, draws), make(map[[32]byte]bool, draws)
	for range draws {
		ids[random.NewID(now)] = true
		secrets[random.Entropy()] = true
	}
	if len(ids) != draws || len(secrets) != draws {
		t.Errorf("of %d draws %d ids and %d secrets are distinct", draws, len(ids), len(secrets))
	}
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
