package contract

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RunClock holds an implementation to outbound.Clock.
func RunClock(t *testing.T, c outbound.Clock) {
	t.Run("behaviour", func(t *testing.T) {
		t.Run("times are UTC in whole microseconds and do not go back", func(t *testing.T) {
			before := c.Now()
			for range 1000 {
				at := c.Now()
				if at.Location() != time.UTC || at.Nanosecond()%1000 != 0 || at != at.Round(0) || at.Before(before) {
					t.Fatalf("%v after %v", at, before)
				}
				before = at
			}
		})
		t.Run("sleeping takes the time it is told", func(t *testing.T) {
			before := c.Now()
			ok(t, c.Sleep(within(t), 2*time.Millisecond))
			if passed := c.Now().Sub(before); passed < time.Millisecond {
				t.Errorf("it took %v", passed)
			}
		})
		t.Run("sleeping no time returns", func(t *testing.T) {
			ok(t, c.Sleep(within(t), 0))
			ok(t, c.Sleep(within(t), -time.Hour))
		})
		t.Run("sleeping ends with the context", func(t *testing.T) {
			if err := c.Sleep(ended(t), time.Hour); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the context's error", err)
			}
			ctx, cancel := context.WithCancel(within(t))
			woken := make(chan error)
			go func() { woken <- c.Sleep(ctx, time.Hour) }()
			cancel()
			if err := <-woken; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the context's error", err)
			}
		})
	})
}

// RunRandom holds an implementation to outbound.Random.
func RunRandom(t *testing.T, r outbound.Random, c outbound.Clock) {
	t.Run("behaviour", func(t *testing.T) {
		t.Run("ids are of version 7 and tell their millisecond", func(t *testing.T) {
			at := c.Now()
			for range 1000 {
				id := r.NewID(at)
				if id[6]>>4 != 7 || id[8]>>6 != 2 {
					t.Fatalf("%v is not of version 7 (RFC 9562, section 5.7)", id)
				}
				var ms int64
				for _, b := range id[:6] {
					ms = ms<<8 | int64(b)
				}
				if ms != at.UnixMilli() {
					t.Fatalf("%v tells %d, want %d", id, ms, at.UnixMilli())
				}
			}
		})
		t.Run("ids of later milliseconds sort later", func(t *testing.T) {
			at := c.Now()
			for range 100 {
				earlier, later := r.NewID(at), r.NewID(at.Add(time.Millisecond))
				if bytes.Compare(earlier[:], later[:]) >= 0 {
					t.Fatalf("%v does not sort before %v", earlier, later)
				}
				at = at.Add(7 * time.Hour)
			}
		})
		t.Run("40 000 ids and 40 000 draws of entropy of 4 at once: all differ", func(t *testing.T) {
			at := c.Now()
			ids, draws := make([][]domain.ID, 4), make([][][32]byte, 4)
			wantAll(t, race(4, func(i int) error {
				for range 10_000 {
					ids[i], draws[i] = append(ids[i], r.NewID(at)), append(draws[i], r.Entropy())
				}
				return nil
			}))
			seenIDs, seenDraws := map[domain.ID]bool{}, map[[32]byte]bool{{}: true}
			for i := range ids {
				for j := range ids[i] {
					if seenIDs[ids[i][j]] || seenDraws[draws[i][j]] {
						t.Fatal("a value came twice")
					}
					seenIDs[ids[i][j]], seenDraws[draws[i][j]] = true, true
				}
			}
		})
		t.Run("every byte of entropy varies", func(t *testing.T) {
			var or, and [32]byte
			for i := range and {
				and[i] = 0xff
			}
			for range 256 {
				for i, b := range r.Entropy() {
					or[i], and[i] = or[i]|b, and[i]&b
				}
			}
			for i := range or {
				if or[i] != 0xff || and[i] != 0 {
					t.Errorf("a bit of byte %d never changes", i)
				}
			}
		})
	})
}
