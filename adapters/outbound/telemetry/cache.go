package telemetry

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// How a lookup in a cache ended.
const (
	hit  = "hit"
	miss = "miss"
)

// TokenCache names the cache of signature results: what it loads decides the
// cache label of the token validations.
const TokenCache = "tokens"

// Cache counts the lookups of a cache under a name that is given once. A hit
// is a lookup that found its value, a miss one that had to load it. A Get that
// finds nothing is not counted: the Load that follows it is.
func Cache[K comparable, V any](m *Metrics, name string, inner outbound.Cache[K, V]) outbound.Cache[K, V] {
	return &cache[K, V]{
		Cache: inner, signatures: name == TokenCache,
		hits: m.caches.WithLabelValues(name, hit), misses: m.caches.WithLabelValues(name, miss),
	}
}

type cache[K comparable, V any] struct {
	outbound.Cache[K, V]
	signatures   bool
	hits, misses prometheus.Counter
}

func (c *cache[K, V]) Get(key K) (V, bool) {
	value, found := c.Cache.Get(key)
	if found {
		c.hits.Inc()
	}
	return value, found
}

func (c *cache[K, V]) Load(ctx context.Context, key K, load func(context.Context, K) (V, error)) (V, error) {
	var loaded atomic.Bool // a cache may load in a goroutine of its own
	value, err := c.Cache.Load(ctx, key, func(ctx context.Context, key K) (V, error) {
		loaded.Store(true)
		return load(ctx, key)
	})
	if !loaded.Load() {
		c.hits.Inc()
		return value, err
	}
	c.misses.Inc()
	if v, measured := ctx.Value(validationKey{}).(*validation); measured && c.signatures {
		v.verified = true
	}
	return value, err
}
