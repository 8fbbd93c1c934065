package redis_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// server is a redis-server process of the test's own, which may be stopped and
// killed.
type server struct {
	port    int
	command *exec.Cmd
}

// start runs a server without persistence, or skips the test where the program
// is not installed; where services are required it fails instead.
func start(t *testing.T, arguments ...string) *server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("KEYSTONE_TEST_REQUIRE_SERVICES") != "" {
			t.Fatal("redis-server is required and not installed")
		}
		t.Skip("SKIPPED: redis-server is not installed")
	}
	s := &server{port: freePort(t)}
	s.command = exec.Command(program, append(arguments, "--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())...)
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.command.Process.Kill() // it may be dead already
		_ = s.command.Wait()         // "signal: killed"
	})
	eventually(t, "the server listens", func() bool {
		connection, err := net.Dial("tcp", s.address())
		if err == nil {
			err = connection.Close()
		}
		return err == nil
	})
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

func (s *server) address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *server) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// do sends one inline command and gives the first line of the answer.
func (s *server) do(t *testing.T, command string) string {
	t.Helper()
	connection, err := net.Dial("tcp", s.address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := fmt.Fprintf(connection, "%s\r\n", command); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 512)
	n, err := connection.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
	return line
}

func TestFrozenServerFallsSilentAndComesBack(t *testing.T) {
	s := start(t)
	client := open(t, "redis://"+s.address(), "p:")
	bus, probe := redis.NewSignalBus(client, clock, random), redis.NewProbe(client)
	e := listen(t, bus)
	e.awaitLife(t)

	s.signal(t, syscall.SIGSTOP)
	began := time.Now()
	if err := bus.Publish(t.Context(), signal("frozen")); err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("Publish to a frozen server = %v after %v, want a failure after 200 ms", err, time.Since(began))
	}
	eventually(t, "nobody waits any more", func() bool { return errors.Is(bus.Publish(t.Context(), signal("frozen")), gobreaker.ErrOpenState) })
	eventually(t, "silence", func() bool {
		before, _ := e.state()
		time.Sleep(400 * time.Millisecond)
		after, _ := e.state()
		return before == after
	})
	if err := probe.Ping(t.Context()); err == nil {
		t.Error("Ping of a frozen server succeeded")
	}
	s.signal(t, syscall.SIGCONT)
	e.awaitLife(t)
	if err := probe.Ping(t.Context()); err != nil {
		t.Errorf("Ping after the thaw = %v", err)
	}
	exchange(t, bus, e, "after the thaw")
}

func TestKilledConnectionsAreReplaced(t *testing.T) {
	s := start(t)
	bus := openBus(t, "redis://"+s.address(), "p:")
	e := listen(t, bus)
	for round := range 3 {
		e.awaitLife(t)
		if answer := s.do(t, "CLIENT KILL TYPE pubsub"); answer != ":1" {
			t.Fatalf("killed %s subscriptions, want 1", answer)
		}
		e.awaitLife(t)
		exchange(t, bus, e, fmt.Sprint("round ", round))
	}
}

func TestCluster(t *testing.T) {
	s := start(t, "--cluster-enabled", "yes")
	if answer := s.do(t, "CLUSTER ADDSLOTSRANGE 0 16383"); answer != "+OK" {
		t.Fatal(answer)
	}
	eventually(t, "the cluster is up", func() bool { return !strings.HasPrefix(s.do(t, "GET x"), "-") })
	url := "redis+cluster://" + s.address()
	a, b := listen(t, openBus(t, url, "p:")), listen(t, openBus(t, url, "p:"))
	a.awaitLife(t)
	b.awaitLife(t)
	bus := openBus(t, url, "p:")
	exchange(t, bus, a, "to a")
	exchange(t, bus, b, "to b")
}

func TestSentinelFailover(t *testing.T) {
	master := start(t)
	start(t, "--replicaof", "127.0.0.1 "+fmt.Sprint(master.port))
	file := t.TempDir() + "/sentinel.conf"
	configuration := fmt.Sprintf("sentinel monitor m 127.0.0.1 %d 1\nsentinel down-after-milliseconds m 500\nsentinel failover-timeout m 2000\n", master.port)
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := start(t, file, "--sentinel")
	bus := openBus(t, "redis+sentinel://"+sentinel.address()+"?master=m", "p:")
	e := listen(t, bus)
	e.awaitLife(t)
	eventually(t, "the Sentinel knows the replica", func() bool {
		return !strings.HasPrefix(sentinel.do(t, "SENTINEL REPLICAS m"), "*0")
	})
	master.signal(t, syscall.SIGKILL)
	e.awaitLife(t)
	exchange(t, bus, e, "through the new master")
}

// exchange publishes until the ear hears it: right after a loss a publication
// may fail, and one may reach no subscriber yet.
func exchange(t *testing.T, bus outbound.SignalBus, e *ear, id string) {
	t.Helper()
	eventually(t, "a signal "+id, func() bool {
		if err := bus.Publish(t.Context(), signal(id)); err != nil {
			return false
		}
		_, heard := e.state()
		return len(heard) > 0 && heard[len(heard)-1].ID == id
	})
}
