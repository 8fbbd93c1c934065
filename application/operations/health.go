package operations

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// probeTimeout bounds one probe.
const probeTimeout = time.Second

// Health probes every dependency of this instance.
type Health struct {
	clock    outbound.Clock
	probes   []outbound.Probe
	draining atomic.Bool
}

var _ inbound.Health = (*Health)(nil)

// NewHealth probes the given dependencies.
func NewHealth(clock outbound.Clock, probes []outbound.Probe) *Health {
	return &Health{clock: clock, probes: probes}
}

// Drain makes the instance not ready, before it stops listening.
func (h *Health) Drain() { h.draining.Store(true) }

// Draining tells whether the instance is about to stop.
func (h *Health) Draining() bool { return h.draining.Load() }

// Ready probes all dependencies at once.
func (h *Health) Ready(ctx context.Context) (bool, []inbound.Dependency) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	dependencies := make([]inbound.Dependency, len(h.probes))
	var wait sync.WaitGroup
	for i, probe := range h.probes {
		wait.Go(func() {
			start := h.clock.Now()
			err := probe.Ping(ctx)
			took := h.clock.Now().Sub(start)
			dependencies[i] = inbound.Dependency{Name: probe.Name(), Healthy: err == nil, Degraded: errors.Is(err, outbound.ErrDegraded), Latency: float64(took) / float64(time.Millisecond)}
		})
	}
	wait.Wait()
	ready := !h.draining.Load()
	for i, d := range dependencies {
		ready = ready && (d.Healthy || !h.probes[i].Essential())
	}
	return ready, dependencies
}
