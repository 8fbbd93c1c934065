package contract

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RunCache holds an implementation to outbound.Cache. open gives an empty cache
// of at most so many values.
func RunCache(t *testing.T, open func(t *testing.T, size int) outbound.Cache[string, int]) {
	t.Run("behaviour", func(t *testing.T) { cacheBehaviour(t, open) })
	t.Run("contention", func(t *testing.T) { cacheContention(t, open) })
}

func give(value int) func(context.Context, string) (int, error) {
	return func(context.Context, string) (int, error) { return value, nil }
}

func wantKept(t testing.TB, c outbound.Cache[string, int], key string, want int, kept bool) {
	t.Helper()
	if got, found := c.Get(key); found != kept || kept && got != want {
		t.Errorf("%s: got %d, %t, want %d, %t", key, got, found, want, kept)
	}
}

func cacheBehaviour(t *testing.T, open func(t *testing.T, size int) outbound.Cache[string, int]) {
	load := func(t *testing.T, c outbound.Cache[string, int], key string, value int) int {
		t.Helper()
		got, err := c.Load(within(t), key, give(value))
		ok(t, err)
		return got
	}
	t.Run("what was loaded is kept under its key", func(t *testing.T) {
		c := open(t, 10)
		wantKept(t, c, "a", 0, false)
		if got := load(t, c, "a", 1); got != 1 {
			t.Errorf("loaded %d", got)
		}
		wantKept(t, c, "a", 1, true)
		wantKept(t, c, "A", 0, false)
		if got := load(t, c, "a", 2); got != 1 {
			t.Errorf("the kept value was loaded again: %d", got)
		}
	})
	t.Run("a failure is returned as it is and not kept", func(t *testing.T) {
		c, failure := open(t, 10), domain.NotFound("nobody")
		_, err := c.Load(within(t), "a", func(context.Context, string) (int, error) { return 7, failure })
		if !errors.Is(err, failure) {
			t.Errorf("got %v", err)
		}
		wantKept(t, c, "a", 0, false)
		if got := load(t, c, "a", 2); got != 2 {
			t.Errorf("after a failure %d", got)
		}
	})
	t.Run("dropping forgets one key", func(t *testing.T) {
		c := open(t, 10)
		load(t, c, "a", 1)
		load(t, c, "b", 2)
		c.Drop("a")
		c.Drop("never there")
		wantKept(t, c, "a", 0, false)
		wantKept(t, c, "b", 2, true)
	})
	t.Run("dropping all forgets all", func(t *testing.T) {
		c := open(t, 10)
		load(t, c, "a", 1)
		load(t, c, "b", 2)
		c.DropAll()
		wantKept(t, c, "a", 0, false)
		wantKept(t, c, "b", 0, false)
	})
	t.Run("it is bounded", func(t *testing.T) {
		const size, more = 10, 500
		c := open(t, size)
		for i := range more {
			load(t, c, strconv.Itoa(i), i)
		}
		eventually(t, "the cache keeps its bound", func() bool {
			kept := 0
			for i := range more {
				if _, found := c.Get(strconv.Itoa(i)); found {
					kept++
				}
			}
			return kept <= 2*size // what leaves may take a moment
		})
	})
	t.Run("who has left is not loaded for", func(t *testing.T) {
		_, err := open(t, 10).Load(ended(t), "a", func(context.Context, string) (int, error) { t.Error("loaded"); return 0, nil })
		wantKind(t, err, domain.KindUnavailable)
	})
}

func cacheContention(t *testing.T, open func(t *testing.T, size int) outbound.Cache[string, int]) {
	// stale loads a value that grows old on the way: drop runs meanwhile. An
	// adapter may load again for the caller; then it gets the next value.
	stale := func(t *testing.T, c outbound.Cache[string, int], drop func()) {
		t.Helper()
		began, end, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		var loads atomic.Int32
		go func() {
			_, err := c.Load(within(t), "a", func(context.Context, string) (int, error) {
				n := loads.Add(1)
				if n == 1 {
					close(began)
					<-end
				}
				return int(n), nil
			})
			result <- err
		}()
		<-began
		drop()
		close(end)
		ok(t, <-result)
		if got, kept := c.Get("a"); kept && got == 1 {
			t.Error("the value from before the drop is kept")
		}
	}
	t.Run("20 callers of one key: one load", func(t *testing.T) {
		c := open(t, 10)
		var loads atomic.Int32
		wantAll(t, race(20, func(int) error {
			got, err := c.Load(within(t), "a", func(context.Context, string) (int, error) {
				defer waitAWhile()
				return int(loads.Add(1)), nil
			})
			if err == nil && got != 1 {
				t.Errorf("got %d", got)
			}
			return err
		}))
		if n := loads.Load(); n != 1 {
			t.Errorf("%d loads", n)
		}
	})
	t.Run("a key dropped while it is loaded is not kept", func(t *testing.T) {
		c := open(t, 10)
		stale(t, c, func() { c.Drop("a") })
	})
	t.Run("all dropped while one is loaded: it is not kept", func(t *testing.T) {
		c := open(t, 10)
		stale(t, c, c.DropAll)
	})
	t.Run("who leaves gets away, and the load goes on for the others", func(t *testing.T) {
		c := open(t, 10)
		began, end, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		ctx, leave := context.WithCancel(within(t))
		go func() {
			_, err := c.Load(ctx, "a", func(ctx context.Context, _ string) (int, error) { close(began); <-end; return 1, ctx.Err() })
			left <- err
		}()
		<-began
		leave()
		select {
		case err := <-left:
			wantKind(t, err, domain.KindUnavailable)
		case <-time.After(arrival):
			t.Error("who left is kept waiting")
		}
		stayed := make(chan error, 1)
		go func() {
			got, err := c.Load(within(t), "a", give(1))
			if err == nil && got != 1 {
				err = fmt.Errorf("got %d", got)
			}
			stayed <- err
		}()
		waitAWhile() // until who stays waits for the same load
		close(end)
		ok(t, <-stayed)
	})
}
