package e2e

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	otlpcommon "go.opentelemetry.io/proto/slim/otlp/common/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver takes traces by OTLP over HTTP.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*wire.Span
	raw   strings.Builder
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		var message wire.TracesData
		if err == nil {
			err = proto.Unmarshal(body, &message)
		}
		if err != nil || request.URL.Path != "/v1/traces" || request.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", request.URL.Path, request.Header.Get("Content-Type"), err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(body)
		for _, of := range message.GetResourceSpans() {
			for _, scope := range of.GetScopeSpans() {
				r.spans = append(r.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// trace gives the spans of one trace by their names.
func (r *receiver) trace(id string) map[string]*wire.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := map[string]*wire.Span{}
	for _, span := range r.spans {
		if hex.EncodeToString(span.GetTraceId()) == id {
			found[span.GetName()] = span
		}
	}
	return found
}

func attribute(all []*otlpcommon.KeyValue, key string) string {
	for _, a := range all {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// TestTraces follows a registration and a login from their traceparent to its statements, and looks
// for secrets in all that was exported.
func TestTraces(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	systems := map[string]string{"sqlite": "sqlite", "postgres+redis": "postgresql"}
	for _, each := range stores {
		t.Run(each.name, func(t *testing.T) {
			t.Parallel()
			otlp := newReceiver(t)
			s := prepare(t, each.settings(t).with(settings{"RATE_LIMITS": "login_ip=100/1m"}))
			s.environ = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + otlp.URL, "OTEL_BSP_SCHEDULE_DELAY=100"}
			s.Start(t)
			const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
			alice := newAccount()
			traced := http.Header{"Traceparent": {"00-" + id + "-" + parent + "-01"}, "X-Request-Id": {"the-login"}}
			register, login := registration(alice), passwordGrant(alice)
			register.header, login.header = traced, traced
			s.want(t, http.StatusAccepted, register)
			session := granted(s.want(t, http.StatusOK, login))
			s.want(t, http.StatusOK, me(session.Access))
			s.send(t, passwordGrant(account{Username: alice.Username, Password: "wrong" + newPassword()}))
			s.Stop(t) // exports what is left

			found := otlp.trace(id)
			request := found["POST "+tokenPath]
			if request == nil {
				t.Fatalf("the request has no span in its caller's trace: %v", found)
			}
			if got := hex.EncodeToString(request.GetParentSpanId()); got != parent || request.GetKind() != wire.Span_SPAN_KIND_SERVER ||
				attribute(request.GetAttributes(), "keystone.request_id") != "the-login" || attribute(request.GetAttributes(), "http.route") != tokenPath {
				t.Errorf("the request's span: parent %s, %v", got, request)
			}
			want := []string{"issue tokens", "verify password", "unit of work", "INSERT users", "INSERT events", "SELECT users"}
			if each.name != "sqlite" {
				want = append(want, "reserve login_ip")
				if span := found["reserve login_ip"]; attribute(span.GetAttributes(), "db.system.name") != "redis" {
					t.Errorf("Redis is not told: %v", span)
				}
			}
			for _, name := range want {
				if found[name] == nil {
					t.Errorf("no span %q", name)
				}
			}
			if span := found["INSERT events"]; attribute(span.GetAttributes(), "db.system.name") != systems[each.name] || attribute(span.GetAttributes(), "db.collection.name") != "events" {
				t.Errorf("the statement's span: %v", span)
			}
			if t.Failed() {
				for name := range found {
					t.Log(name)
				}
			}
			raw := otlp.raw.String()
			for _, secret := range append(s.secrets.all(), alice.Username, alice.Email, "SELECT id", "VALUES", "$argon2id$") {
				if strings.Contains(raw, secret) {
					t.Errorf("a trace holds %.8s…", secret)
				}
			}
		})
	}
}
