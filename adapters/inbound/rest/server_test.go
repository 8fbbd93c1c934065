package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// ADM-01: every route refuses who brings nothing, but for a written list.
func TestRoutesRefuseNobody(t *testing.T) {
	open := []string{
		"POST /api/v1/users/register", "GET " + discoveryPath, "GET " + jwksPath, "GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs", "GET /docs/:file",
		"POST /api/v1/users/verify-email/request", "POST /api/v1/users/verify-email", "POST /api/v1/users/password-reset/request", "POST /api/v1/users/password-reset",
		"GET /verify-email", "POST /verify-email", "GET /reset-password", "POST /reset-password", // the token is what is brought
		"GET " + devicePagePath,
		"POST " + tokenPath, "POST " + revokePath, "POST " + deviceAuthorizationPath, // judged by the use case: grants and public clients differ
	}
	p := obliging()
	s, _ := serve(t, p, configured())
	for _, route := range s.Routes() {
		r := httptest.NewRequest(route.Method, route.Path, strings.NewReader("token=x"))
		r.Header.Set("Content-Type", mediaForm)
		w := ask(s, r)
		if name := route.Method + " " + route.Path; slices.Contains(open, name) == (w.Code == http.StatusUnauthorized) {
			t.Errorf("%s (%s) gives %d to nobody", name, route.Auth, w.Code)
		}
	}
}

func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	s, _ := serve(t, obliging(), configured())
	raw, err := s.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
			Responses   map[string]any        `json:"responses"`
		}
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Errorf("openapi %q", document.OpenAPI)
	}
	var got, want []string
	ids := map[string]bool{}
	for path, operations := range document.Paths {
		for method, op := range operations {
			auth, byClient := "none", false
			for _, requirement := range op.Security {
				if _, ok := requirement[schemeClient]; ok {
					auth, byClient = "client", true
				}
				if scopes, ok := requirement[schemeBearer]; ok && byClient {
					auth = "client or bearer"
				} else if ok {
					auth = strings.Join(append(scopes, "bearer")[:1], "")
				}
			}
			got = append(got, fmt.Sprintf("%s %s %s", strings.ToUpper(method), path, auth))
			if ids[op.OperationID] || len(op.Responses) < 2 {
				t.Errorf("%s %s: id %q, %d responses", method, path, op.OperationID, len(op.Responses))
			}
			ids[op.OperationID] = true
		}
	}
	for _, r := range s.Routes() {
		if !r.Unlisted {
			want = append(want, fmt.Sprintf("%s %s %s", r.Method, templated(r.Path), r.Auth))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes and document differ (-routes +document):\n%s", diff)
	}
	body := document.Components.Schemas["RegisterBody"]
	if body["additionalProperties"] != false {
		t.Errorf("RegisterBody: %v", body)
	}
	if diff := cmp.Diff([]any{"username", "email", "password"}, body["required"]); diff != "" {
		t.Errorf("RegisterBody requires (-want +got):\n%s", diff)
	}
	if strings.Contains(string(raw), `"array","null"`) {
		t.Error("the document has lists that may be null")
	}
	if strings.Contains(string(raw), "$schema") {
		t.Error("the document mentions $schema")
	}
}

func TestProblemMapsEveryCode(t *testing.T) {
	for _, code := range append(domain.Codes(), codeMethodNotAllowed, codeTooLarge, codeMediaType) {
		p := obliging()
		p.register = func(context.Context, inbound.Registration) error { return domain.E(domain.KindInvalid, code, "m") }
		s, _ := serve(t, p, configured())
		r := httptest.NewRequest(http.MethodPost, registerPath, strings.NewReader(goodRegistration))
		r.Header.Set("Content-Type", mediaJSON)
		w := ask(s, r)
		var got problem
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		status, mapped := problemStatus[code]
		want := problem{
			Type: "urn:keystone:problem:" + string(code), Title: http.StatusText(status), Status: status, Detail: "m",
			Code: string(code), RequestID: w.Header().Get("X-Request-Id"),
		}
		if diff := cmp.Diff(want, got); diff != "" || !mapped || w.Code != status {
			t.Errorf("%s gives %d, mapped: %t\n%s", code, w.Code, mapped, diff)
		}
	}
}

func TestUnknownFailuresTellNothing(t *testing.T) {
	for name, err := range map[string]error{
		"a plain error":    fmt.Errorf("dial tcp: password=hunter2"),
		"an unmapped code": domain.E(domain.KindInvalid, "made_up", "hunter2"),
		"an internal kind": domain.E(domain.KindInternal, domain.CodeNotFound, "hunter2"),
	} {
		t.Run(name, func(t *testing.T) {
			p := obliging()
			p.register = func(context.Context, inbound.Registration) error { return err }
			s, logs := serve(t, p, configured())
			r := httptest.NewRequest(http.MethodPost, registerPath, strings.NewReader(goodRegistration))
			r.Header.Set("Content-Type", mediaJSON)
			w := ask(s, r)
			if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if entry := logs.All()[0]; logs.Len() != 1 || entry.Level.String() != "error" || entry.ContextMap()["error"] != err.Error() {
				t.Errorf("the log holds %d lines, the first: %v", logs.Len(), logs.All()[0])
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	for path, want := range map[string]string{tokenPath: `"temporarily_unavailable"`, registerPath: `"code":"unavailable"`} {
		p := obliging()
		p.token = func(ctx context.Context, _ inbound.TokenRequest) (inbound.TokenResponse, error) {
			<-ctx.Done()
			return inbound.TokenResponse{}, fmt.Errorf("waiting: %w", ctx.Err())
		}
		p.register = func(ctx context.Context, _ inbound.Registration) error {
			<-ctx.Done()
			return domain.Internal(ctx.Err())
		}
		config := configured()
		config.RequestTimeout = time.Millisecond
		s, _ := serve(t, p, config)
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(goodRegistration))
		r.Header.Set("Content-Type", map[bool]string{true: mediaForm, false: mediaJSON}[path == tokenPath])
		w := ask(s, r)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func withBearer(r *http.Request) *http.Request {
	r.Header.Set("Authorization", "Bearer "+fullToken)
	return r
}

func TestPanicIsLoggedWithItsStackAndNoData(t *testing.T) {
	p := obliging()
	p.register = func(_ context.Context, r inbound.Registration) error { panic("hunter2 " + r.Password.Reveal()) }
	s, logs := serve(t, p, configured())
	r := httptest.NewRequest(http.MethodPost, registerPath, strings.NewReader(goodRegistration))
	r.Header.Set("Content-Type", mediaJSON)
	w := ask(s, r)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "panic") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	fields := logs.All()[0].ContextMap()
	if line := fmt.Sprint(fields); strings.Contains(line, "hunter2") || strings.Contains(line, goodWord) || !strings.Contains(line, "users_test") && !strings.Contains(line, "server_test") {
		t.Errorf("the log line: %s", line)
	}
}

func TestOriginReachesTheUseCase(t *testing.T) {
	var origin domain.Origin
	p := obliging()
	p.register = func(ctx context.Context, _ inbound.Registration) error {
		origin = domain.OriginFrom(ctx)
		return nil
	}
	s, _ := serve(t, p, configured())
	r := httptest.NewRequest(http.MethodPost, registerPath, strings.NewReader(goodRegistration))
	r.RemoteAddr = "10.0.0.1:1234"
	for name, value := range map[string]string{
		"Content-Type": mediaJSON, "X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2", "User-Agent": "x\x1b[31my", "X-Request-Id": "r-1",
	} {
		r.Header.Set(name, value)
	}
	ask(s, r)
	if diff := cmp.Diff(domain.Origin{Address: "203.0.113.9", UserAgent: "x?[31my", RequestID: "r-1"}, origin); diff != "" {
		t.Errorf("origin (-want +got):\n%s", diff)
	}
}

func TestOpsHandler(t *testing.T) {
	h := OpsHandler(obliging())
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 404} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestNewHTTPServerLimits(t *testing.T) {
	got := NewHTTPServer(http.NotFoundHandler(), ":1", nil)
	if got.ReadHeaderTimeout != 5*time.Second || got.ReadTimeout != 15*time.Second || got.WriteTimeout != 30*time.Second ||
		got.IdleTimeout != time.Minute || got.MaxHeaderBytes != 32<<10 || got.ErrorLog == nil || got.Addr != ":1" {
		t.Errorf("%+v", got)
	}
}
