package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/keystone-auth/keystone/ports/outbound"
)

const namespace = "keystone"

// The buckets, in seconds: an answer from memory takes well under a
// millisecond, a password hash some tens of them.
var (
	requestBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	queryBuckets   = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
)

// Metrics are the metrics of one process, in a registry of their own. The
// methods that wrap a port are called once for each, before it is used.
type Metrics struct {
	clock    outbound.Clock
	registry *prometheus.Registry

	requests       *requests
	logins         *prometheus.CounterVec
	issued         *prometheus.CounterVec
	validations    *prometheus.CounterVec
	caches         *prometheus.CounterVec
	queries        *prometheus.HistogramVec
	signalFailure  *prometheus.CounterVec
	limited        *prometheus.CounterVec
	limiterFailure prometheus.Counter
}

// New makes the metrics, those of the Go runtime and of the process among them.
func New(clock outbound.Clock) *Metrics {
	m := &Metrics{
		clock: clock, registry: prometheus.NewRegistry(), requests: newRequests(),
		logins:        counter("logins_total", "Password grants by outcome, success or failure, and the reason of failures.", "outcome", "reason"),
		issued:        counter("tokens_issued_total", "Access tokens issued, by grant.", "grant"),
		validations:   counter("token_validations_total", "Bearer tokens checked at the API; cache is miss where the signature had to be verified.", "result", "cache"),
		caches:        counter("cache_requests_total", "Lookups in the in-process caches; miss where the value had to be loaded.", "cache", "result"),
		signalFailure: counter("signal_failures_total", "Failures of the feeds that carry revocations between instances.", "feed"),
		limited:       counter("rate_limited_total", "Requests refused by a rate limit.", "limit"),
		limiterFailure: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "rate_limit_failures_total", Help: "Calls to the shared rate limits that failed.",
		}),
		queries: histogram("db_query_duration_seconds",
			"How long calls of the store took; unit_of_work is a whole transaction, with its retries.", queryBuckets, "operation"),
	}
	m.registry.MustRegister(m.requests.total, m.requests.duration, m.logins, m.issued, m.validations, m.caches, m.queries, m.signalFailure, m.limited, m.limiterFailure,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics to Prometheus. They are for operators only.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// HashQueue shows how many password hashes are waiting.
func (m *Metrics) HashQueue(length func() int) {
	m.gauge("password_hash_queue", "Password hashes waiting for their turn.", func() float64 { return float64(length()) })
}

// RevocationState shows whether this instance knows of every revocation.
func (m *Metrics) RevocationState(known func() bool) {
	m.gauge("revocation_state_known", "1 while this instance knows of every revocation, 0 while the fail mode decides.", func() float64 { return truth(known()) })
}

// Replica shows whether lists are read from a replica of the database.
func (m *Metrics) Replica(name string, usable func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "db_replica_usable", ConstLabels: prometheus.Labels{"replica": name},
		Help: "1 while lists are read from this replica, 0 while it is away or trails by too much.",
	}, func() float64 { return truth(usable()) }))
}

func (m *Metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
}

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}

// seconds gives a duration as Prometheus wants it. The wall clock may be set
// back meanwhile, and the sum of a histogram must not fall.
func seconds(took time.Duration) float64 { return max(0, took.Seconds()) }
