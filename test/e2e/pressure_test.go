package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/test/services"
)

// memory is what the process holds: now (VmRSS) or at most so far (VmHWM), in KiB.
func (s *Server) memory(t *testing.T, field string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		t.Skip("NO /proc, SO MEMORY IS NOT TESTED: ", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, is := strings.CutPrefix(line, field+":"); is {
			kib, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib
		}
	}
	t.Fatalf("no %s in %s", field, status)
	return 0
}

// TestLoginStorm: what can't be hashed now is refused, the memory is bounded,
// and who has a token notices nothing.
func TestLoginStorm(t *testing.T) {
	services.Long(t)
	const (
		logins      = 300
		concurrency = 2
		hash        = 19456    // KiB, the default
		garbage     = 96 << 10 // KiB, what waits for a collection
		rest        = 48 << 10 // KiB
	)
	costly := settings{"ARGON2_MEMORY_KIB": fmt.Sprint(hash), "ARGON2_ITERATIONS": "2", "HASH_CONCURRENCY": fmt.Sprint(concurrency), "HASH_QUEUE": "64"}
	eachStoreCase(t, "RAT-13", costly, func(t *testing.T, s *Server) {
		idle := s.memory(t, "VmRSS")
		a := s.register(t)
		g := s.login(t, a)
		over := make(chan struct{})
		var watch sync.WaitGroup
		var served atomic.Int64
		watch.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				for _, c := range []call{me(g.Access), {method: "GET", path: "/readyz"}, {method: "GET", path: "/healthz"}} {
					got, err := s.try(c)
					if err != nil || got.status != http.StatusOK && got.status != http.StatusServiceUnavailable {
						t.Errorf("meanwhile %s: %d %s %v", c.path, got.status, got.body, err)
						return
					}
					if got.status == http.StatusOK { // on a starved machine revocations may be unknown for a moment
						served.Add(1)
					}
				}
			}
		})
		seen := map[string]int{}
		for _, got := range atOnce(t, logins, func(i int) (answer, error) {
			if i%3 == 0 {
				return s.try(passwordGrant(account{Username: "nobody-" + random(), Password: newPassword()}))
			}
			return s.try(passwordGrant(a))
		}) {
			switch {
			case got.status == http.StatusOK, got.status == badRequest && got.text("error") == "invalid_grant":
				seen["judged"]++
			case got.status == http.StatusServiceUnavailable && got.text("error") == "temporarily_unavailable" && got.header.Get("Retry-After") != "":
				seen["refused"]++
			default:
				t.Errorf("%d %s %v", got.status, got.body, got.header)
			}
		}
		close(over)
		watch.Wait()
		// While a collection runs as much is hashed once more.
		peak, most := s.memory(t, "VmHWM"), idle+2*concurrency*hash+garbage+rest
		t.Logf("%v, %d requests served meanwhile; idle %d MiB, peak %d MiB of at most %d", seen, served.Load(), idle>>10, peak>>10, most>>10)
		if seen["judged"] == 0 || seen["refused"] == 0 || served.Load() == 0 {
			t.Errorf("%v, %d requests served meanwhile", seen, served.Load())
		}
		if peak > most {
			t.Errorf("%d KiB at most, want no more than %d", peak, most)
		}
		s.login(t, a)
	})
}

// slow opens connections that send what they are given and nothing more, and
// gives what tells how many the server has closed.
func (s *Server) slow(t *testing.T, n int, request string) (closed func() int) {
	t.Helper()
	var gone atomic.Int64
	for range n {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() }) // the server's end is what counts
		if _, err := io.WriteString(connection, request); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = io.Copy(io.Discard, connection) // until the server has had enough
			gone.Add(1)
		}()
	}
	return func() int { return int(gone.Load()) }
}

// stuck is slow for clients that ask for much and read nothing of it.
func (s *Server) stuck(t *testing.T, n int) (closed func() int) {
	t.Helper()
	ends := make([]net.Conn, n)
	for i := range ends {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() }) // as above
		if err := connection.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		ends[i] = connection
		go func() { // the server stops reading as it waits to write
			for {
				if _, err := io.WriteString(connection, "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
					return
				}
			}
		}()
	}
	return func() int {
		count := 0
		for _, connection := range ends {
			// A write fails once the other end is gone, whatever is still unread.
			if _, err := connection.Write([]byte("\r\n")); err != nil {
				count++
			}
		}
		return count
	}
}

func (s *Server) descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.command.Process.Pid))
	if err != nil {
		t.Skip("NO /proc, SO DESCRIPTORS ARE NOT TESTED: ", err)
	}
	return len(entries)
}

// goroutines reads the process' own count from its metrics.
func goroutines(t *testing.T, ops string) int {
	t.Helper()
	response, err := http.Get("http://" + ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read as far as it matters
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, is := strings.CutPrefix(lines.Text(), "go_goroutines "); is {
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no go_goroutines")
	return 0
}

// TestSlowClients: who sends or reads slowly is shut out in time, and keeps
// nobody from being served. What connections do has nothing to do with stores.
func TestSlowClients(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	t.Parallel()
	t.Run("INP-08, OPS-13", func(t *testing.T) {
		ops := freeAddress(t)
		s := start(t, onSQLite(t).with(settings{"OPS_ADDR": ops}))
		a := s.register(t)
		g := s.login(t, a)
		descriptors, before := s.descriptors(t), goroutines(t, ops)
		const many = 700
		kinds := map[string]func() int{
			"slow headers": s.slow(t, many, "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "),
			"slow bodies":  s.slow(t, many, "POST "+tokenPath+" HTTP/1.1\r\nHost: a\r\nContent-Type: "+mediaForm+"\r\nContent-Length: 1000\r\n\r\ngrant_type="),
			"silence":      s.slow(t, many, ""),
			"slow reads":   s.stuck(t, 20),
		}
		for range 20 { // all of them are open
			s.want(t, http.StatusOK, me(g.Access))
			s.want(t, http.StatusOK, call{method: "GET", path: "/readyz"})
		}
		s.login(t, a)
		if during := s.descriptors(t); during < descriptors+many {
			t.Errorf("%d descriptors with so many connections, %d before", during, descriptors)
		}
		for kind, closed := range kinds {
			want := many
			if kind == "slow reads" {
				want = 20
			}
			eventually(t, 2*time.Minute, kind+" closed", func() bool { return closed() == want })
		}
		eventually(t, time.Minute, "back to normal", func() bool {
			return s.descriptors(t) <= descriptors+10 && goroutines(t, ops) <= before+20
		})
		s.refresh(t, g.Refresh)
	})
}
