//go:build unix

package services

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is who a private server runs as; PostgreSQL refuses to run as root.
type account struct{ credential *syscall.Credential }

// serverAccount gives the current user, or for root one without its powers.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUser := strconv.ParseUint(found.Uid, 10, 32)
		gid, errGroup := strconv.ParseUint(found.Gid, 10, 32)
		if errUser == nil && errGroup == nil {
			return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
		}
	}
	return account{}, fmt.Errorf("an unprivileged user: %w", ErrAbsent)
}

func (a account) own(dir string) error {
	if a.credential == nil {
		return nil
	}
	return os.Chown(dir, int(a.credential.Uid), int(a.credential.Gid))
}

// assume lets the command run as the account, out of reach of the terminal's
// interrupt, so that its keeper can tidy up.
func (a account) assume(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
}
