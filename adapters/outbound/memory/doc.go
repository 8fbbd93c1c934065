// Package memory owns what one process keeps to itself: bounded caches, and
// the in-process twin of the redis adapter's signal bus for installations of a
// single instance.
package memory
