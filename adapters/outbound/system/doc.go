// Package system owns the process's own sources: the wall clock and the
// operating system's randomness. It is the one place, besides main, where
// time.Now and crypto/rand are called; everyone else is handed its types.
package system
