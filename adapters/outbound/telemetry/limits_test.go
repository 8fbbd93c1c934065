package telemetry_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// limiter answers as it is told to, and counts how often it is asked.
type limiter struct {
	mu    sync.Mutex
	err   error
	asked int
}

func (l *limiter) set(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *limiter) Reserve(context.Context, domain.Limit, string) (outbound.Reservation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	return l, l.err
}

func (l *limiter) Peek(domain.Limit, string) error { l.asked++; return l.err }

func (*limiter) GiveBack(context.Context) error { return nil }

// stepping is a clock that tests move.
type stepping struct {
	mu sync.Mutex
	at time.Time
}

func (s *stepping) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *stepping) Sleep(_ context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
	return nil
}

var loginLimit = domain.Limit{Name: domain.LimitLoginIP, Count: 30, Window: time.Minute}

func TestRefusalsAreCountedByLimit(t *testing.T) {
	m, shared := newMetrics(), &limiter{}
	measured := m.RateLimiter(shared, &limiter{}, zap.NewNop())
	if _, err := measured.Reserve(t.Context(), loginLimit, "k"); err != nil {
		t.Fatal(err)
	}
	shared.set(domain.RateLimited(loginLimit, time.Second))
	_, reserved := measured.Reserve(t.Context(), loginLimit, "k")
	peeked := measured.Peek(loginLimit, "k")
	_, foreign := measured.Reserve(t.Context(), domain.Limit{Name: "made-up", Count: 1}, "k")
	for _, err := range []error{reserved, peeked, foreign} {
		if !domain.HasCode(err, domain.CodeRateLimited) {
			t.Errorf("got %v", err)
		}
	}
	wantMoved(t, m, "keystone_rate_limited_total", map[string]string{"limit=login_ip": "2"})
}

func TestLimitsGoOnWhileTheSharedOnesAreAway(t *testing.T) {
	clock := &stepping{at: time.Unix(1_700_000_000, 0)}
	m, shared, local := telemetry.New(clock), &limiter{}, &limiter{}
	core, told := observer.New(zap.InfoLevel)
	measured := m.RateLimiter(shared, local, zap.New(core))
	ask := func() error {
		_, err := measured.Reserve(t.Context(), loginLimit, "k")
		return err
	}
	shared.set(domain.Unavailable(errors.New("frozen"), time.Second))
	for range 100 {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if shared.asked != 1 || local.asked != 100 {
		t.Errorf("the shared limits were asked %d times and the local ones %d times", shared.asked, local.asked)
	}
	local.set(domain.RateLimited(loginLimit, time.Second))
	if err := ask(); !domain.HasCode(err, domain.CodeRateLimited) || !domain.HasCode(measured.Peek(loginLimit, "k"), domain.CodeRateLimited) {
		t.Errorf("the local limits do not limit: %v", err)
	}
	wantMoved(t, m, "keystone_rate_limits_shared", map[string]string{})
	_ = clock.Sleep(t.Context(), time.Second)
	_ = ask() // fails again, and is told no second time
	wantMoved(t, m, "keystone_rate_limit_failures_total", map[string]string{"": "2"})
	shared.set(nil)
	_ = clock.Sleep(t.Context(), time.Second)
	for range 3 {
		if err := ask(); err != nil {
			t.Errorf("back again: %v", err)
		}
	}
	wantMoved(t, m, "keystone_rate_limits_shared", map[string]string{"": "1"})
	if told.FilterLevelExact(zap.WarnLevel).Len() != 1 || told.FilterLevelExact(zap.InfoLevel).Len() != 1 {
		t.Errorf("the log says %v", told.All())
	}
}

func TestACallerWhoLeavesSaysNothingAboutTheLimiter(t *testing.T) {
	m, shared, local := newMetrics(), &limiter{}, &limiter{}
	shared.set(domain.Unavailable(context.Canceled, 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.RateLimiter(shared, local, zap.NewNop()).Reserve(ctx, loginLimit, "k"); err == nil || local.asked > 0 {
		t.Errorf("got %v, and the local limits were asked %d times", err, local.asked)
	}
	wantMoved(t, m, "keystone_rate_limits_shared", map[string]string{"": "1"})
}
