//go:build unix

package services

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// Do runs a command and gives its answer as text.
func (s *RedisServer) Do(t testing.TB, words ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerWithin)
	defer cancel()
	var answer string
	err := withRedis(s.URL(), func(c rueidis.Client) error {
		value, err := c.Do(ctx, c.B().Arbitrary(words...).Build()).ToAny()
		answer = fmt.Sprint(value)
		return err
	})
	if err != nil {
		t.Fatalf("redis: %s: %v", strings.Join(words, " "), err)
	}
	return answer
}

// IsPrimary tells whether the server has nobody to follow.
func (s *RedisServer) IsPrimary(t testing.TB) bool {
	t.Helper()
	return strings.Contains(s.Do(t, "INFO", "replication"), "role:master")
}

// Sentinels watch one primary, which they call keystone.
type Sentinels []*RedisServer

// NewSentinels starts three of them, of which two must agree.
func NewSentinels(t testing.TB, primary *RedisServer) Sentinels {
	t.Helper()
	var all Sentinels
	for range 3 {
		all = append(all, newRedis(t, func(dir string) []string {
			file := filepath.Join(dir, "sentinel.conf")
			text := fmt.Sprintf("sentinel monitor keystone 127.0.0.1 %d 2\nsentinel down-after-milliseconds keystone 700\nsentinel failover-timeout keystone 3000\n", primary.port)
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil { // its user is another's
				t.Fatal(err)
			}
			if err := os.Chmod(file, 0o666); err != nil {
				t.Fatal(err)
			}
			return []string{file, "--sentinel"}
		}))
	}
	until(t, "the Sentinels know each other and the replica", func() bool {
		for _, s := range all {
			if s.watched(t, "num-other-sentinels") != "2" || s.watched(t, "num-slaves") != "1" {
				return false
			}
		}
		return true
	})
	return all
}

// URL is what Keystone is told.
func (all Sentinels) URL() string {
	addresses := make([]string, len(all))
	for i, s := range all {
		addresses[i] = s.Address()
	}
	return "redis+sentinel://" + strings.Join(addresses, ",") + "?master=keystone"
}

// Primary is the port of the primary that they agree upon.
func (all Sentinels) Primary(t testing.TB) int {
	t.Helper()
	port, err := strconv.Atoi(all[0].watched(t, "port"))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(answerWithin); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// watched is one of what a Sentinel says of the primary.
func (s *RedisServer) watched(t testing.TB, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerWithin)
	defer cancel()
	var fields map[string]string
	err := withRedis(s.URL(), func(c rueidis.Client) (err error) {
		fields, err = c.Do(ctx, c.B().Arbitrary("SENTINEL", "MASTER", "keystone").Build()).AsStrMap()
		return err
	})
	if err != nil {
		t.Fatalf("SENTINEL MASTER: %v", err)
	}
	return fields[name]
}

// RedisCluster is a cluster of three primaries, the first of which has a replica.
type RedisCluster struct {
	Primaries []*RedisServer
	Replica   *RedisServer
}

// NewRedisCluster starts and joins one.
func NewRedisCluster(t testing.TB) *RedisCluster {
	t.Helper()
	node := func() *RedisServer {
		return NewRedis(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(FreePort(t)), "--cluster-node-timeout", "1500",
			"--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0")
	}
	c := &RedisCluster{Primaries: []*RedisServer{node(), node(), node()}, Replica: node()}
	all := append([]*RedisServer{c.Replica}, c.Primaries...)
	slots := []string{"0", "5460", "5461", "10922", "10923", "16383"}
	for i, s := range c.Primaries {
		s.Do(t, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		s.Do(t, "CLUSTER", "ADDSLOTSRANGE", slots[2*i], slots[2*i+1])
	}
	for _, s := range all[1:] {
		s.meet(t, c.Replica)
	}
	c.await(t, all, "the nodes know each other", "cluster_known_nodes:4")
	c.Replica.Do(t, "CLUSTER", "REPLICATE", c.Primaries[0].Do(t, "CLUSTER", "MYID"))
	c.await(t, all, "the cluster is whole", "cluster_state:ok")
	until(t, "the replica follows", func() bool {
		return strings.Contains(c.Replica.Do(t, "INFO", "replication"), "master_link_status:up")
	})
	return c
}

func (s *RedisServer) meet(t testing.TB, other *RedisServer) {
	t.Helper()
	bus := other.Do(t, "CONFIG", "GET", "cluster-port")
	digits := strings.FieldsFunc(bus, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		t.Fatalf("the bus port is %q", bus)
	}
	s.Do(t, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(other.port), digits[len(digits)-1])
}

func (c *RedisCluster) await(t testing.TB, all []*RedisServer, what, line string) {
	t.Helper()
	until(t, what, func() bool {
		for _, s := range all {
			if !strings.Contains(s.Do(t, "CLUSTER", "INFO"), line) {
				return false
			}
		}
		return true
	})
}

// URL is what Keystone is told.
func (c *RedisCluster) URL() string {
	addresses := make([]string, len(c.Primaries))
	for i, s := range c.Primaries {
		addresses[i] = s.Address()
	}
	return "redis+cluster://" + strings.Join(addresses, ",")
}
