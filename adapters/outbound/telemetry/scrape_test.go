package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
)

// ticking is a clock that goes on by 2 ms with each look.
type ticking struct {
	mu  sync.Mutex
	now time.Time
}

func (c *ticking) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(2 * time.Millisecond)
	return c.now
}

func (*ticking) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func newMetrics() *telemetry.Metrics { return telemetry.New(&ticking{}) }

// scrape gives what Prometheus would be told.
func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("%d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

var sample = regexp.MustCompile(`(?m)^(keystone_\w+)(?:\{(.*)\})? (\S+)$`)

// moved gives the series of one name that are not zero, by their labels.
func moved(t *testing.T, m *telemetry.Metrics, name string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, s := range sample.FindAllStringSubmatch(scrape(t, m), -1) {
		if s[1] == name && s[3] != "0" {
			found[strings.ReplaceAll(s[2], `"`, "")] = s[3]
		}
	}
	return found
}

func wantMoved(t *testing.T, m *telemetry.Metrics, name string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, moved(t, m, name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
