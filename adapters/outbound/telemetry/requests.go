package telemetry

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests counts HTTP requests. What is known of a label combination is kept
// in a map that is replaced and never changed, so that a request costs one
// lookup and no lock.
type requests struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec

	known  atomic.Pointer[map[requestKind]requestSeries]
	adding sync.Mutex
}

type requestKind struct {
	route, method string
	status        int
}

type requestSeries struct {
	total    prometheus.Counter
	duration prometheus.Observer
}

func newRequests() *requests {
	labels := []string{"route", "method", "status"}
	r := &requests{
		total:    counter("http_requests_total", "HTTP requests answered.", labels...),
		duration: histogram("http_request_duration_seconds", "How long HTTP requests took to answer.", requestBuckets, labels...),
	}
	r.known.Store(&map[requestKind]requestSeries{})
	return r
}

// ObserveRequest takes in one answered request. Route and method become
// labels: the caller gives a template and a method of a known list.
func (m *Metrics) ObserveRequest(route, method string, status int, took time.Duration) {
	kind := requestKind{route, method, status}
	series, known := (*m.requests.known.Load())[kind]
	if !known {
		series = m.requests.add(kind)
	}
	series.total.Inc()
	series.duration.Observe(seconds(took))
}

func (r *requests) add(kind requestKind) requestSeries {
	labels := []string{kind.route, kind.method, strconv.Itoa(kind.status)}
	series := requestSeries{r.total.WithLabelValues(labels...), r.duration.WithLabelValues(labels...)}
	r.adding.Lock()
	defer r.adding.Unlock()
	next := maps.Clone(*r.known.Load())
	next[kind] = series
	r.known.Store(&next)
	return series
}
