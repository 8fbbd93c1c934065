package tracing

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// samplers are what OTEL_TRACES_SAMPLER may name.
var samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}

// CheckSampler tells what is wrong with OTEL_TRACES_SAMPLER and
// OTEL_TRACES_SAMPLER_ARG, of which either may be empty.
func CheckSampler(name, argument string) error {
	name, argument = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(argument)
	if name == "" {
		return nil
	}
	if !slices.Contains(samplers, name) {
		return errors.New("must be one of " + strings.Join(samplers, ", "))
	}
	if !strings.HasSuffix(name, "traceidratio") || argument == "" {
		return nil
	}
	if ratio, err := strconv.ParseFloat(argument, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
		return errors.New("needs an OTEL_TRACES_SAMPLER_ARG from 0 to 1")
	}
	return nil
}

// CheckAttributes tells what is wrong with OTEL_RESOURCE_ATTRIBUTES, quoting
// nothing of it.
func CheckAttributes(list string) error {
	if list = strings.TrimSpace(list); list == "" {
		return nil
	}
	for pair := range strings.SplitSeq(list, ",") {
		if !strings.Contains(pair, "=") {
			return errors.New("must be name=value, separated by commas")
		}
	}
	return nil
}
