package bootstrap

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
)

func TestTheOperationsListenerAnswersLikeTheAPI(t *testing.T) {
	app, _ := start(t, embedded(t))
	server := httptest.NewServer(operationsHandler(app.parts, telemetry.New(app.parts.out.Clock)))
	defer server.Close()
	for _, c := range []struct {
		method, path string
		status       int
		code         string // of a problem
	}{
		{"GET", "/healthz", 200, ""}, {"GET", "/readyz", 200, ""}, {"GET", "/metrics", 200, ""}, {"GET", "/debug/pprof/cmdline", 200, ""},
		{"GET", "/none", 404, "not_found"}, {"POST", "/readyz", 405, "method_not_allowed"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Request-Id", "mine-1")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != c.status {
			t.Errorf("%s %s: %d, %v", c.method, c.path, answer.StatusCode, err)
		}
		for name, value := range map[string]string{"X-Request-Id": "mine-1", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"X-Frame-Options": "DENY", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"} {
			if got := answer.Header.Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%s %s: %s is %q", c.method, c.path, name, got)
			}
		}
		if c.code == "" {
			continue
		}
		var problem struct {
			Code      string `json:"code"`
			Status    int    `json:"status"`
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal(body, &problem); err != nil || problem.Code != c.code || problem.Status != c.status || problem.RequestID != "mine-1" ||
			answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %q %s", c.method, c.path, answer.Header.Get("Content-Type"), body)
		}
	}
}
