package bootstrap

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/domain"
)

// TestMetricsMoveAndAreForOperatorsOnly uses a whole server once in each way
// that is measured.
func TestMetricsMoveAndAreForOperatorsOnly(t *testing.T) {
	cfg := embedded(t, "KEYSTONE_OPS_ADDR=127.0.0.1:0")
	cfg.Bootstrap.Password = domain.NewSecret("a password for metrics alone")
	var l *listeners
	options, err := graph(cfg, []Option{WithLogger(zap.NewNop()), WithNotices(io.Discard)}, fx.Invoke(serve), fx.Populate(&l))
	if err != nil {
		t.Fatal(err)
	}
	app := fx.New(options)
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	answer := func(on http.Handler, r *http.Request, status int) string {
		t.Helper()
		response := httptest.NewRecorder()
		on.ServeHTTP(response, r)
		if response.Code != status {
			t.Errorf("%s answers %d, want %d: %s", r.URL.Path, response.Code, status, response.Body)
		}
		return response.Body.String()
	}
	get := func(path string) *http.Request {
		return httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	}
	login := func(password string, status int) string {
		t.Helper()
		form := url.Values{"grant_type": {"password"}, "username": {"admin"}, "password": {password}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/auth/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return answer(l.api.Handler, r, status)
	}

	login("not the password at all", http.StatusBadRequest)
	_, rest, _ := strings.Cut(login(cfg.Bootstrap.Password.Reveal(), http.StatusOK), `"access_token":"`)
	bearer, _, _ := strings.Cut(rest, `"`)
	for range 3 {
		r := get("/api/v1/users/me")
		r.Header.Set("Authorization", "Bearer "+bearer)
		answer(l.api.Handler, r, http.StatusOK)
	}

	text := answer(l.ops.Handler, get("/metrics"), http.StatusOK)
	for _, line := range []string{
		`keystone_http_requests_total{method="GET",route="/api/v1/users/me",status="200"} 3`,
		`keystone_http_request_duration_seconds_count{method="POST",route="/api/v1/auth/token",status="400"} 1`,
		`keystone_logins_total{outcome="success",reason=""} 1`,
		`keystone_logins_total{outcome="failure",reason="invalid_grant"} 1`,
		`keystone_tokens_issued_total{grant="password"} 1`,
		`keystone_tokens_issued_total{grant="client_credentials"} 0`,
		`keystone_token_validations_total{cache="miss",result="valid"} 1`,
		`keystone_token_validations_total{cache="hit",result="valid"} 2`,
		`keystone_cache_requests_total{cache="tokens",result="hit"} 2`,
		`keystone_cache_requests_total{cache="clients",result="miss"} 1`,
		`keystone_db_query_duration_seconds_count{operation="users.by_login"} 2`,
		`keystone_signal_failures_total{feed="bus"} 0`,
		`keystone_password_hash_queue 0`,
		`keystone_revocation_state_known 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	if strings.Contains(text, bearer) || strings.Contains(text, cfg.Bootstrap.Password.Reveal()) {
		t.Error("a metric tells a secret")
	}
	answer(l.api.Handler, get("/metrics"), http.StatusNotFound)
}
