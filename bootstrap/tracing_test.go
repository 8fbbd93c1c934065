package bootstrap

import (
	"testing"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/bootstrap/config"
)

// Without an endpoint a request passes nothing that it would not pass if there
// were no tracing.
func TestWithoutAnEndpointNothingIsWrapped(t *testing.T) {
	cfg, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	tracer, err := newTracer(nil, cfg, nil)
	if err != nil || tracer != nil {
		t.Fatalf("newTracer() = %v, %v", tracer, err)
	}
	in := ports{Limiter: memory.NewLimiter(system.NewClock())}
	if out := in.traced(tracer, cfg); out.Limiter != in.Limiter || out.Work != nil || out.Hasher != nil {
		t.Error("a port is wrapped")
	}
	c, use := traceAPI(tracer, rest.Config{}, rest.UseCases{})
	if c.Trace != nil || use.Tokens != nil || use.Authenticator != nil {
		t.Error("the API is wrapped")
	}
}
