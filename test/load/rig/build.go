package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build makes the release build in a directory and gives the program's path.
func Build(dir string) (string, error) {
	root, err := output("go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "keystone")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./bootstrap/keystone")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building Keystone: %w\n%s", err, out)
	}
	return program, nil
}

// Commit names what is measured; a tree with changes of its own ends in a plus.
func Commit() string {
	commit, err := output("git", "rev-parse", "--short", "HEAD")
	if err != nil {
		return "unknown"
	}
	if changed, err := output("git", "status", "--porcelain", "--", "*.go", "go.mod", "*.sql"); err != nil || changed != "" {
		commit += "+"
	}
	return commit
}

func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
