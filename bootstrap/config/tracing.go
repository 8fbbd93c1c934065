package config

import (
	"strings"

	"github.com/keystone-auth/keystone/adapters/outbound/tracing"
)

// OpenTelemetry's own variables, and so without the prefix.
const (
	otlpEndpoint   = "OTEL_EXPORTER_OTLP_ENDPOINT"
	otelSampler    = "OTEL_TRACES_SAMPLER"
	otelSamplerArg = "OTEL_TRACES_SAMPLER_ARG"
	otelAttributes = "OTEL_RESOURCE_ATTRIBUTES"
)

// Tracing is where traces go.
type Tracing struct {
	Endpoint string // empty: nothing is traced
}

// read takes the endpoint, and holds what the tracing library reads for itself
// to what it understands.
func (t *Tracing) read(environ []string) Problems {
	given := map[string]string{}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			given[name] = value
		}
	}
	t.Endpoint = given[otlpEndpoint]
	if t.Endpoint == "" {
		return nil
	}
	var problems Problems
	for _, check := range []struct {
		name string
		err  error
	}{
		{otlpEndpoint, tracing.CheckEndpoint(t.Endpoint)},
		{otelSampler, tracing.CheckSampler(given[otelSampler], given[otelSamplerArg])},
		{otelAttributes, tracing.CheckAttributes(given[otelAttributes])},
	} {
		if check.err != nil {
			problems = append(problems, check.name+" "+check.err.Error())
		}
	}
	return problems
}
