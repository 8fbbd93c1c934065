package redis_test

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
	"github.com/keystone-auth/keystone/test/services"
)

func TestLimiterContractOnMiniredis(t *testing.T) {
	contract.RunRateLimiter(t, func(t *testing.T, clock outbound.Clock) (a, b outbound.RateLimiter) {
		url := "redis://" + miniredis.RunT(t).Addr()
		return redis.NewLimiter(open(t, url, "p:"), clock).Patient(), redis.NewLimiter(open(t, url, "p:"), clock).Patient()
	})
}

func TestLimiterContractOnRedis(t *testing.T) {
	contract.RunRateLimiter(t, func(t *testing.T, clock outbound.Clock) (a, b outbound.RateLimiter) {
		url, prefix := services.Redis(t)
		return redis.NewLimiter(open(t, url, prefix), clock).Patient(), redis.NewLimiter(open(t, url, prefix), clock).Patient()
	})
}

var perMinute = domain.Limit{Name: domain.LimitAPIUser, Count: 6000, Window: time.Minute}

func TestLargeLimitsSeldomAsk(t *testing.T) {
	server := miniredis.RunT(t)
	limiter := redis.NewLimiter(open(t, "redis://"+server.Addr(), "p:"), clock)
	limit := perMinute
	limit.Count = 1_000_000
	before := server.CommandCount()
	const requests = 50_000
	for range requests {
		if _, err := limiter.Reserve(t.Context(), limit, "u"); err != nil {
			t.Fatal(err)
		}
	}
	if asked := server.CommandCount() - before; asked > requests/100 {
		t.Errorf("%d commands for %d requests", asked, requests)
	}
}

func TestAFloodThatIsRefusedDoesNotAsk(t *testing.T) {
	server := miniredis.RunT(t)
	limiter := redis.NewLimiter(open(t, "redis://"+server.Addr(), "p:"), clock)
	limit := domain.Limit{Name: domain.LimitAPIUser, Count: 1000, Window: time.Hour}
	refused, before := 0, 0
	for range 5000 {
		if _, err := limiter.Reserve(t.Context(), limit, "u"); err != nil {
			if refused++; refused == 1 {
				before = server.CommandCount()
			}
		}
	}
	if asked := server.CommandCount() - before; refused != 4000 || asked > 0 {
		t.Errorf("%d were refused and %d commands sent meanwhile", refused, asked)
	}
}

// TestKeysEnd: nothing of a limit stays in Redis once it has no meaning.
func TestKeysEnd(t *testing.T) {
	server := miniredis.RunT(t)
	limiter := redis.NewLimiter(open(t, "redis://"+server.Addr(), "p:"), clock)
	for _, limit := range []domain.Limit{perMinute, {Name: domain.LimitLoginIP, Count: 30, Window: time.Minute}} {
		if _, err := limiter.Reserve(t.Context(), limit, "k"); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range server.Keys() {
		if !strings.HasPrefix(key, "p:limit:") || server.TTL(key) <= 0 || server.TTL(key) > 90*time.Second {
			t.Errorf("%s lives for %v", key, server.TTL(key))
		}
	}
	if len(server.Keys()) != 2 {
		t.Errorf("the keys are %q", server.Keys())
	}
}

// TestAFrozenRedisIsToldAtOnce also holds it to answer nothing from what was
// known: whoever is admitted afterwards was admitted by Redis.
func TestAFrozenRedisIsToldAtOnce(t *testing.T) {
	server := start(t)
	limiter := redis.NewLimiter(open(t, "redis://"+server.address(), "p:"), clock)
	exact := domain.Limit{Name: domain.LimitLoginIP, Count: 1, Window: time.Minute}
	for _, limit := range []domain.Limit{exact, perMinute} {
		if _, err := limiter.Reserve(t.Context(), limit, "k"); err != nil {
			t.Fatal(err)
		}
	}
	server.signal(t, syscall.SIGSTOP)
	unavailable := func(limit domain.Limit) {
		t.Helper()
		if _, err := limiter.Reserve(t.Context(), limit, "k"); err == nil || domain.AsError(err).Kind != domain.KindUnavailable {
			t.Errorf("%s: %v", limit.Name, err)
		}
	}
	unavailable(exact)
	unavailable(perMinute) // its lease is no longer trusted
	var together sync.WaitGroup
	for range 100 {
		together.Go(func() { unavailable(perMinute) })
	}
	together.Wait()
	server.signal(t, syscall.SIGCONT)
	eventually(t, "Redis answers again", func() bool {
		_, err := limiter.Reserve(t.Context(), perMinute, "k")
		return err == nil
	})
	if _, err := limiter.Reserve(t.Context(), exact, "k"); !domain.HasCode(err, domain.CodeRateLimited) {
		t.Errorf("what was counted is forgotten: %v", err)
	}
}
