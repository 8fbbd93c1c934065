package database

import (
	"runtime"
	"slices"
	"sync"
	"weak"
)

// stored is what an aggregate looked like when it was last read or written:
// the version that must still stand for it to be saved, and the names of the
// roles or scopes that need no writing if they are the same.
type stored struct {
	version int64
	links   []string
}

// ledger remembers what each aggregate in memory was read as. An aggregate
// does not know: its version counts up with every change, so two that were
// read together and each changed once look alike, and the second would
// overwrite the first. It keeps no aggregate alive.
type ledger struct{ entries sync.Map } // weak.Pointer[T] to stored

// note remembers an aggregate and gives what was known of it before.
func note[T any](l *ledger, aggregate *T, now stored) (before stored, known bool) {
	now.links = slices.Clone(now.links)
	key := weak.Make(aggregate)
	previous, known := l.entries.Swap(key, now)
	if !known {
		runtime.AddCleanup(aggregate, func(k weak.Pointer[T]) { l.entries.Delete(k) }, key)
		return stored{}, false
	}
	return previous.(stored), true
}

// recall gives what is known of an aggregate.
func recall[T any](l *ledger, aggregate *T) (stored, bool) {
	entry, known := l.entries.Load(weak.Make(aggregate))
	if !known {
		return stored{}, false
	}
	return entry.(stored), true
}

// forget undoes a note of what was not stored after all.
func forget[T any](l *ledger, aggregate *T) { l.entries.Delete(weak.Make(aggregate)) }
