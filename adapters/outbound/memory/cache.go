package memory

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// Cache is an outbound.Cache over a bounded W-TinyLFU cache.
type Cache[K comparable, V any] struct{ inner *otter.Cache[K, V] }

var _ outbound.Cache[string, int] = (*Cache[string, int])(nil)

// NewCache keeps at most size values, each for at most ttl.
func NewCache[K comparable, V any](size int, ttl time.Duration) *Cache[K, V] {
	return &Cache[K, V]{inner: otter.Must(&otter.Options[K, V]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryCreating[K, V](ttl),
	})}
}

// Get gives a kept value.
func (c *Cache[K, V]) Get(key K) (V, bool) { return c.inner.GetIfPresent(key) }

// Load gives the kept value, or loads and keeps it.
func (c *Cache[K, V]) Load(ctx context.Context, key K, load func(context.Context, K) (V, error)) (V, error) {
	// The load is shared, so one caller who leaves must not fail the others;
	// the store bounds its time.
	return c.inner.Get(context.WithoutCancel(ctx), key, otter.LoaderFunc[K, V](load))
}

// Drop forgets a key.
func (c *Cache[K, V]) Drop(key K) { c.inner.Invalidate(key) }

// DropAll forgets all keys.
func (c *Cache[K, V]) DropAll() { c.inner.InvalidateAll() }
