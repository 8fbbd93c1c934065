package tracing

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	about "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
)

// exportLimit bounds one export, and maxAnswer what is read of its answer.
const (
	exportLimit = 10 * time.Second
	maxAnswer   = 64 << 10
)

// exporter sends spans as OTLP over HTTP. A batch that is refused or not
// answered is dropped: traces are no records.
type exporter struct {
	url     string
	client  *http.Client
	logger  *zap.Logger
	failing atomic.Bool
}

var _ sdk.SpanExporter = (*exporter)(nil)

func newExporter(url string, logger *zap.Logger) *exporter {
	if logger == nil {
		logger = zap.NewNop()
	}
	return &exporter{url: url, client: &http.Client{Timeout: exportLimit}, logger: logger.Named("tracing")}
}

// ExportSpans implements sdk.SpanExporter. It logs as failures begin and end.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.send(ctx, spans)
	switch failed := err != nil; {
	case failed && !e.failing.Swap(true):
		e.logger.Warn("traces can't be exported, and are dropped", zap.Error(err))
	case !failed && e.failing.Swap(false):
		e.logger.Info("traces are exported again")
	}
	return nil //nolint:nilerr // told already
}

// Shutdown implements sdk.SpanExporter.
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

func (e *exporter) send(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := proto.Marshal(message(spans))
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // all of it that is wanted is read
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)); err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %s", answer.Status)
	}
	return nil
}

// message is an ExportTraceServiceRequest, which on the wire is a TracesData.
func message(spans []sdk.ReadOnlySpan) *wire.TracesData {
	byScope := map[string]*wire.ScopeSpans{}
	of := &wire.ResourceSpans{Resource: &about.Resource{Attributes: attributes(spans[0].Resource().Attributes())}}
	for _, span := range spans {
		scope := span.InstrumentationScope()
		group := byScope[scope.Name]
		if group == nil {
			group = &wire.ScopeSpans{Scope: &common.InstrumentationScope{Name: scope.Name, Version: scope.Version}}
			byScope[scope.Name] = group
			of.ScopeSpans = append(of.ScopeSpans, group)
		}
		group.Spans = append(group.Spans, wireSpan(span))
	}
	return &wire.TracesData{ResourceSpans: []*wire.ResourceSpans{of}}
}

func wireSpan(span sdk.ReadOnlySpan) *wire.Span {
	context, parent := span.SpanContext(), span.Parent()
	traceID, spanID := context.TraceID(), context.SpanID()
	out := &wire.Span{
		TraceId: traceID[:], SpanId: spanID[:], TraceState: context.TraceState().String(), Flags: uint32(context.TraceFlags()),
		Name: span.Name(), Kind: wire.Span_SpanKind(span.SpanKind()), // numbered alike
		StartTimeUnixNano: uint64(span.StartTime().UnixNano()), EndTimeUnixNano: uint64(span.EndTime().UnixNano()),
		Attributes: attributes(span.Attributes()), DroppedAttributesCount: uint32(span.DroppedAttributes()),
		Status: &wire.Status{},
	}
	if parent.SpanID().IsValid() {
		id := parent.SpanID()
		out.ParentSpanId = id[:]
	}
	if span.Status().Code == codes.Error {
		out.Status.Code = wire.Status_STATUS_CODE_ERROR
	}
	return out
}

func attributes(all []attribute.KeyValue) []*common.KeyValue {
	out := make([]*common.KeyValue, len(all))
	for i, a := range all {
		value := &common.AnyValue{}
		switch a.Value.Type() {
		case attribute.INT64:
			value.Value = &common.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		case attribute.BOOL:
			value.Value = &common.AnyValue_BoolValue{BoolValue: a.Value.AsBool()}
		default:
			value.Value = &common.AnyValue_StringValue{StringValue: a.Value.String()}
		}
		out[i] = &common.KeyValue{Key: string(a.Key), Value: value}
	}
	return out
}
