package bootstrap

import (
	"context"

	"github.com/keystone-auth/keystone/adapters/inbound/cli"
	"github.com/keystone-auth/keystone/adapters/outbound/argon2"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
)

// hashCalibrate needs no configuration: what it finds is to become one.
func (c commands) hashCalibrate(_ context.Context, limit cli.HashCost) (cli.HashCost, error) {
	found, took, err := argon2.Calibrate(limit.Time, limit.MemoryKiB, limit.Parallelism, system.NewClock().Now)
	return cli.HashCost{Time: took, MemoryKiB: found.MemoryKiB, Iterations: found.Iterations, Parallelism: found.Parallelism}, err
}
