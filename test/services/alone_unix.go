//go:build unix

package services

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Alone waits until no other package that called it is under test on this
// machine, and keeps others waiting until the process ends. It is for suites that
// load the machine, or whose servers can't do with a share of it: go test runs
// packages side by side.
func Alone() error {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("keystone-tests-%d.lock", os.Geteuid()))
	lock, err := syscall.Open(name, syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600) // open until the process ends
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return syscall.Flock(lock, syscall.LOCK_EX)
}
