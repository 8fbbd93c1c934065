package outbound

import "context"

// Cache keeps values in process, bounded in number, the least useful leaving
// first. Values are shared between callers and must not be changed.
type Cache[K comparable, V any] interface {
	// Get gives a kept value.
	Get(key K) (V, bool)
	// Load gives the kept value, or what load returns, which is then kept;
	// concurrent callers for one key share one load, whose ctx is not theirs but
	// has an end of its own. A failure is not kept, and neither is a value whose
	// key was dropped while it was being loaded. A caller whose ctx ends first:
	// KindUnavailable, and the load goes on for the others.
	Load(ctx context.Context, key K, load func(ctx context.Context, key K) (V, error)) (V, error)
	// Drop forgets a key.
	Drop(key K)
	// DropAll forgets all keys.
	DropAll()
}
