package e2e

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// ended is a command line that was run to its end.
type ended struct {
	code        int
	out, errors string
}

// run runs a command of the program with the server's configuration, whether
// the server is up or not.
func (s *Server) run(t *testing.T, stdin string, args ...string) ended {
	t.Helper()
	command := exec.Command(s.binary(), args...)
	command.Dir, command.Env = s.Dir, s.environment()
	command.Stdin = strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	command.Stdout, command.Stderr = &out, &errOut
	err := command.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return ended{code: command.ProcessState.ExitCode(), out: out.String(), errors: errOut.String()}
}

// wantRun is run for a command that must succeed; it gives its output.
func (s *Server) wantRun(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	got := s.run(t, stdin, args...)
	if got.code != 0 {
		t.Fatalf("keystone %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.out, got.errors)
	}
	return got.out
}
