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
	file, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("keystone-tests-%d.lock", os.Geteuid())), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	held = file
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
}

// held keeps the file open: the lock ends with it.
var held *os.File
