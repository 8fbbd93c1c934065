package memory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

func newCache() *memory.Cache[string, int] { return memory.NewCache[string, int](10, time.Hour) }

func TestCacheContract(t *testing.T) {
	contract.RunCache(t, func(_ *testing.T, size int) outbound.Cache[string, int] {
		return memory.NewCache[string, int](size, time.Hour)
	})
}

// A caller who leaves gets away at once, and the load goes on for the others.
func TestALoadIsApartFromItsCallers(t *testing.T) {
	cache := newCache()
	asked, answer := make(chan struct{}), make(chan struct{})
	load := func(ctx context.Context, _ string) (int, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a shared load has no end")
		}
		close(asked)
		<-answer
		return 7, ctx.Err()
	}
	impatient, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan int, 1)
	go func() {
		_, err := cache.Load(impatient, "key", load)
		left <- err
	}()
	<-asked
	go func() {
		value, err := cache.Load(t.Context(), "key", load)
		if err != nil {
			t.Error(err)
		}
		stayed <- value
	}()
	leave()
	if err := <-left; !domain.HasCode(err, domain.CodeUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(answer)
	if got := <-stayed; got != 7 {
		t.Errorf("who stayed got %d", got)
	}
	if got, kept := cache.Get("key"); !kept || got != 7 {
		t.Errorf("kept %d, %v", got, kept)
	}
}

func TestNobodyLoadsForACallerWhoHasLeft(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := newCache().Load(gone, "key", func(context.Context, string) (int, error) {
		t.Error("loaded")
		return 0, nil
	})
	if !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("Load() = %v", err)
	}
}

// The load is out of reach of the recovery that a request has.
func TestALoadThatPanicsIsAFailure(t *testing.T) {
	cache := newCache()
	_, err := cache.Load(t.Context(), "key", func(context.Context, string) (int, error) { panic("broken") })
	if !domain.HasCode(err, domain.CodeInternal) {
		t.Errorf("Load() = %v", err)
	}
	value, err := cache.Load(t.Context(), "key", func(context.Context, string) (int, error) { return 7, nil })
	if err != nil || value != 7 {
		t.Errorf("Load() = %d, %v", value, err)
	}
}
