package tracing

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/domain"
)

const (
	scopeName   = "github.com/keystone-auth/keystone"
	serviceName = "keystone"
)

// Config says where traces go.
type Config struct {
	// Endpoint is the base URL of an OTLP receiver, as OTEL_EXPORTER_OTLP_ENDPOINT
	// names it; /v1/traces is appended.
	Endpoint string
	Version  string // of the program
	Logger   *zap.Logger
}

// Tracer makes spans. Its methods that wrap are called as the program is
// assembled, each once.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New makes a tracer; it connects to nothing. OTEL_TRACES_SAMPLER, with its
// OTEL_TRACES_SAMPLER_ARG, and OTEL_RESOURCE_ATTRIBUTES are heeded, as
// everywhere, except that parentbased_ heeds no caller, see Request.
func New(ctx context.Context, config Config) (*Tracer, error) {
	if err := CheckEndpoint(config.Endpoint); err != nil {
		return nil, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", serviceName), attribute.String("service.version", config.Version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(about), sdk.WithSampler(sampler(os.Getenv("OTEL_TRACES_SAMPLER"), os.Getenv("OTEL_TRACES_SAMPLER_ARG"))),
		sdk.WithBatcher(newExporter(strings.TrimSuffix(config.Endpoint, "/")+"/v1/traces", config.Logger)))
	return &Tracer{provider: provider, tracer: provider.Tracer(scopeName)}, nil
}

// CheckEndpoint tells what is wrong with an endpoint, quoting nothing of it.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be an http or https URL without credentials, query or fragment")
	}
	return nil
}

// flushLimit bounds the last export: an absent receiver must not hold up a stop.
const flushLimit = 2 * time.Second

// Stop exports what is left.
func (t *Tracer) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the exporter has logged it, and a stop goes on
	return nil
}

// Request begins the span of a request, below the caller's where that sent a
// traceparent (W3C Trace Context). Callers are anonymous here: whether the
// request is traced is not theirs to say, and nothing but the ids is kept of
// what they sent. finish ends the span.
func (t *Tracer) Request(r *http.Request, route, method, requestID string) (ctx context.Context, finish func(status int)) {
	ctx = propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx = trace.ContextWithRemoteSpanContext(ctx, trace.SpanContextFromContext(ctx).WithTraceState(trace.TraceState{}))
	ctx, span := t.tracer.Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method), attribute.String("http.route", route), attribute.String("keystone.request_id", requestID)))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status/100 == 5 {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// within runs work in a span; kind says what for. What was refused is told by
// its code, which is of a known list.
func (t *Tracer) within(ctx context.Context, name string, kind trace.SpanKind, work func(context.Context) error, about ...attribute.KeyValue) error {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return work(ctx) // nobody's request
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(about...))
	defer span.End()
	err := work(ctx)
	if err != nil {
		e := domain.AsError(err)
		span.SetAttributes(attribute.String("error.type", string(e.Code)))
		if e.Kind == domain.KindInternal || e.Kind == domain.KindUnavailable {
			span.SetStatus(codes.Error, "")
		}
	}
	return err
}
