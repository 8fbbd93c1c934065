package tracing

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// traced makes so many requests with the caller's flags and an id that every
// ratio but zero takes, each with a span below it, and gives what is exported.
func traced(t *testing.T, name, argument, flags string, requests int) tracetest.SpanStubs {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(kept), sdk.WithSampler(sampler(name, argument)))
	tracer := &Tracer{provider: provider, tracer: provider.Tracer(scopeName)}
	for n := range requests {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Traceparent", fmt.Sprintf("00-%016x%016x-b7ad6b7169203331-%s", n+1, 0, flags))
		r.Header.Set("Tracestate", "them=secret")
		ctx, finish := tracer.Request(r, "/", "GET", "id")
		if err := tracer.within(ctx, "below", trace.SpanKindInternal, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		finish(http.StatusOK)
	}
	return kept.GetSpans()
}

func TestCallersDoNotSayWhatIsTraced(t *testing.T) {
	const requests = 200
	for _, flags := range []string{"00", "01"} {
		for name, c := range map[string]struct {
			argument    string
			least, most int // requests that are traced
		}{
			"":                         {"", requests, requests},
			"always_on":                {"", requests, requests},
			"parentbased_always_on":    {"", requests, requests},
			"always_off":               {"", 0, 0},
			"parentbased_always_off":   {"", 0, 0},
			"traceidratio":             {"0.5", 1, requests - 1},
			"parentbased_traceidratio": {" 0 ", 0, 0},
		} {
			spans := traced(t, name, c.argument, flags, requests)
			if n := len(spans) / 2; n < c.least || n > c.most || len(spans)%2 != 0 {
				t.Errorf("%q %s, flags %s: %d spans of %d requests", name, c.argument, flags, len(spans), requests)
			}
		}
	}
}

func TestOfACallerOnlyTheIdsAreKept(t *testing.T) {
	for _, span := range traced(t, "", "", "00", 1) {
		if got := span.SpanContext.TraceID().String(); got != "00000000000000010000000000000000" {
			t.Errorf("%s is in trace %s", span.Name, got)
		}
		if got := span.SpanContext.TraceState().String() + span.Parent.TraceState().String(); got != "" {
			t.Errorf("%s exports the caller's state %q", span.Name, got)
		}
		if span.Name == "GET /" && span.Parent.SpanID().String() != "b7ad6b7169203331" {
			t.Errorf("the request's parent is %s", span.Parent.SpanID())
		}
	}
}
