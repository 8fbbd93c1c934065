package redis_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

func TestProbeContract(t *testing.T) {
	contract.RunProbe(t, func(t *testing.T) (alive, dead outbound.Probe) {
		return redis.NewProbe(open(t, "redis://"+miniredis.RunT(t).Addr(), "a:")), redis.NewProbe(open(t, "redis://127.0.0.1:1", "d:"))
	})
}
