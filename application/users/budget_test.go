package users

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// However many guesses arrive at once, no more are evaluated than allowed.
func TestBudgetUnderConcurrentGuesses(t *testing.T) {
	for _, name := range []string{"known", "unknown"} {
		d := newDesk(nil)
		identifiers := []string{d.name(), d.address()}
		if name == "unknown" {
			identifiers = []string{"nobody", "NoBody"}
		}
		var locked, refused atomic.Int64
		var wait sync.WaitGroup
		for i := range 200 {
			wait.Go(func() {
				_, err := d.VerifyPassword(t.Context(), identifiers[i%2], domain.NewSecret(wrong))
				switch {
				case !domain.HasCode(err, domain.CodeInvalidGrant):
					t.Errorf("got %v", err)
				case domain.AsError(err).Reason == domain.ReasonAccountLocked:
					locked.Add(1)
				default:
					refused.Add(1)
				}
			})
		}
		wait.Wait()
		if d.hasher.verified.Load() != 5 || refused.Load() != 5 || locked.Load() != 195 {
			t.Errorf("%s: evaluated %d, refused %d, locked %d", name, d.hasher.verified.Load(), refused.Load(), locked.Load())
		}
	}
}

// Guesses through several instances share the budget of the store.
func TestBudgetAcrossInstances(t *testing.T) {
	d := newDesk(nil)
	instances := make([]*Credentials, 4)
	for i := range instances {
		instances[i] = NewCredentials(d.policy, d.clock, names, d.hasher, d.store, d.budgets, d.store)
	}
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() {
			_, err := instances[i%4].VerifyPassword(t.Context(), d.name(), domain.NewSecret(wrong))
			if !domain.HasCode(err, domain.CodeInvalidGrant) {
				t.Errorf("got %v", err)
			}
		})
	}
	wait.Wait()
	if got := d.hasher.verified.Load(); got != 5 {
		t.Errorf("evaluated %d guesses", got)
	}
}

// An owner whose devices all log in at once is never locked out.
func TestBurstOfRightPasswords(t *testing.T) {
	d := newDesk(nil)
	for range 4 {
		_, err := d.try(t, d.name(), wrong)
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	var wait sync.WaitGroup
	for range 60 {
		wait.Go(func() {
			login, err := d.VerifyPassword(t.Context(), d.name(), domain.NewSecret(right))
			if err == nil {
				err = d.store.Do(t.Context(), login.Record)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if b := d.budget(); b.Failures != 0 || b.Pending != 0 || b.Level != 0 || !b.LockedUntil.IsZero() {
		t.Errorf("budget %+v", b)
	}
}

func TestReservationGoesBack(t *testing.T) {
	t.Run("the hasher is busy", func(t *testing.T) {
		d := newDesk(nil)
		d.hasher.fail = busy()
		for range 20 {
			_, err := d.try(t, d.name(), wrong)
			wantCode(t, err, domain.CodeBusy)
		}
		if b := d.budget(); b.Pending != 0 || b.Failures != 0 {
			t.Errorf("budget %+v", b)
		}
		d.hasher.fail = nil
		must(t, d.login(t, d.name(), right))
	})
	t.Run("the caller left while it was hashed", func(t *testing.T) {
		for _, password := range []string{right, wrong} {
			d := newDesk(nil)
			ctx, leave := context.WithCancel(t.Context())
			d.hasher.meanwhile = func(domain.Secret) {
				leave()
				d.store.watch = func(ctx context.Context) { // a store that never answers is not waited for
					if _, bounded := ctx.Deadline(); !bounded {
						t.Errorf("%s: what outlasts the caller has no end", password)
					}
				}
			}
			_, err := d.VerifyPassword(ctx, d.name(), domain.NewSecret(password))
			failures := 0
			if password == wrong { // leaving does not save a guess from being counted
				failures = 1
				wantCode(t, err, domain.CodeInvalidGrant)
			}
			if b := d.budget(); b.Pending != 0 || b.Failures != failures {
				t.Errorf("%s: budget %+v", password, b)
			}
		}
	})
	t.Run("the caller left before", func(t *testing.T) {
		d := newDesk(nil)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		_, err := d.VerifyPassword(ctx, d.name(), domain.NewSecret(wrong))
		wantCode(t, err, domain.CodeUnavailable)
		if d.hasher.verified.Load() != 0 || d.budget().Pending != 0 {
			t.Error("evaluated or reserved for nobody")
		}
	})
}

// While another instance has the rest of the budget in flight, one waits for
// the outcome and is told by it.
func TestReserveWaitsForOthers(t *testing.T) {
	others := func(d *desk) user.LockoutSnapshot {
		return user.LockoutSnapshot{Key: "user:" + d.user.ID().String(), Pending: 5, PendingAt: d.clock.Now(), Version: 1}
	}
	t.Run("they succeed", func(t *testing.T) {
		d := newDesk(nil)
		waiting := others(d)
		d.store.lockouts[waiting.Key] = waiting
		slept := 0
		d.clock.sleep = func(context.Context) error {
			if slept++; slept == 3 {
				done := user.RehydrateLockout(waiting).Succeed(d.clock.Now()).Snapshot()
				done.Version++
				d.store.mu.Lock()
				d.store.lockouts[waiting.Key] = done
				d.store.mu.Unlock()
			}
			return nil
		}
		must(t, d.login(t, d.name(), right))
		if slept != 3 {
			t.Errorf("slept %d times", slept)
		}
	})
	t.Run("they never come back", func(t *testing.T) {
		d := newDesk(nil)
		waiting := others(d)
		d.store.lockouts[waiting.Key] = waiting
		d.clock.sleep = func(context.Context) error { d.clock.advance(10 * time.Second); return nil }
		_, err := d.try(t, d.name(), wrong)
		wantCode(t, err, domain.CodeInvalidGrant)
		if d.hasher.verified.Load() != 1 || d.budget().LockedUntil.IsZero() {
			t.Errorf("evaluated %d, %+v: attempts without an outcome leave one", d.hasher.verified.Load(), d.budget())
		}
	})
	t.Run("the caller gives up", func(t *testing.T) {
		d := newDesk(nil)
		d.store.lockouts[others(d).Key] = others(d)
		d.clock.sleep = func(context.Context) error { return context.Canceled }
		_, err := d.try(t, d.name(), right)
		wantCode(t, err, domain.CodeUnavailable)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("hides its cause: %v", err)
		}
	})
}

func TestVerifyPasswordStoreAway(t *testing.T) {
	d := newDesk(nil)
	d.hasher.meanwhile = func(domain.Secret) {
		d.store.mu.Lock()
		defer d.store.mu.Unlock()
		d.store.fail = unavailable()
	}
	_, err := d.try(t, d.name(), wrong)
	wantCode(t, err, domain.CodeUnavailable)
	d.store.fail = nil
	if b := d.budget(); b.Pending != 1 {
		t.Errorf("a guess whose failure could not be stored went free: %+v", b)
	}
	d.store.fail = unavailable()
	_, err = d.try(t, d.name(), wrong)
	wantCode(t, err, domain.CodeUnavailable)
}

// Settling beside others: the compare-and-swap is lost and tried again.
func TestSettleBesideOthers(t *testing.T) {
	d := newDesk(nil)
	key, once := "user:"+d.user.ID().String(), false
	d.budgets.beforeSwap = func(next user.LockoutSnapshot) {
		if next.Pending > 0 || once {
			return
		}
		once = true
		d.store.mu.Lock()
		defer d.store.mu.Unlock()
		s := d.store.lockouts[key]
		s.Pending, s.Version = s.Pending+1, s.Version+1
		d.store.lockouts[key] = s
	}
	must(t, d.login(t, d.name(), right))
	if b := d.budget(); !once || b.Pending != 1 || b.Failures != 0 {
		t.Errorf("budget %+v, the other's attempt must stand", b)
	}
}

func TestLockoutOff(t *testing.T) {
	d := newDesk(func(p *Policy, _ *user.Snapshot) { p.Lockout.Attempts = 0 })
	for range 20 {
		_, err := d.try(t, d.name(), wrong)
		if domain.AsError(err).Reason != "" {
			t.Fatalf("got %v", err)
		}
	}
	must(t, d.login(t, d.name(), right))
}

// TestAClearBudgetIsNotLookedAt counts what an attempt reads of its budget: a
// round trip that nearly every login can do without.
func TestAClearBudgetIsNotLookedAt(t *testing.T) {
	d := newDesk(func(*Policy, *user.Snapshot) {})
	for i, step := range []struct {
		password string
		looks    int
	}{{right, 0}, {right, 0}, {wrong, 0}, {right, 1}, {right, 0}} {
		d.budgets.looks = 0
		_, err := d.try(t, d.name(), step.password)
		if (err == nil) != (step.password == right) || d.budgets.looks != step.looks {
			t.Errorf("attempt %d: %d looks, want %d; %v", i, d.budgets.looks, step.looks, err)
		}
	}
}
