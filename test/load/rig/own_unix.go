//go:build unix

package rig

import (
	"syscall"
	"time"
)

// own is the CPU time of this process, the load generator.
func own() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
