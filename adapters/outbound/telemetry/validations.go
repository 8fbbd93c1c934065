package telemetry

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// result is what became of a bearer token.
type result uint8

const (
	valid result = iota
	invalid
	unavailable // a dependency was away, or the revocation state unknown
	failed
)

var resultNames = [...]string{valid: "valid", invalid: "invalid", unavailable: "unavailable", failed: "error"}

// Authenticator counts what becomes of bearer tokens. The signature was not
// verified anew (cache hit) unless the cache named TokenCache loaded meanwhile;
// so a token refused before it is looked up, for its size, counts as a hit.
func (m *Metrics) Authenticator(inner inbound.Authenticator) inbound.Authenticator {
	a := &authenticator{inner: inner}
	for r, name := range resultNames {
		a.cached[r] = m.validations.WithLabelValues(name, hit)
		a.verified[r] = m.validations.WithLabelValues(name, miss)
	}
	return a
}

type authenticator struct {
	inner            inbound.Authenticator
	cached, verified [len(resultNames)]prometheus.Counter
}

func (a *authenticator) Authenticate(ctx context.Context, bearer string) (inbound.Caller, error) {
	v := &validation{Context: ctx}
	caller, err := a.inner.Authenticate(v, bearer)
	if v.verified {
		a.verified[resultOf(err)].Inc()
	} else {
		a.cached[resultOf(err)].Inc()
	}
	return caller, err
}

func resultOf(err error) result {
	if err == nil {
		return valid
	}
	switch domain.AsError(err).Kind {
	case domain.KindUnauthenticated:
		return invalid
	case domain.KindUnavailable:
		return unavailable
	}
	return failed
}

// validation is the context of one token's validation, in which the cache
// notes that the signature was verified. It costs one allocation.
type validation struct {
	context.Context
	verified bool
}

type validationKey struct{}

func (v *validation) Value(key any) any {
	if key == (validationKey{}) {
		return v
	}
	return v.Context.Value(key)
}
