package telemetry_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// exercised gives metrics of which every one has a series.
func exercised(t *testing.T) *telemetry.Metrics {
	t.Helper()
	m := newMetrics()
	m.ObserveRequest("/healthz", "GET", 200, time.Millisecond)
	m.TokenEndpoint(endpoint{grants: []string{"password"}})
	m.Authenticator(authenticator(func(context.Context, string) (inbound.Caller, error) { return inbound.Caller{}, nil }))
	telemetry.Cache(m, "users", newCache())
	m.SignalBus(&bus{}, zap.NewNop())
	m.SignalLog(&signalLog{}, zap.NewNop())
	m.RateLimiter(&limiter{}, &limiter{}, zap.NewNop())
	m.HashQueue(func() int { return 0 })
	m.RevocationState(func() bool { return true })
	m.Watch(telemetry.State{
		Health:       healthy{},
		Jobs:         func(context.Context) (int, time.Duration, error) { return 3, time.Minute, nil },
		KeyActivated: func() (time.Time, time.Duration) { return time.Unix(1700000000, 0), time.Hour },
	})
	return m
}

// TestNames holds names, types and labels to a list: dashboards and alerts
// rest on them.
func TestNames(t *testing.T) {
	text := scrape(t, exercised(t))
	kinds, labels := map[string]string{}, map[string][]string{}
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (keystone_\w+) (\w+)$`).FindAllStringSubmatch(text, -1) {
		kinds[line[1]] = line[2]
	}
	for _, line := range sample.FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(line[1], "")
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(line[2], -1) {
			if label[1] != "le" && !slices.Contains(labels[name], label[1]) {
				labels[name] = append(labels[name], label[1])
			}
		}
	}
	var got []string
	for name, kind := range kinds {
		slices.Sort(labels[name])
		got = append(got, strings.TrimSpace(kind+" "+name+" "+strings.Join(labels[name], " ")))
	}
	slices.Sort(got)
	want, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), got); diff != "" {
		t.Errorf("the metrics differ from testdata/names.txt (-want +got):\n%s", diff)
	}
}

func TestRuntimeMetricsAreThere(t *testing.T) {
	text := scrape(t, newMetrics())
	for _, name := range []string{"go_goroutines", "go_memstats_alloc_bytes", "process_start_time_seconds"} {
		if !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestNamesFollowTheConventions(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(scrape(t, exercised(t)))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

// TestRegistriesAreApart: several servers in one process share nothing.
func TestRegistriesAreApart(t *testing.T) {
	a, b := newMetrics(), newMetrics()
	a.ObserveRequest("/healthz", "GET", 200, time.Millisecond)
	wantMoved(t, b, "keystone_http_requests_total", map[string]string{})
}

func TestRequests(t *testing.T) {
	m := newMetrics()
	var together sync.WaitGroup
	for range 50 {
		together.Go(func() {
			m.ObserveRequest("/api/v1/users/me", "GET", 200, 3*time.Millisecond)
			m.ObserveRequest("/api/v1/users/me", "GET", 401, 3*time.Millisecond)
			m.ObserveRequest("unmatched", "other", 404, -time.Second) // the clock was set back
		})
	}
	together.Wait()
	want := map[string]string{
		"method=GET,route=/api/v1/users/me,status=200": "50",
		"method=GET,route=/api/v1/users/me,status=401": "50",
		"method=other,route=unmatched,status=404":      "50",
	}
	wantMoved(t, m, "keystone_http_requests_total", want)
	wantMoved(t, m, "keystone_http_request_duration_seconds_count", want)
	buckets := moved(t, m, "keystone_http_request_duration_seconds_bucket")
	for le, want := range map[string]string{"0.0025": "", "0.005": "50"} {
		if got := buckets["method=GET,route=/api/v1/users/me,status=200,le="+le]; got != want {
			t.Errorf("up to %s s: %q, want %q", le, got, want)
		}
	}
	if sums := moved(t, m, "keystone_http_request_duration_seconds_sum"); len(sums) != 2 {
		t.Errorf("the sums are %v; one should be zero", sums)
	}
}

func TestAnObservedRequestAllocatesNothing(t *testing.T) {
	m := newMetrics()
	if n := testing.AllocsPerRun(100, func() { m.ObserveRequest("/api/v1/users/me", "GET", 200, time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestGaugesAreReadAsTheyStand(t *testing.T) {
	m := newMetrics()
	waiting, known := 7, true
	m.HashQueue(func() int { return waiting })
	m.RevocationState(func() bool { return known })
	wantMoved(t, m, "keystone_password_hash_queue", map[string]string{"": "7"})
	wantMoved(t, m, "keystone_revocation_state_known", map[string]string{"": "1"})
	waiting, known = 0, false
	wantMoved(t, m, "keystone_password_hash_queue", map[string]string{})
	wantMoved(t, m, "keystone_revocation_state_known", map[string]string{})
}

var errBroken = errors.New("broken")
