package telemetry

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// limiterPause is how long a limiter that failed is left alone before one
// request tries it again.
const limiterPause = time.Second

// RateLimiter counts what the limits refuse. While shared does not answer, local
// limits in its place, each instance for itself: limits are looser then, and
// never gone. Metrics and the log tell of it.
func (m *Metrics) RateLimiter(shared, local outbound.RateLimiter, logger *zap.Logger) outbound.RateLimiter {
	l := &rateLimiter{shared: shared, local: local, clock: m.clock, failures: m.limiterFailure, logger: logger.Named("limits"), refused: map[domain.LimitName]prometheus.Counter{}}
	for _, name := range domain.LimitNames() {
		l.refused[name] = m.limited.WithLabelValues(string(name))
	}
	m.gauge("rate_limits_shared", "1 while instances share their limits, 0 while each limits for itself.", func() float64 {
		return truth(l.retryAt.Load() == 0)
	})
	return l
}

type rateLimiter struct {
	shared, local outbound.RateLimiter
	clock         outbound.Clock
	retryAt       atomic.Int64 // in microseconds; zero while shared answers
	failures      prometheus.Counter
	refused       map[domain.LimitName]prometheus.Counter // read only
	logger        *zap.Logger
}

func (l *rateLimiter) Reserve(ctx context.Context, limit domain.Limit, key string) (outbound.Reservation, error) {
	if l.mayAsk() {
		r, err := l.shared.Reserve(ctx, limit, key)
		switch {
		case err == nil || domain.AsError(err).Kind != domain.KindUnavailable:
			l.answered()
			return r, l.count(limit, err)
		case ctx.Err() != nil:
			return nil, err // who gave up says nothing about the limiter
		}
		l.failed(err)
	}
	r, err := l.local.Reserve(ctx, limit, key)
	return r, l.count(limit, err)
}

func (l *rateLimiter) Peek(limit domain.Limit, key string) error {
	if l.retryAt.Load() != 0 {
		return l.count(limit, l.local.Peek(limit, key))
	}
	return l.count(limit, l.shared.Peek(limit, key))
}

func (l *rateLimiter) count(limit domain.Limit, err error) error {
	if refused, known := l.refused[limit.Name]; known && domain.HasCode(err, domain.CodeRateLimited) {
		refused.Inc()
	}
	return err
}

// mayAsk lets everyone through while shared answers, and one in each pause
// while it does not.
func (l *rateLimiter) mayAsk() bool {
	at := l.retryAt.Load()
	if at == 0 {
		return true
	}
	now := l.clock.Now()
	return now.UnixMicro() >= at && l.retryAt.CompareAndSwap(at, now.Add(limiterPause).UnixMicro())
}

func (l *rateLimiter) answered() {
	if l.retryAt.Load() != 0 && l.retryAt.Swap(0) != 0 {
		l.logger.Info("the instances share their rate limits again")
	}
}

func (l *rateLimiter) failed(err error) {
	l.failures.Inc()
	if l.retryAt.Swap(l.clock.Now().Add(limiterPause).UnixMicro()) == 0 {
		l.logger.Warn("the shared rate limits do not answer: each instance limits for itself", zap.Error(err))
	}
}
