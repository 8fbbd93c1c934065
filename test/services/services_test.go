package services_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/keystone-auth/keystone/test/services"
)

func TestMain(m *testing.M) { services.Main(m) }

func TestPostgresGivesAFreshDatabaseAndDropsIt(t *testing.T) {
	var given []string
	t.Run("two", func(t *testing.T) {
		for range 2 {
			given = append(given, services.Postgres(t))
			c, err := pgx.Connect(t.Context(), given[len(given)-1])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Exec(t.Context(), "CREATE TABLE mine (id int)"); err != nil {
				t.Errorf("the database is not fresh: %v", err)
			}
			// Left open: the drop has to cope.
			t.Cleanup(func() { _ = c.Close(context.Background()) })
		}
	})
	if len(given) < 2 {
		t.Skip("no server")
	}
	for _, database := range given {
		if c, err := pgx.Connect(t.Context(), database); err == nil {
			t.Errorf("%s is still there", database)
			_ = c.Close(t.Context())
		}
	}
}

func TestRedisGivesAPrefixAndDeletesItsKeys(t *testing.T) {
	server, other := services.Redis(t)
	options, err := rueidis.ParseURL(server)
	if err != nil {
		t.Fatal(err)
	}
	options.DisableCache = true
	c, err := rueidis.NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	set := func(key string) {
		t.Helper()
		if err := c.Do(t.Context(), c.B().Set().Key(key).Value("v").ExSeconds(60).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	var prefix string
	t.Run("one", func(t *testing.T) {
		_, prefix = services.Redis(t)
		set(prefix + "a")
		set(prefix + "b")
		set(other + "kept")
	})
	if n, err := c.Do(t.Context(), c.B().Exists().Key(prefix+"a", prefix+"b").Build()).AsInt64(); err != nil || n != 0 {
		t.Errorf("%d keys left, %v", n, err)
	}
	if n, err := c.Do(t.Context(), c.B().Exists().Key(other+"kept").Build()).AsInt64(); err != nil || n != 1 {
		t.Errorf("another test's key is gone, %v", err)
	}
}

// child makes the test binary print its private servers' addresses and wait.
const child = "KEYSTONE_SERVICES_CHILD"

func TestPrivateServersEndWithTheBinaryThatIsKilled(t *testing.T) {
	if os.Getenv(child) != "" {
		redis, _ := services.Redis(t)
		for _, server := range []string{services.Postgres(t), redis} {
			address, err := url.Parse(server)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = os.Stdout.WriteString("serving " + address.Host + "\n")
		}
		_, _ = io.ReadAll(os.Stdin) // until killed
		return
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = []string{child + "=1", "PATH=" + os.Getenv("PATH"), "DOCKER_HOST=unix:///nowhere.sock"}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var addresses []string
	lines := bufio.NewScanner(out)
	for len(addresses) < 2 && lines.Scan() {
		if address, found := strings.CutPrefix(lines.Text(), "serving "); found {
			addresses = append(addresses, address)
		}
	}
	if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	if len(addresses) < 2 {
		t.Skip("no private servers on this machine")
	}
	for _, address := range addresses {
		wait, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for listening(address) {
			if wait.Err() != nil {
				t.Fatalf("%s outlived its binary", address)
			}
		}
	}
}

func listening(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
