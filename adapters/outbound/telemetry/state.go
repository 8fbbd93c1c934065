package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keystone-auth/keystone/ports/inbound"
)

// State is what is asked as Prometheus asks; a function that is nil is left out.
type State struct {
	// Health probes the dependencies.
	Health inbound.Health
	// Jobs tells how many jobs are not done, and for how long the oldest waits.
	Jobs func(ctx context.Context) (pending int, oldest time.Duration, err error)
	// KeyActivated tells since when the signing key signs, and after which time
	// it is rotated; zero: never.
	KeyActivated func() (at time.Time, rotation time.Duration)
}

// askLimit bounds what a scrape waits for the store.
const askLimit = 2 * time.Second

var (
	dependencyUp = prometheus.NewDesc(namespace+"_dependency_up", "1 while a dependency answers this instance, else 0.", []string{"dependency"}, nil)
	ready        = prometheus.NewDesc(namespace+"_ready", "1 while this instance is ready to serve, else 0.", nil, nil)
	jobsPending  = prometheus.NewDesc(namespace+"_jobs_pending", "Jobs of the installation that are not done; the same at every instance.", nil, nil)
	jobsOldest   = prometheus.NewDesc(namespace+"_jobs_oldest_seconds", "For how long the oldest job that is not done has been waiting.", nil, nil)
	keyActivated = prometheus.NewDesc(namespace+"_signing_key_activated_timestamp_seconds", "When the key was activated that signs now.", nil, nil)
	keyRotation  = prometheus.NewDesc(namespace+"_signing_key_rotation_seconds", "The age at which a signing key is rotated; 0 is never.", nil, nil)
)

// Watch shows the state of the instance. What can't be told is left out.
func (m *Metrics) Watch(s State) { m.registry.MustRegister(&stateCollector{s}) }

type stateCollector struct{ state State }

func (c *stateCollector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{dependencyUp, ready, jobsPending, jobsOldest, keyActivated, keyRotation} {
		to <- desc
	}
}

func (c *stateCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	if c.state.Health != nil {
		isReady, dependencies := c.state.Health.Ready(ctx)
		gauge(ready, truth(isReady))
		told := map[string]bool{}
		for _, d := range dependencies {
			if !told[d.Name] { // of several of one name the first stands for all
				gauge(dependencyUp, truth(d.Healthy), d.Name)
			}
			told[d.Name] = true
		}
	}
	if c.state.Jobs != nil {
		if pending, oldest, err := c.state.Jobs(ctx); err == nil {
			gauge(jobsPending, float64(pending))
			gauge(jobsOldest, seconds(oldest))
		}
	}
	if c.state.KeyActivated != nil {
		at, rotation := c.state.KeyActivated()
		if !at.IsZero() {
			gauge(keyActivated, float64(at.UnixMilli())/1000)
		}
		gauge(keyRotation, rotation.Seconds())
	}
}
