package telemetry

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// call is one call to a feed, whose failures the use cases live with: each is
// counted, and the log is told as it begins to fail and as it works again.
type call struct {
	failures prometheus.Counter
	logger   *zap.Logger
	failing  atomic.Bool
}

func (m *Metrics) call(logger *zap.Logger, feed, name string) *call {
	return &call{failures: m.signalFailure.WithLabelValues(feed), logger: logger.Named("signals").With(zap.String("feed", feed), zap.String("call", name))}
}

// ended takes in how the call ended. A caller who gave up says nothing about
// the feed.
func (c *call) ended(ctx context.Context, err error) {
	switch {
	case err == nil:
		if c.failing.Load() && c.failing.CompareAndSwap(true, false) {
			c.logger.Info("a feed of signals works again")
		}
	case errors.Is(ctx.Err(), context.Canceled):
	default:
		c.failures.Inc()
		if c.failing.CompareAndSwap(false, true) {
			c.logger.Warn("a feed of signals fails", zap.Error(err))
		}
	}
}

// SignalBus counts and logs what fails on the bus.
func (m *Metrics) SignalBus(inner outbound.SignalBus, logger *zap.Logger) outbound.SignalBus {
	return &signalBus{inner, m.call(logger, "bus", "publish"), m.call(logger, "bus", "subscribe")}
}

type signalBus struct {
	inner              outbound.SignalBus
	publish, subscribe *call
}

func (b *signalBus) Publish(ctx context.Context, signals ...token.Signal) error {
	err := b.inner.Publish(ctx, signals...)
	b.publish.ended(ctx, err)
	return err
}

func (b *signalBus) Subscribe(ctx context.Context, receive func(signals []token.Signal)) error {
	err := b.inner.Subscribe(ctx, func(signals []token.Signal) {
		b.subscribe.ended(ctx, nil) // whatever arrives is a sign of life
		receive(signals)
	})
	b.subscribe.ended(ctx, err)
	return err
}

// SignalLog times the log of signals, and counts and logs what fails on it.
func (m *Metrics) SignalLog(inner outbound.SignalLog, logger *zap.Logger) outbound.SignalLog {
	return &signalLog{
		inner: inner, since: m.operation("signals.since"), prune: m.operation("signals.prune"),
		reading: m.call(logger, "log", "since"), pruning: m.call(logger, "log", "prune"),
	}
}

type signalLog struct {
	inner            outbound.SignalLog
	since, prune     operation
	reading, pruning *call
}

func (l *signalLog) Since(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
	defer l.since.took(l.since.clock.Now())
	signals, next, err := l.inner.Since(ctx, mark)
	l.reading.ended(ctx, err)
	return signals, next, err
}

func (l *signalLog) Prune(ctx context.Context, now time.Time, limit int) (int, error) {
	defer l.prune.took(l.prune.clock.Now())
	pruned, err := l.inner.Prune(ctx, now, limit)
	l.pruning.ended(ctx, err)
	return pruned, err
}
