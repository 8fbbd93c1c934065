package services

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// keeper runs a server until its standard input ends, which it does when the
// test binary is gone, killed or not; then it stops the server and removes the
// directory.
const keeper = `
home=$1 signal=$2
shift 2
"$@" >"$home/log" 2>&1 </dev/null &
server=$!
read -r end
kill -s "$signal" "$server"
wait "$server"
rm -rf "$home"
`

// home is the directory of a private server, and the user it runs as.
type home struct {
	dir string
	as  account
}

// newHome makes a directory that the server's user owns.
func newHome(prefix string) (home, error) {
	as, err := serverAccount()
	if err != nil {
		return home{}, err
	}
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return home{}, err
	}
	h := home{dir: dir, as: as}
	if err := as.own(dir); err != nil {
		h.remove()
		return home{}, err
	}
	return h, nil
}

func (h home) remove() {
	if err := os.RemoveAll(h.dir); err != nil {
		fmt.Printf("%s was not removed: %v\n", h.dir, err)
	}
}

// command prepares a program to run as the server's user.
func (h home) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = h.dir
	h.as.assume(c)
	return c
}

// Private is a server of this machine's binaries, on the loopback interface. It
// ends when it is stopped, or with this process.
type Private struct {
	URL  string
	PID  int // of its keeper: the server is the child of this process
	Stop func()
}

// serve starts a server on a free port of the loopback interface and waits
// until it answers.
func (h home) serve(s service, signal string, on func(port string) (url string, command []string)) (Private, error) {
	port, err := freePort()
	if err != nil {
		h.remove()
		return Private{}, err
	}
	url, command := on(port)
	c := h.command("/bin/sh", append([]string{"-c", keeper, "keeper", h.dir, signal}, command...)...)
	lifeline, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		h.remove()
		return Private{}, err
	}
	stop := func() {
		if err := lifeline.Close(); err != nil {
			fmt.Printf("%s: %v\n", s.name, err)
		}
		_ = c.Wait() // the exit code is that of the removal, and the directory is temporary
	}
	if err := s.await(url, 20*time.Second); err != nil {
		log, _ := os.ReadFile(filepath.Join(h.dir, "log")) // best effort: only adds detail
		stop()
		return Private{}, fmt.Errorf("%s does not answer: %w\n%s", command[0], err, log)
	}
	return Private{URL: url, PID: c.Process.Pid, Stop: stop}, nil
}

// untilTheEnd is a private server as tests use it.
func untilTheEnd(p Private, err error) (string, error) {
	if err == nil {
		stopAtEnd(p.Stop)
	}
	return p.URL, err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if closing := l.Close(); err == nil {
		err = closing
	}
	return port, err
}

// binary finds a program on the path or in the newest of the folders that the
// patterns match, or fails with ErrAbsent.
func binary(name string, folders ...string) (string, error) {
	if found, err := exec.LookPath(name); err == nil {
		return found, nil
	}
	for _, pattern := range folders {
		matches, err := filepath.Glob(filepath.Join(pattern, name))
		if err != nil {
			return "", err
		}
		if len(matches) > 0 {
			return matches[len(matches)-1], nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, ErrAbsent)
}
