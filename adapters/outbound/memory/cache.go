package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// loadLimit bounds a load that is shared: a connection that died without a word
// would hold up all callers of its key, those who come later too.
const loadLimit = 5 * time.Second

// Cache is an outbound.Cache over a bounded W-TinyLFU cache.
type Cache[K comparable, V any] struct {
	inner *otter.Cache[K, V]

	mu      sync.Mutex
	loading map[K]int // loads under way, by key
}

var _ outbound.Cache[string, int] = (*Cache[string, int])(nil)

// NewCache keeps at most size values, each for at most ttl.
func NewCache[K comparable, V any](size int, ttl time.Duration) *Cache[K, V] {
	return &Cache[K, V]{loading: map[K]int{}, inner: otter.Must(&otter.Options[K, V]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryCreating[K, V](ttl),
	})}
}

// Get gives a kept value.
func (c *Cache[K, V]) Get(key K) (V, bool) { return c.inner.GetIfPresent(key) }

// Load gives the kept value, or loads and keeps it. The load is shared, so it
// runs apart from its callers: who leaves neither fails it nor waits for it.
func (c *Cache[K, V]) Load(ctx context.Context, key K, load func(context.Context, K) (V, error)) (V, error) {
	var none V
	if ctx.Err() != nil {
		return none, domain.Unavailable(context.Cause(ctx), 0)
	}
	ended := make(chan outcome[V], 1)
	go func() {
		o := outcome[V]{err: domain.Internal(errors.New("memory: a load ended its goroutine"))}
		defer func() {
			// Out of the callers' goroutines nothing else would catch it.
			if fault := recover(); fault != nil {
				o = outcome[V]{err: domain.Internal(fmt.Errorf("memory: a load panicked: %v", fault))}
			}
			ended <- o
		}()
		c.note(key, 1)
		defer c.note(key, -1)
		shared, done := context.WithTimeout(context.WithoutCancel(ctx), loadLimit)
		defer done()
		o.value, o.err = c.inner.Get(shared, key, otter.LoaderFunc[K, V](load))
	}()
	select {
	case o := <-ended:
		return o.value, o.err
	case <-ctx.Done():
		return none, domain.Unavailable(context.Cause(ctx), 0)
	}
}

type outcome[V any] struct {
	value V
	err   error
}

// Drop forgets a key.
func (c *Cache[K, V]) Drop(key K) { c.inner.Invalidate(key) }

// DropAll forgets all keys, those that are being loaded too: the inner cache
// promises that only for a key by name.
func (c *Cache[K, V]) DropAll() {
	c.inner.InvalidateAll()
	c.mu.Lock()
	keys := slices.Collect(maps.Keys(c.loading))
	c.mu.Unlock()
	for _, key := range keys {
		c.inner.Invalidate(key)
	}
}

// note counts the loads of a key that are under way.
func (c *Cache[K, V]) note(key K, more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loading[key] += more; c.loading[key] == 0 {
		delete(c.loading, key)
	}
}
