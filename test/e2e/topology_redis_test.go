//go:build unix

package e2e

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/test/services"
)

// aWhile is how long a fault lasts: longer than all that could hide it for a
// moment, the second for which the state of revocations stays known among it.
const aWhile = 1500 * time.Millisecond

// TestRedisIsLost: whatever happens to Redis, no ended token is accepted, what
// ends meanwhile is known everywhere within a second, and nothing is restarted.
func TestRedisIsLost(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	redis := services.NewRedis(t)
	p := newPair(t, onOwnPostgres(services.NewPostgres(t)).with(settings{"REDIS_URL": redis.URL()}))
	p.spread(t, 200)

	for _, fault := range []struct {
		name       string
		begin, end func()
	}{
		{"emptied", func() { redis.Do(t, "FLUSHALL") }, func() {}},
		{"evicting all it has", func() {
			redis.Do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-random")
			redis.Do(t, "CONFIG", "SET", "maxmemory", "1")
		}, func() { redis.Do(t, "CONFIG", "SET", "maxmemory", "0") }},
		{"full", func() {
			redis.Do(t, "CONFIG", "SET", "maxmemory-policy", "noeviction")
			redis.Do(t, "CONFIG", "SET", "maxmemory", "1")
		}, func() { redis.Do(t, "CONFIG", "SET", "maxmemory", "0") }},
		{"frozen", func() { redis.Freeze(t) }, func() { redis.Thaw(t) }},
		{"killed, and another in its place", func() { redis.Kill(t) }, func() { redis.Start(t) }},
	} {
		p.through(t, fault.name, func() {
			fault.begin()
			time.Sleep(aWhile)
			p.end(t)
			fault.end()
		})
		p.well(t, "database", "redis")
	}
	p.spread(t, 50)
}

// TestSentinelFailover: the primary dies, and its replica takes over.
func TestSentinelFailover(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	redis := services.NewRedis(t)
	replica := redis.Replica(t)
	sentinels := services.NewSentinels(t, redis)
	p := newPair(t, onOwnPostgres(services.NewPostgres(t)).with(settings{"REDIS_URL": sentinels.URL()}))
	p.spread(t, 50)
	p.through(t, "failover", func() {
		redis.Kill(t)
		p.end(t)
		eventually(t, recovery, "failed over", func() bool { return sentinels.Primary(t) == replica.Port() })
		p.end(t)
	})
	p.well(t, "database", "redis")
	p.spread(t, 50)
}

// TestRedisCluster: limits are shared over all nodes, messages pass between
// them, and a primary that dies is replaced.
func TestRedisCluster(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	cluster := services.NewRedisCluster(t)
	p := newPair(t, onOwnPostgres(services.NewPostgres(t)).with(settings{
		"REDIS_URL": cluster.URL(), "RATE_LIMITS": "off,recover_ip=4/1h", "TRUSTED_PROXIES": "127.0.0.0/8",
	}))
	p.spread(t, 50)
	shareLimits(t, p)
	p.through(t, "a primary is killed", func() {
		cluster.Primaries[0].Kill(t)
		p.end(t)
		eventually(t, recovery, "taken over", func() bool { return cluster.Replica.IsPrimary(t) })
		p.end(t)
	})
	p.well(t, "database", "redis")
	p.spread(t, 50)
	eventually(t, recovery, "one cluster to both", func() bool { return sharesLimits(t, p) })
	shareLimits(t, p)
}

// shareLimits spends the budgets of many addresses, which live on all nodes, half on
// each instance: together they admit exactly as many as one would.
func shareLimits(t *testing.T, p *pair) {
	t.Helper()
	for range 12 {
		if !sharesLimits(t, p) {
			t.Error("a limit of 4 admitted another number over two instances")
		}
	}
}

func sharesLimits(t *testing.T, p *pair) bool {
	t.Helper()
	var admitted atomic.Int64
	site := random()
	address := "2001:db8:" + site[:4] + ":" + site[4:8] + "::1"
	atOnce(t, 8, func(i int) (answer, error) {
		s := p.one
		if i%2 == 1 {
			s = p.other
		}
		got, err := s.try(from(address, call{path: "/api/v1/users/verify-email/request", json: `{"email":"nobody@example.com"}`}))
		if got.status == http.StatusAccepted {
			admitted.Add(1)
		}
		return got, err
	})
	return admitted.Load() == 4
}
