package telemetry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/ports/outbound"
)

func newCache() outbound.Cache[string, int] { return memory.NewCache[string, int](100, 1<<40) }

func TestCacheLookups(t *testing.T) {
	m := newMetrics()
	cache := telemetry.Cache(m, "clients", newCache())
	load := func(value int, err error) {
		t.Helper()
		got, failure := cache.Load(t.Context(), "key", func(context.Context, string) (int, error) { return value, err })
		if !errors.Is(failure, err) || err == nil && got != 1 {
			t.Errorf("Load() = %d, %v", got, failure)
		}
	}
	if _, found := cache.Get("key"); found {
		t.Error("found in an empty cache")
	}
	load(0, errBroken)
	load(1, nil)
	load(2, nil) // finds the first
	if got, found := cache.Get("key"); !found || got != 1 {
		t.Errorf("Get() = %d, %v", got, found)
	}
	cache.Drop("key")
	load(1, nil)
	cache.DropAll()
	load(1, nil)
	wantMoved(t, m, "keystone_cache_requests_total", map[string]string{"cache=clients,result=miss": "4", "cache=clients,result=hit": "2"})
}
