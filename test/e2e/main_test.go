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

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run is TestMain with its defers.
func run(m *testing.M) (code int) {
	if os.Getenv("KEYSTONE_URL") != "" {
		return services.Run(m)
	}
	failed := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := services.Alone(); err != nil {
		failed(err)
		return code
	}
	dir, err := os.MkdirTemp("", "keystone-e2e-")
	if err != nil {
		failed(err)
		return code
	}
	defer func() { failed(os.RemoveAll(dir)) }()
	program = filepath.Join(dir, "keystone")
	if err := build(program); err != nil {
		failed(err)
		return code
	}
	if code = services.Run(m); code == 0 {
		failed(undriven())
	}
	return code
}

func build(to string) error {
	command := exec.Command("go", "build", "-o", to, "./bootstrap/keystone")
	command.Dir = filepath.Join("..", "..")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}
