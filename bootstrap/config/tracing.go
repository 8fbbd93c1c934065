package config

import (
	"strings"

	"github.com/keystone-auth/keystone/adapters/outbound/tracing"
)

// otlpEndpoint is OpenTelemetry's own variable, and so without the prefix.
const otlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

// Tracing is where traces go.
type Tracing struct {
	Endpoint string // empty: nothing is traced
}

func (t *Tracing) read(environ []string) Problems {
	for _, pair := range environ {
		if value, found := strings.CutPrefix(pair, otlpEndpoint+"="); found {
			t.Endpoint = value
		}
	}
	if t.Endpoint == "" {
		return nil
	}
	if err := tracing.CheckEndpoint(t.Endpoint); err != nil {
		return Problems{otlpEndpoint + " " + err.Error()}
	}
	return nil
}
