package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/ports/inbound"
)

type healthy struct{}

func (healthy) Ready(context.Context) (bool, []inbound.Dependency) {
	return false, []inbound.Dependency{{Name: "database", Healthy: true}, {Name: "redis"}, {Name: "redis", Healthy: true}}
}

func TestStateIsAskedAsPrometheusAsks(t *testing.T) {
	m := newMetrics()
	var failing error
	at := time.Time{}
	m.Watch(telemetry.State{
		Health:       healthy{},
		Jobs:         func(context.Context) (int, time.Duration, error) { return 3, time.Minute, failing },
		KeyActivated: func() (time.Time, time.Duration) { return at, time.Hour },
	})
	wantMoved(t, m, "keystone_dependency_up", map[string]string{"dependency=database": "1"})
	wantMoved(t, m, "keystone_ready", map[string]string{})
	wantMoved(t, m, "keystone_jobs_pending", map[string]string{"": "3"})
	wantMoved(t, m, "keystone_jobs_oldest_seconds", map[string]string{"": "60"})
	wantMoved(t, m, "keystone_signing_key_rotation_seconds", map[string]string{"": "3600"})
	wantMoved(t, m, "keystone_signing_key_activated_timestamp_seconds", map[string]string{})
	failing, at = errors.New("the store is away"), time.Unix(1700000000, 0)
	wantMoved(t, m, "keystone_jobs_pending", map[string]string{})
	wantMoved(t, m, "keystone_signing_key_activated_timestamp_seconds", map[string]string{"": "1.7e+09"})
}
