package services

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

const (
	localWanted = "KEYSTONE_TEST_LOCAL"
	required    = "KEYSTONE_TEST_REQUIRE_SERVICES"
)

// ErrAbsent says that a source has no server to offer.
var ErrAbsent = errors.New("not available")

// service is a kind of server and how it is found.
type service struct {
	name     string
	variable string   // names the URL of a given server
	local    []string // URLs of the usual local port
	ping     func(ctx context.Context, url string) error
	image    image
	private  func(s service) (string, error)
}

// find gives the URL of the first server that there is. One that was asked for
// by name and does not answer is an error, not a reason to look further.
func (s service) find() (string, error) {
	if url := os.Getenv(s.variable); url != "" {
		if err := s.await(url, time.Second); err != nil {
			return "", fmt.Errorf("%s is set and its server does not answer: %w", s.variable, err)
		}
		return url, nil
	}
	if os.Getenv(localWanted) == "1" {
		for _, url := range s.local {
			if s.await(url, 0) == nil {
				return url, nil
			}
		}
	}
	url, err := s.container()
	if errors.Is(err, ErrAbsent) {
		url, err = s.private(s)
	}
	return url, err
}

// await asks until the server answers, and once at least.
func (s service) await(url string, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := s.ping(ctx, url)
		cancel()
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// missing skips or fails a test whose service was not found.
func (s service) missing(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, ErrAbsent) {
		t.Fatalf("%s: %v", s.name, err)
	}
	if os.Getenv("CI") != "" || os.Getenv(required) != "" {
		t.Fatalf("NO %s: set %s, or %s=1, or have Docker or its binaries at hand", s.name, s.variable, localWanted)
	}
	t.Skipf("NO %s, SO THIS IS NOT TESTED: set %s, or %s=1, or have Docker or its binaries at hand", s.name, s.variable, localWanted)
}

// Long skips a test that takes a good part of a minute or more, and says so, where
// nothing asked for the whole: neither CI nor KEYSTONE_TEST_REQUIRE_SERVICES is set.
func Long(t testing.TB) {
	t.Helper()
	if os.Getenv("CI") == "" && os.Getenv(required) == "" {
		t.Skipf("TAKES LONG, SO THIS IS NOT TESTED: set CI or %s", required)
	}
}

// started holds how to stop the servers this binary started.
var started struct {
	sync.Mutex
	stop []func()
}

func stopAtEnd(stop func()) {
	started.Lock()
	defer started.Unlock()
	started.stop = append(started.stop, stop)
}

// Main runs a package's tests and then stops the servers they started:
//
//	func TestMain(m *testing.M) { services.Main(m) }
//
// Without it private servers end with the process all the same, and containers
// when their time is over.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for who has more to clean up: it gives the exit status.
func Run(m *testing.M) int {
	code := m.Run()
	started.Lock()
	defer started.Unlock()
	for _, stop := range started.stop {
		stop()
	}
	return code
}

// fresh gives a name that nothing else has.
func fresh() string {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // never returns an error since Go 1.24
	}
	return "keystone_test_" + hex.EncodeToString(b[:])
}
