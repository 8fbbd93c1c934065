package tracing

import (
	"encoding/binary"
	"hash/maphash"
	"strconv"
	"strings"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// sampler is the one that OTEL_TRACES_SAMPLER and its argument name. It decides
// once for each request, whatever the caller's flags say, and what is below a
// span of ours follows it.
func sampler(name, argument string) sdk.Sampler {
	root := sdk.AlwaysSample()
	switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "parentbased_") {
	case "always_off":
		root = sdk.NeverSample()
	case "traceidratio":
		if ratio, err := strconv.ParseFloat(strings.TrimSpace(argument), 64); err == nil && ratio >= 0 && ratio <= 1 {
			root = sdk.TraceIDRatioBased(ratio)
		}
	}
	below := unswayed{root, maphash.MakeSeed()}
	return sdk.ParentBased(root, sdk.WithRemoteParentSampled(below), sdk.WithRemoteParentNotSampled(below))
}

// unswayed samples requests with a caller's trace id, which may be chosen to be
// among those that a ratio takes: what decides is a hash of it that nobody else
// can make.
type unswayed struct {
	sdk.Sampler
	seed maphash.Seed
}

// ShouldSample implements the SDK's interface.
func (s unswayed) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	var hashed trace.TraceID
	binary.BigEndian.PutUint64(hashed[8:], maphash.Bytes(s.seed, p.TraceID[:])) // the half that ratios look at
	p.TraceID = hashed
	return s.Sampler.ShouldSample(p)
}
