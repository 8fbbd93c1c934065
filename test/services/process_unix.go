//go:build unix

package services

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// answerWithin is how long a server of a test's own may take to start.
const answerWithin = 30 * time.Second

// guard runs a server until that ends, or until its own standard input does,
// which is when the test binary is gone, killed or not.
const guard = `
log=$1
shift
exec 3<&0
"$@" >>"$log" 2>&1 </dev/null 3<&- &
server=$!
(read -r end <&3; kill -s KILL $server) &
wait $server
`

// Process is a server of one test's own, which may be frozen, killed and
// started again. It ends with the test, or with the test binary.
type Process struct {
	command []string
	home    home
	answers func() error

	keeper   *exec.Cmd
	lifeline io.Closer
	ended    chan struct{} // closed once the keeper is
}

// newProcess prepares a server that runs in a directory of its own. answers
// fails for as long as it does not serve.
func newProcess(t testing.TB, h home, answers func() error, command ...string) *Process {
	t.Helper()
	p := &Process{command: command, home: h, answers: answers}
	t.Cleanup(func() {
		p.Kill(t)
		if t.Failed() {
			t.Logf("the log of %s:\n%s", filepath.Base(command[0]), p.Log())
		}
		h.remove()
	})
	return p
}

// RunProcess starts any server in a directory of its own, which command may
// name by dir, and waits until answers does not fail.
func RunProcess(t testing.TB, answers func() error, command func(dir string) []string) *Process {
	t.Helper()
	h, err := newHome("keystone-process-")
	if err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, h, answers, command(h.dir)...)
	p.Start(t)
	return p
}

// Launch starts the server and does not wait for it.
func (p *Process) Launch(t testing.TB) {
	t.Helper()
	p.Kill(t)
	p.keeper = p.home.command("/bin/sh", append([]string{"-c", guard, "guard", p.log()}, p.command...)...)
	lifeline, err := p.keeper.StdinPipe()
	if err == nil {
		err = p.keeper.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.lifeline, p.ended = lifeline, make(chan struct{})
	go func(keeper *exec.Cmd, ended chan struct{}) {
		_ = keeper.Wait() // its end is all there is to know
		close(ended)
	}(p.keeper, p.ended)
}

// Start starts the server and waits until it answers, and launches it again
// where it ended: what it left behind may still be in its way.
func (p *Process) Start(t testing.TB) {
	t.Helper()
	p.Launch(t)
	for deadline := time.Now().Add(answerWithin); ; {
		err := p.answers()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v\n%s", p.command[0], err, p.Log())
		}
		select {
		case <-p.ended:
			time.Sleep(200 * time.Millisecond)
			p.Launch(t)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Signal sends a signal to the server and its keeper.
func (p *Process) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-p.keeper.Process.Pid, signal); err != nil {
		t.Fatalf("%s: %v", p.command[0], err)
	}
}

// Freeze stops the server and all that it has started, until Thaw.
func (p *Process) Freeze(t testing.TB) {
	t.Helper()
	p.all(t, syscall.SIGSTOP)
}

// Thaw lets a frozen server go on.
func (p *Process) Thaw(t testing.TB) {
	t.Helper()
	p.all(t, syscall.SIGCONT)
}

// all signals the group and the descendants that have left it.
func (p *Process) all(t testing.TB, signal syscall.Signal) {
	t.Helper()
	p.Signal(t, signal)
	parents := parents(t)
	mine := map[int]bool{p.keeper.Process.Pid: true}
	for grown := true; grown; {
		grown = false
		for pid, parent := range parents {
			if mine[parent] && !mine[pid] {
				mine[pid], grown = true, true
			}
		}
	}
	for pid := range mine {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatalf("%s: %v", p.command[0], err)
		}
	}
}

// parents gives the parent of every process.
func parents(t testing.TB) map[int]int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("NO /proc, SO THIS IS NOT TESTED")
	}
	all := map[int]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		var pid, parent int
		var state string
		_, after, _ := strings.Cut(string(text), ") ") // behind a name that may hold anything
		if _, err := fmt.Sscan(after, &state, &parent); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if _, err := fmt.Sscan(string(text), &pid); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[pid] = parent
	}
	return all
}

// Kill ends the server at once, if it runs.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	if p.keeper == nil {
		return
	}
	if err := syscall.Kill(-p.keeper.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("%s: %v", p.command[0], err)
	}
	_ = p.lifeline.Close() // its reader is dead
	<-p.ended
	p.keeper = nil
}

// Log is what the server has written.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (p *Process) log() string { return filepath.Join(p.home.dir, "log") }

// FreePort gives a port of the loopback interface that nobody listens on, below
// those from which connections start, so that a server that is gone for a while
// finds its own again.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err == nil {
			err = listener.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port")
	return 0
}

// Program finds a program in the usual folders, or skips the test, loudly; where
// services are required it fails.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := binary(name, "/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")
	needed(t, name, err)
	return path
}

func needed(t testing.TB, name string, err error) {
	t.Helper()
	switch {
	case err == nil:
	case !errors.Is(err, ErrAbsent):
		t.Fatalf("%s: %v", name, err)
	case os.Getenv("CI") != "" || os.Getenv(required) != "":
		t.Fatalf("NO %s: install it", name)
	default:
		t.Skipf("NO %s, SO THIS IS NOT TESTED: install it", name)
	}
}
