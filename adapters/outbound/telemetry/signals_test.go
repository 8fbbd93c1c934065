package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/keystone-auth/keystone/domain/token"
)

type bus struct {
	publish   error
	subscribe func(ctx context.Context, receive func([]token.Signal)) error
	published []token.Signal
}

func (b *bus) Publish(_ context.Context, signals ...token.Signal) error {
	b.published = append(b.published, signals...)
	return b.publish
}

func (b *bus) Subscribe(ctx context.Context, receive func([]token.Signal)) error {
	return b.subscribe(ctx, receive)
}

type signalLog struct{ err error }

func (l *signalLog) Since(_ context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
	return []token.Signal{{ID: "one"}}, mark.Add(time.Second), l.err
}

func (l *signalLog) Prune(context.Context, time.Time, int) (int, error) { return 3, l.err }

// told gives what was logged, as level, call and message.
func told(logs *observer.ObservedLogs) []string {
	var lines []string
	for _, entry := range logs.TakeAll() {
		fields := entry.ContextMap()
		lines = append(lines, entry.Level.String()+" "+fields["feed"].(string)+" "+fields["call"].(string)+": "+entry.Message)
	}
	return lines
}

func TestAFailingBusIsToldOnce(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	m, inner := newMetrics(), &bus{}
	measured := m.SignalBus(inner, zap.New(core))
	publish := func(times int, err error) {
		t.Helper()
		inner.publish = err
		for range times {
			if got := measured.Publish(t.Context(), token.Signal{ID: "s"}); !errors.Is(got, err) {
				t.Errorf("Publish() = %v", got)
			}
		}
	}
	publish(2, nil)
	publish(3, errBroken)
	publish(2, nil)
	publish(1, errBroken)
	want := []string{"warn bus publish: a feed of signals fails", "info bus publish: a feed of signals works again", "warn bus publish: a feed of signals fails"}
	if diff := cmp.Diff(want, told(logs)); diff != "" {
		t.Error(diff)
	}
	wantMoved(t, m, "keystone_signal_failures_total", map[string]string{"feed=bus": "4"})
	if len(inner.published) != 8 {
		t.Errorf("%d signals came through, want 8", len(inner.published))
	}
}

func TestALostSubscriptionIsTold(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	m, inner := newMetrics(), &bus{}
	measured := m.SignalBus(inner, zap.New(core))
	var heard [][]token.Signal
	receive := func(signals []token.Signal) { heard = append(heard, signals) }
	ctx, cancel := context.WithCancel(t.Context())

	inner.subscribe = func(context.Context, func([]token.Signal)) error { return errBroken }
	for range 2 {
		if err := measured.Subscribe(ctx, receive); !errors.Is(err, errBroken) {
			t.Errorf("Subscribe() = %v", err)
		}
	}
	inner.subscribe = func(ctx context.Context, receive func([]token.Signal)) error {
		receive(nil)
		receive([]token.Signal{{ID: "s"}})
		cancel()
		return ctx.Err()
	}
	if err := measured.Subscribe(ctx, receive); !errors.Is(err, context.Canceled) {
		t.Errorf("Subscribe() = %v", err)
	}
	want := []string{"warn bus subscribe: a feed of signals fails", "info bus subscribe: a feed of signals works again"}
	if diff := cmp.Diff(want, told(logs)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]token.Signal{nil, {{ID: "s"}}}, heard); diff != "" {
		t.Error(diff)
	}
	wantMoved(t, m, "keystone_signal_failures_total", map[string]string{"feed=bus": "2"}) // the end that was asked for is none
}

func TestAFailingLogIsToldOnce(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	m, inner := newMetrics(), &signalLog{}
	measured := m.SignalLog(inner, zap.New(core))
	mark := time.Unix(1, 0)
	for _, err := range []error{nil, errBroken, errBroken, nil} {
		inner.err = err
		signals, next, got := measured.Since(t.Context(), mark)
		if !errors.Is(got, err) || len(signals) != 1 || !next.Equal(mark.Add(time.Second)) {
			t.Errorf("Since() = %v, %v, %v", signals, next, got)
		}
		if n, got := measured.Prune(t.Context(), mark, 5); n != 3 || !errors.Is(got, err) {
			t.Errorf("Prune() = %d, %v", n, got)
		}
	}
	want := []string{
		"warn log since: a feed of signals fails", "warn log prune: a feed of signals fails",
		"info log since: a feed of signals works again", "info log prune: a feed of signals works again",
	}
	if diff := cmp.Diff(want, told(logs)); diff != "" {
		t.Error(diff)
	}
	wantMoved(t, m, "keystone_signal_failures_total", map[string]string{"feed=log": "4"})
	wantMoved(t, m, "keystone_db_query_duration_seconds_count", map[string]string{"operation=signals.since": "4", "operation=signals.prune": "4"})
}

// TestACallerWhoGivesUpIsNoFailure: at a stop the feed's context ends in the
// middle of a call. A deadline that passes is one.
func TestACallerWhoGivesUpIsNoFailure(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	m := newMetrics()
	measured := m.SignalLog(&signalLog{err: errBroken}, zap.New(core))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	late, release := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer release()
	for ctx, want := range map[context.Context]int{stopped: 0, late: 1} {
		if _, _, err := measured.Since(ctx, time.Time{}); !errors.Is(err, errBroken) {
			t.Errorf("Since() = %v", err)
		}
		if got := len(told(logs)); got != want {
			t.Errorf("after %v: %d lines, want %d", ctx.Err(), got, want)
		}
	}
	wantMoved(t, m, "keystone_signal_failures_total", map[string]string{"feed=log": "1"})
}
