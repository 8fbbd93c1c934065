// Package operations is what keeps an installation running: its health and the
// proof that it has the right master key.
package operations
