package bootstrap

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/tracing"
	"github.com/keystone-auth/keystone/bootstrap/config"
)

// newTracer gives nil where no endpoint is configured: then nothing is wrapped.
func newTracer(lc fx.Lifecycle, cfg *config.Config, logger *zap.Logger) (*tracing.Tracer, error) {
	if cfg.Tracing.Endpoint == "" {
		return nil, nil
	}
	// Where the library complains on its own, as lines of the log.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Named("tracing").Warn("tracing failed", zap.Error(err)) }))
	tracer, err := tracing.New(context.Background(), tracing.Config{Endpoint: cfg.Tracing.Endpoint, Version: Version(), Logger: logger})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(tracer.Stop))
	return tracer, nil
}

// traced wraps the outbound ports whose calls have spans of their own. SQL is
// traced underneath, statement by statement.
func (in ports) traced(t *tracing.Tracer, cfg *config.Config) ports {
	if t == nil {
		return in
	}
	in.Work = t.UnitOfWork(in.Work)
	in.Hasher = t.PasswordHasher(in.Hasher)
	if !cfg.Storage.RedisURL.Empty() {
		in.Bus = t.SignalBus(in.Bus)
		in.Limiter = t.RateLimiter(in.Limiter)
	}
	return in
}

// traceAPI wraps what the endpoints of tokens call, and every request.
func traceAPI(t *tracing.Tracer, c rest.Config, use rest.UseCases) (rest.Config, rest.UseCases) {
	if t == nil {
		return c, use
	}
	c.Trace = t.Request
	use.Tokens = t.TokenEndpoint(use.Tokens)
	use.Introspector = t.Introspector(use.Introspector)
	use.Revoker = t.Revoker(use.Revoker)
	use.Authenticator = t.Authenticator(use.Authenticator)
	return c, use
}
