package bootstrap

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
)

func TestTheOperationsListenerAnswersLikeTheAPI(t *testing.T) {
	app, _ := start(t, embedded(t))
	server := httptest.NewServer(operationsHandler(app.parts, telemetry.New(app.parts.out.Clock)))
	defer server.Close()
	for path, status := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/none": 404} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
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
		if err != nil || answer.StatusCode != status {
			t.Errorf("%s: %d, %v", path, answer.StatusCode, err)
		}
		if answer.Header.Get("X-Content-Type-Options") != "nosniff" || answer.Header.Get("X-Request-Id") != "mine-1" {
			t.Errorf("%s: headers %v", path, answer.Header)
		}
		if status == http.StatusNotFound && (strings.Contains(string(body), "{") || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain")) {
			t.Errorf("%s: %q", path, body)
		}
	}
}
