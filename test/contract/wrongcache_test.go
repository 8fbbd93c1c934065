package contract_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

type loader = func(context.Context, string) (int, error)

// wrongCache is right, unless told otherwise.
type wrongCache struct {
	outbound.Cache[string, int]
	key     func(string) string
	load    func(ctx context.Context, key string, load loader) (int, error)
	drop    func(key string)
	dropAll func()
}

func (c *wrongCache) named(key string) string {
	if c.key != nil {
		return c.key(key)
	}
	return key
}

func (c *wrongCache) Get(key string) (int, bool) { return c.Cache.Get(c.named(key)) }

func (c *wrongCache) Load(ctx context.Context, key string, load loader) (int, error) {
	if c.load != nil {
		return c.load(ctx, key, load)
	}
	return c.Cache.Load(ctx, c.named(key), load)
}

func (c *wrongCache) Drop(key string) {
	if c.drop != nil {
		c.drop(key)
		return
	}
	c.Cache.Drop(c.named(key))
}

func (c *wrongCache) DropAll() {
	if c.dropAll != nil {
		c.dropAll()
		return
	}
	c.Cache.DropAll()
}

func caches(change func(*wrongCache)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunCache(t, func(_ *testing.T, size int) outbound.Cache[string, int] {
			c := &wrongCache{Cache: memory.NewCache[string, int](size, time.Hour)}
			change(c)
			return c
		})
	}
}

// plainCache is a map that knows nothing of loads under way.
type plainCache struct {
	mu   sync.Mutex
	kept map[string]int
}

func (c *plainCache) Get(key string) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, found := c.kept[key]
	return value, found
}

func (c *plainCache) Load(ctx context.Context, key string, load loader) (int, error) {
	if value, found := c.Get(key); found {
		return value, nil
	}
	if err := ctx.Err(); err != nil {
		return 0, domain.Unavailable(err, 0)
	}
	value, err := load(ctx, key)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.kept[key] = value
	}
	return value, err
}

func (c *plainCache) Drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.kept, key)
}

func (c *plainCache) DropAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.kept)
}

func plainCaches(t *testing.T) {
	contract.RunCache(t, func(*testing.T, int) outbound.Cache[string, int] { return &plainCache{kept: map[string]int{}} })
}

var wrongCaches = adapterSuite{
	right: caches(func(*wrongCache) {}),
	wrong: []wrongAdapter{
		{"folds keys", caches(func(c *wrongCache) { c.key = strings.ToLower }), "kept under its key"},
		{"keeps nothing", caches(func(c *wrongCache) {
			c.load = func(ctx context.Context, key string, load loader) (int, error) { return load(ctx, key) }
		}), "kept under its key"},
		{"swallows failures", caches(func(c *wrongCache) {
			c.load = func(ctx context.Context, key string, load loader) (int, error) {
				value, err := c.Cache.Load(ctx, key, load)
				return value, except(err, domain.CodeNotFound)
			}
		}), "a failure is returned as it is"},
		{"keeps failures", caches(func(c *wrongCache) {
			c.load = func(ctx context.Context, key string, load loader) (int, error) {
				return c.Cache.Load(ctx, key, func(ctx context.Context, key string) (int, error) {
					value, err := load(ctx, key)
					return value, except(err, domain.CodeNotFound)
				})
			}
		}), "not kept"},
		{"drops nothing", caches(func(c *wrongCache) { c.drop = func(string) {} }), "dropping forgets one key"},
		{"drops all for one", caches(func(c *wrongCache) { c.drop = func(string) { c.Cache.DropAll() } }), "dropping forgets one key"},
		{"drops one for all", caches(func(c *wrongCache) { c.dropAll = func() { c.Cache.Drop("a") } }), "dropping all forgets all"},
		{"has no bound", plainCaches, "it is bounded"},
		{"loads for each caller", plainCaches, "one load"},
		{"keeps what was dropped on its way", plainCaches, "a key dropped while it is loaded"},
		{"keeps what was dropped with all on its way", plainCaches, "all dropped while one is loaded"},
		{"does not hear of an end", caches(func(c *wrongCache) {
			c.load = func(ctx context.Context, key string, load loader) (int, error) {
				return c.Cache.Load(context.WithoutCancel(ctx), key, load)
			}
		}), "who has left is not loaded for"},
		{"ends the load with who began it", caches(func(c *wrongCache) {
			c.load = func(ctx context.Context, key string, load loader) (int, error) {
				return c.Cache.Load(ctx, key, func(context.Context, string) (int, error) {
					value, err := load(ctx, key)
					return value, errors.Join(err, ctx.Err())
				})
			}
		}), "the load goes on for the others"},
	},
}
