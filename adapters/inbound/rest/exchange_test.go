package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func TestRequestLog(t *testing.T) {
	type seen struct {
		route, method string
		status        int
	}
	for name, tc := range map[string]struct {
		request *http.Request
		want    seen
		subject any
	}{
		"a route":                          {httptest.NewRequest(http.MethodGet, mePath+"?access_token=hunter2", nil), seen{mePath, "GET", 401}, nil},
		"no route":                         {httptest.NewRequest(http.MethodGet, "/hunter2?hunter2", nil), seen{"unmatched", "GET", 404}, nil},
		"odd method":                       {httptest.NewRequest("HUNTER2", tokenPath, nil), seen{tokenPath, "other", 405}, nil},
		"with caller":                      {withBearer(httptest.NewRequest(http.MethodGet, mePath, nil)), seen{mePath, "GET", 200}, alice},
		"a client":                         {formOf(introspectPath, "token=t"), seen{introspectPath, "POST", 200}, "c"},
		"a refused one that proved itself": {formOf(tokenPath, "grant_type=client_credentials&scope=x:y"), seen{tokenPath, "POST", 400}, "c"},
		"a user's token":                   {formOf(tokenPath, "grant_type=password"), seen{tokenPath, "POST", 200}, alice},
		"one that proved nothing":          {formOf(revokePath, "token=t&client_id=c"), seen{revokePath, "POST", 200}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			config := configured()
			var observed []seen
			config.Observe = func(route, method string, status int, _ time.Duration) {
				observed = append(observed, seen{route, method, status})
			}
			s, logs := serve(t, proving(), config)
			w := ask(s, tc.request)
			if diff := cmp.Diff([]seen{tc.want}, observed, cmp.AllowUnexported(seen{})); diff != "" {
				t.Errorf("observed (-want +got):\n%s", diff)
			}
			want := map[string]any{
				"route": tc.want.route, "method": tc.want.method, "status": int64(tc.want.status), "latency": time.Duration(0),
				"request_id": w.Header().Get("X-Request-Id"), "address": "192.0.2.1",
			}
			if tc.subject != nil {
				want["subject"] = tc.subject
			}
			if logs.Len() != 1 {
				t.Fatalf("%d lines", logs.Len())
			}
			if diff := cmp.Diff(want, logs.All()[0].ContextMap()); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
		})
	}
}

// proving are use cases that a client proves itself to.
func proving() *ports {
	p := obliging()
	p.asClient = func(ctx context.Context, _ inbound.ClientCredentials, _ domain.Secret) (inbound.Introspection, error) {
		Proved(ctx, "c")
		return inbound.Introspection{}, nil
	}
	p.token = func(ctx context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error) {
		Proved(ctx, "c")
		if r.Params["scope"] != "" {
			return inbound.TokenResponse{}, domain.Invalid(domain.CodeInvalidScope, "no")
		}
		return inbound.TokenResponse{UserID: alice}, nil
	}
	return p
}

func formOf(path, form string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", mediaForm)
	if path == introspectPath {
		r.SetBasicAuth("c", "secret")
	}
	return r
}
