package operations

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// sweeper has so many rows of each kind and notes up to when they may go.
type sweeper struct {
	rows   map[string]int
	before map[string]time.Time
	fail   error
}

func (s *sweeper) sweep(kind string) func(context.Context, time.Time, int) (int, error) {
	return func(_ context.Context, before time.Time, limit int) (int, error) {
		swept := min(limit, s.rows[kind])
		s.rows[kind] -= swept
		s.before[kind] = before
		return swept, s.fail
	}
}

func (s *sweeper) Sessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep("sessions")(ctx, before, limit)
}
func (s *sweeper) PendingRegistrations(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep("pending registrations")(ctx, before, limit)
}
func (s *sweeper) Lockouts(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep("lockouts")(ctx, before, limit)
}
func (s *sweeper) Tickets(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep("tickets")(ctx, before, limit)
}
func (s *sweeper) SigningKeys(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep("signing keys")(ctx, before, limit)
}

func TestSweeps(t *testing.T) {
	s := &sweeper{rows: map[string]int{"sessions": 2*sweepBatch + 1, "lockouts": (maxBatches + 1) * sweepBatch}, before: map[string]time.Time{}}
	sweep := func() {
		t.Helper()
		for _, duty := range Sweeps(clock{}, s) {
			if err := duty.Do(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	sweep()
	week := given.Now.Add(-7 * 24 * time.Hour)
	for kind, want := range map[string]time.Time{"sessions": week, "lockouts": week, "signing keys": week, "pending registrations": given.Now, "tickets": given.Now.Add(-10 * time.Minute)} {
		if got := s.before[kind]; !got.Equal(want) {
			t.Errorf("%s: before %s, want %s", kind, got, want)
		}
		if s.rows[kind] > 0 && kind != "lockouts" {
			t.Errorf("%d %s are left", s.rows[kind], kind)
		}
	}
	if s.rows["lockouts"] != sweepBatch {
		t.Errorf("%d lockouts are left, want a batch for the next sweep", s.rows["lockouts"])
	}
	s.fail = domain.Unavailable(errors.New("away"), time.Second)
	for _, duty := range Sweeps(clock{}, s) {
		if err := duty.Do(t.Context()); !domain.HasCode(err, domain.CodeUnavailable) {
			t.Errorf("%s: got %v", duty.Name, err)
		}
	}
}

// ticking is a clock whose sleeps pass at once, so many of them.
type ticking struct {
	outbound.Clock
	now   time.Time
	ticks int
}

func (c *ticking) Now() time.Time { return c.now }
func (c *ticking) Sleep(ctx context.Context, d time.Duration) error {
	if c.ticks--; c.ticks < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	c.now = c.now.Add(d)
	return nil
}

func TestHousekeeperDoesWhatIsDue(t *testing.T) {
	c := &ticking{now: given.Now, ticks: 10}
	var done, failures []string
	waiting := make(chan struct{})
	note := func(name string, err error) func(context.Context) error {
		return func(context.Context) error {
			done = append(done, fmt.Sprintf("%s %s", name, c.now.Sub(given.Now)))
			return err
		}
	}
	h := NewHousekeeper(c, func(duty string, err error) { failures = append(failures, duty+": "+err.Error()) }, []Duty{
		{"slow", 5 * time.Second, note("slow", errors.New("broken"))},
		{"slower", 9 * time.Second, note("slower", nil)},
		{"last", 10 * time.Second, func(ctx context.Context) error { close(waiting); <-ctx.Done(); return ctx.Err() }},
	})
	h.Start(t.Context())
	<-waiting
	h.Stop() // ends the last, which is no failure
	if want := []string{"slow 5s", "slower 9s", "slow 10s"}; !slices.Equal(done, want) {
		t.Errorf("done %v, want %v", done, want)
	}
	if want := []string{"slow: broken", "slow: broken"}; !slices.Equal(failures, want) {
		t.Errorf("failed %v, want %v", failures, want)
	}
	NewHousekeeper(c, nil, nil).Stop() // never started
}

// A duty that waits for ever, as on a frozen store, ends and is told, and the
// others get their turn.
func TestHousekeeperWaitsForNothingForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &ticking{now: given.Now, ticks: 1}
		failed, done := make(chan error, 1), make(chan struct{})
		h := NewHousekeeper(c, func(_ string, err error) { failed <- err }, []Duty{
			{"frozen", time.Second, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			{"next", time.Second, func(context.Context) error { close(done); return nil }},
		})
		h.Start(t.Context())
		defer h.Stop()
		<-done
		if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("told of %v", err)
		}
	})
}
