package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/keystone-auth/keystone/test/services"
)

// program is the binary under test; empty where a deployment is given.
var program string

func TestMain(m *testing.M) {
	if os.Getenv("KEYSTONE_URL") == "" {
		dir, err := os.MkdirTemp("", "keystone-e2e-")
		if err == nil {
			program = filepath.Join(dir, "keystone")
			err = build(program)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := services.Run(m)
	if program != "" {
		if err := os.RemoveAll(filepath.Dir(program)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func build(to string) error {
	command := exec.Command("go", "build", "-o", to, "./bootstrap/keystone")
	command.Dir = filepath.Join("..", "..")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}
