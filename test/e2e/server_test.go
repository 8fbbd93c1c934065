package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startWithin = 30 * time.Second
	stopWithin  = 30 * time.Second // contract, section 5
)

// Server is a running Keystone: a process of ours, or a deployment.
type Server struct {
	URL      string
	Issuer   string
	Admin    account
	Dir      string // the working directory of the process
	Database string // its URL; empty for a deployment

	settings settings
	environ  []string // beside them, with whole names
	program  string   // empty: the one under test
	secrets  *ledger
	http     *http.Client

	documentMu sync.Mutex
	document   *document
	violations map[string]bool

	command        *exec.Cmd
	exited         chan struct{}
	stdout, stderr *transcript
}

// settings are KEYSTONE_ variables without the prefix.
type settings map[string]string

func (s settings) with(more settings) settings {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// start runs the program until the test ends; it must then stop cleanly, and
// must have kept every secret.
func start(t *testing.T, given settings) *Server {
	t.Helper()
	s := prepare(t, given)
	s.Start(t)
	return s
}

// prepare gives a server that is not started yet.
func prepare(t *testing.T, given settings) *Server {
	t.Helper()
	address := freeAddress(t)
	s := &Server{
		URL: "http://" + address, Dir: t.TempDir(), settings: given.with(settings{"HTTP_ADDR": address}),
		secrets: newLedger(), http: newHTTPClient(t), stdout: &transcript{}, stderr: &transcript{},
	}
	if _, set := given["ISSUER"]; !set {
		s.settings["ISSUER"] = s.URL
	}
	s.Issuer = s.settings["ISSUER"]
	s.Database = s.settings["DATABASE_URL"]
	s.Admin = account{Username: "admin", Password: s.settings["BOOTSTRAP_ADMIN_PASSWORD"]}
	s.secrets.keep(s.Admin.Password, s.settings["MASTER_KEY"])
	t.Cleanup(func() {
		if s.running() {
			s.Stop(t)
		}
		s.checkLogs(t)
		s.checkDocument(t)
		s.checkSecrets(t)
		if t.Failed() {
			t.Logf("stderr of %s:\n%s", s.URL, s.stderr)
			t.Logf("its errors, and the end of its log:\n%s\n%s",
				tail(levelled(s.stdout.String(), "error"), 30), tail(s.stdout.String(), 30))
		}
	})
	return s
}

// sibling starts another process on the same store, for the same issuer.
func (s *Server) sibling(t *testing.T) *Server {
	t.Helper()
	other := prepare(t, s.settings.with(settings{"ISSUER": s.Issuer}))
	other.secrets = s.secrets
	other.Start(t)
	return other
}

// Start runs the process and waits until it is ready.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	s.launch(t)
	s.awaitReady(t)
}

func (s *Server) launch(t *testing.T) {
	t.Helper()
	s.command = exec.Command(s.binary())
	s.command.Dir = s.Dir
	s.command.Env = s.environment()
	s.command.Stdout, s.command.Stderr = s.stdout, s.stderr
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	s.exited = make(chan struct{})
	go func(command *exec.Cmd, exited chan struct{}) {
		_ = command.Wait() // its ProcessState tells
		close(exited)
	}(s.command, s.exited)
}

func (s *Server) binary() string {
	if s.program != "" {
		return s.program
	}
	return program
}

func (s *Server) environment() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Dir, "TMPDIR=" + os.TempDir()}
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		env = append(env, "KEYSTONE_"+name+"="+s.settings[name])
	}
	return append(env, s.environ...)
}

func (s *Server) awaitReady(t *testing.T) {
	t.Helper()
	eventually(t, startWithin, "ready", func() bool {
		if !s.running() {
			t.Fatalf("the process ended: %v\n%s\n%s", s.command.ProcessState, s.stderr, tail(s.stdout.String(), 5))
		}
		answer, err := s.try(call{method: "GET", path: "/readyz"})
		return err == nil && answer.status == http.StatusOK
	})
}

func (s *Server) running() bool {
	if s.command == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// Terminate asks the process to stop and does not wait.
func (s *Server) Terminate(t *testing.T) {
	t.Helper()
	// A connection that has not sent anything yet holds net/http up for 5 s.
	s.http.CloseIdleConnections()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// Wait holds the process to ending with status 0.
func (s *Server) Wait(t *testing.T) {
	t.Helper()
	if code := s.exitCode(t); code != 0 {
		t.Errorf("the process ended with status %d (%v), want 0", code, s.command.ProcessState)
	}
}

// exitCode waits for the process to end.
func (s *Server) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(stopWithin):
		_ = s.command.Process.Kill() // it fails only where the process is gone
		<-s.exited
		t.Errorf("the process did not stop within %s", stopWithin)
	}
	return s.command.ProcessState.ExitCode()
}

// Stop ends the process as an operator would.
func (s *Server) Stop(t *testing.T) {
	t.Helper()
	s.Terminate(t)
	s.Wait(t)
}

// Kill ends the process at once.
func (s *Server) Kill(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.exited
}

// Restart stops the process and starts it again on the same address.
func (s *Server) Restart(t *testing.T) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

// Logs is all that the process has written.
func (s *Server) Logs() string { return s.stdout.String() + s.stderr.String() }

// checkLogs holds standard output to one JSON object a line (contract, section 5).
func (s *Server) checkLogs(t *testing.T) {
	t.Helper()
	if s.settings["LOG_FORMAT"] != "json" {
		return
	}
	for line := range strings.Lines(s.stdout.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Errorf("a line of the log is not a JSON object: %q", line)
		}
	}
}

// freeAddress gives an address of this machine that nobody listens on, below
// the ports from which connections start.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		listener, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err == nil {
			err = listener.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return address
	}
	t.Fatal("no free port")
	return ""
}

// eventually polls a condition that must come true in time.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s within %s", what, within)
		}
	}
}
