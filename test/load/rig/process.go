package rig

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	startWithin = 30 * time.Second
	stopWithin  = 35 * time.Second
)

// Process is a program that serves HTTP.
type Process struct {
	Address string // host and port
	PID     int
	command *exec.Cmd
	errors  *ending
}

// Settings are environment variables: those of Keystone without KEYSTONE_.
type Settings map[string]string

// Keystone starts the program and waits until it is ready. Its log goes to
// /dev/null, written as it would be elsewhere.
func Keystone(ctx context.Context, program, dir string, settings Settings) (*Process, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "KEYSTONE_HTTP_ADDR=" + address, "KEYSTONE_ISSUER=http://" + address}
	for name, value := range settings {
		env = append(env, "KEYSTONE_"+name+"="+value)
	}
	return start(ctx, exec.Command(program), dir, address, "/readyz", env, nil)
}

// Self starts this program in another role; it reads its orders on standard
// input, and serves on the address that they name.
func Self(ctx context.Context, role, address string, orders []byte) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, exec.Command(program, role), "", address, "/", os.Environ(), orders)
}

func start(ctx context.Context, c *exec.Cmd, dir, address, ready string, env []string, input []byte) (*Process, error) {
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &Process{Address: address, command: c, errors: &ending{}}
	c.Dir, c.Env, c.Stdin, c.Stdout, c.Stderr = dir, env, bytes.NewReader(input), log, p.errors
	if err := c.Start(); err != nil {
		return nil, err
	}
	p.PID = c.Process.Pid
	if err := p.await(ctx, ready); err != nil {
		_ = c.Process.Kill() // it may be gone
		_ = c.Wait()
		return nil, fmt.Errorf("%s: %w\n%s", c.Path, err, p.errors)
	}
	return p, nil
}

// await asks until the answer is 200.
func (p *Process) await(ctx context.Context, path string) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var last error
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		answer, err := client.Get("http://" + p.Address + path)
		if err != nil {
			last = err
			continue
		}
		_, _ = io.Copy(io.Discard, answer.Body) // only the status matters
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		last = fmt.Errorf("%s says %s", path, answer.Status)
	}
	return errors.Join(errors.New("not ready"), ctx.Err(), last)
}

// Stop ends the process as an operator would.
func (p *Process) Stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(stopWithin, func() { _ = p.command.Process.Kill() })
	defer late.Stop()
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.command.Path, err, p.errors)
	}
	return nil
}

// Kill ends the process at once.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // it may be gone
	_ = p.command.Wait()         // its status is that of a killed one
}

// ending keeps the end of what a process says on standard error.
type ending struct {
	mu   sync.Mutex
	text []byte
}

func (e *ending) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text = append(e.text, p...)
	e.text = e.text[max(0, len(e.text)-4096):]
	return len(p), nil
}

func (e *ending) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return string(e.text)
}

// FreeAddress gives one of this machine's own addresses that nobody listens on.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// MasterKey makes one.
func MasterKey() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never returns an error since Go 1.24
	return base64.StdEncoding.EncodeToString(key[:])
}

// Random is a part of a name that nothing else has.
func Random() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never returns an error since Go 1.24
	return hex.EncodeToString(b[:])
}
