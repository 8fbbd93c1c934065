//go:build !unix

package services

import (
	"fmt"
	"os/exec"
)

// account stands for private servers, which only Unix systems get.
type account struct{}

func serverAccount() (account, error) {
	return account{}, fmt.Errorf("a private server on this system: %w", ErrAbsent)
}

func (account) own(string) error { return nil }

func (account) assume(*exec.Cmd) {}
