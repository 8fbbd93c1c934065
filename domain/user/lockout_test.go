package user_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

var (
	start  = time.Date(2026, time.March, 14, 9, 26, 53, 589793000, time.UTC)
	policy = user.LockoutPolicy{Attempts: 5, Durations: []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour}}
)

// abandoned is when an attempt that did not come back counts as failed.
const abandoned = 12 * time.Second

// budget is the lockout beside what an observer counts: attempts in flight,
// attempts whose process died, failures since the last fresh budget, and locks
// in a row.
type budget struct {
	user.Lockout
	policy                    user.LockoutPolicy
	now, reserved             time.Time
	flying, dead, failed, row int
	locked                    bool
}

func (b *budget) wantLock(t *rapid.T) {
	if want := b.now.Add(b.policy.Durations[min(b.row, len(b.policy.Durations)-1)]); !b.LockedUntil().Equal(want) {
		t.Fatalf("lock %d ends at %v, want %v", b.row+1, b.LockedUntil(), want)
	}
	b.locked = true
	b.row++
}

func (b *budget) reserve(t *rapid.T) {
	if b.dead > 0 && !b.now.Before(b.reserved.Add(abandoned)) {
		b.failed, b.dead = max(b.failed, min(b.failed+b.dead, b.policy.Attempts-1)), 0
	}
	locked := b.locked && b.now.Before(b.LockedUntil())
	next, admission := b.Reserve(b.policy, b.now)
	b.Lockout = next
	switch admission {
	case user.Admitted:
		if b.locked {
			b.locked, b.failed = false, 0
		}
		b.flying++
		b.reserved = b.now
		if b.failed+b.dead+b.flying > b.policy.Attempts {
			t.Fatalf("%d failed, %d died and %d are in flight, of %d", b.failed, b.dead, b.flying, b.policy.Attempts)
		}
		if b.LockedAt(b.now) {
			t.Fatal("admitted while locked")
		}
	case user.Locked:
		if !locked {
			t.Fatalf("locked, though nothing failed, after %d failures until %v", b.failed, b.LockedUntil())
		}
	case user.Busy:
		if b.flying+b.dead == 0 || b.failed+b.dead+b.flying != b.policy.Attempts {
			t.Fatalf("busy with %d failed, %d dead, %d in flight", b.failed, b.dead, b.flying)
		}
	}
}

func (b *budget) settle(t *rapid.T, how func() user.Lockout) {
	if b.flying == 0 {
		t.Skip("none in flight")
	}
	b.flying--
	b.Lockout = how()
}

func TestLockoutNeverEvaluatesMoreThanItsBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &budget{Lockout: user.NewLockout("k"), now: start, policy: user.LockoutPolicy{
			Attempts: rapid.IntRange(1, 6).Draw(t, "attempts"), Durations: policy.Durations,
		}}
		t.Repeat(map[string]func(*rapid.T){
			"reserve":       b.reserve,
			"reserve again": b.reserve,
			"fail": func(t *rapid.T) {
				b.settle(t, func() user.Lockout { return b.Fail(b.policy, b.now) })
				b.failed++
				if b.failed == b.policy.Attempts {
					b.wantLock(t)
				} else if b.LockedAt(b.now) {
					t.Fatalf("locked after %d failures", b.failed)
				}
			},
			"succeed": func(t *rapid.T) {
				b.settle(t, func() user.Lockout { return b.Succeed(b.now) })
				b.failed, b.row, b.locked = 0, 0, false
				if b.LockedAt(b.now) || b.Failures() != 0 {
					t.Fatal("a success left something")
				}
			},
			"cancel": func(t *rapid.T) { b.settle(t, func() user.Lockout { return b.Cancel(b.now) }) },
			"die":    func(t *rapid.T) { b.settle(t, func() user.Lockout { return b.Lockout }); b.dead++ },
			"wait": func(t *rapid.T) {
				limit := 3 * time.Hour
				if b.flying > 0 { // what is alive comes back in time
					limit = max(0, b.reserved.Add(abandoned).Sub(b.now)-1)
				}
				b.now = b.now.Add(time.Duration(rapid.Int64Range(0, int64(limit)).Draw(t, "wait")))
			},
			"sit the lock out": func(t *rapid.T) {
				if !b.locked || b.flying > 0 {
					t.Skip("no lock")
				}
				if b.now.Before(b.LockedUntil()) {
					b.now = b.LockedUntil()
				}
				before := b.failed
				b.reserve(t)
				if b.flying != 1 {
					t.Fatalf("not admitted when the lock of %d failures had ended", before)
				}
			},
			"": func(t *rapid.T) {
				if s := b.Snapshot(); s.Pending != b.flying+b.dead {
					t.Fatalf("%d pending, want %d", s.Pending, b.flying+b.dead)
				}
			},
		})
	})
}

// fail reserves and fails n attempts one after the other.
func fail(t *testing.T, l user.Lockout, n int, now time.Time) user.Lockout {
	t.Helper()
	for range n {
		next, admission := l.Reserve(policy, now)
		if admission != user.Admitted {
			t.Fatalf("admission %d", admission)
		}
		l = next.Fail(policy, now)
	}
	return l
}

func TestLocksGrowLongerAndTheLastRepeats(t *testing.T) {
	l, now := user.NewLockout("k"), start
	for _, want := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour} {
		l = fail(t, l, policy.Attempts, now)
		if got := l.LockedUntil().Sub(now); got != want {
			t.Errorf("locked for %v, want %v", got, want)
		}
		if l.LockedAt(l.LockedUntil()) || !l.LockedAt(l.LockedUntil().Add(-time.Microsecond)) {
			t.Error("the lock does not end exactly when it says")
		}
		now = l.LockedUntil()
	}
}

// A process that dies with all attempts in flight locks nobody: one is left.
func TestAbandonedAttemptsLeaveOne(t *testing.T) {
	l := user.NewLockout("k")
	for range policy.Attempts {
		l, _ = l.Reserve(policy, start)
	}
	if _, admission := l.Reserve(policy, start.Add(abandoned-time.Microsecond)); admission != user.Busy {
		t.Errorf("admission %d before they are given up, want Busy", admission)
	}
	at := start.Add(abandoned)
	l, admission := l.Reserve(policy, at)
	if admission != user.Admitted || l.Failures() != policy.Attempts-1 || l.LockedAt(at) {
		t.Fatalf("admission %d, %d failures, locked until %v", admission, l.Failures(), l.LockedUntil())
	}
	if _, admission := l.Reserve(policy, at); admission != user.Busy {
		t.Errorf("admission %d beside the one that was left, want Busy", admission)
	}
	l = l.Fail(policy, at)
	if want := at.Add(5 * time.Minute); !l.LockedUntil().Equal(want) {
		t.Errorf("locked until %v, want %v", l.LockedUntil(), want)
	}
	locked := l
	for range policy.Attempts { // the others were slow, not gone
		l = l.Fail(policy, at.Add(time.Second))
	}
	if l.Snapshot().Level != 1 || !l.LockedUntil().Equal(locked.LockedUntil()) {
		t.Errorf("latecomers made it lock %d until %v", l.Snapshot().Level, l.LockedUntil())
	}
}

// What was given up while the lock lasts neither lengthens it nor shortens it.
func TestAbandonedWhileLocked(t *testing.T) {
	l := user.RehydrateLockout(user.LockoutSnapshot{Key: "k", Failures: 5, Level: 1, LockedUntil: start.Add(5 * time.Minute), Pending: 3, PendingAt: start})
	next, admission := l.Reserve(policy, start.Add(abandoned))
	if s := next.Snapshot(); admission != user.Locked || s.Failures != 5 || s.Level != 1 || s.Pending != 0 || !s.LockedUntil.Equal(l.LockedUntil()) {
		t.Errorf("admission %d, %+v", admission, s)
	}
}

func TestLockoutThatIsOffAdmitsAll(t *testing.T) {
	off := user.LockoutPolicy{}
	l := user.NewLockout("k")
	for range 100 {
		next, admission := l.Reserve(off, start)
		if admission != user.Admitted {
			t.Fatalf("admission %d", admission)
		}
		if l = next.Fail(off, start); l.LockedAt(start) {
			t.Fatal("locked")
		}
	}
}

func TestLockedRefusalTellsWhenToComeBack(t *testing.T) {
	l := fail(t, user.NewLockout("k"), policy.Attempts, start)
	got := domain.AsError(l.Refusal(start.Add(time.Minute)))
	want := domain.Error{
		Kind: domain.KindInvalid, Code: domain.CodeInvalidGrant, Message: got.Message, Reason: domain.ReasonAccountLocked,
		RetryAfter: 4 * time.Minute, LockedUntil: start.Add(5 * time.Minute),
	}
	if diff := cmp.Diff(want, *got, cmpopts.IgnoreUnexported(domain.Error{})); diff != "" {
		t.Error(diff)
	}
}

func TestClear(t *testing.T) {
	once := user.LockoutPolicy{Attempts: 1, Durations: policy.Durations}
	fresh := user.NewLockout("k")
	reserved, _ := fresh.Reserve(once, start)
	locked := reserved.Fail(once, start)
	over, _ := locked.Reserve(once, start.Add(time.Hour))
	for name, tc := range map[string]struct {
		l    user.Lockout
		want bool
	}{
		"new": {fresh, true}, "in flight": {reserved, false}, "given back": {reserved.Cancel(start), true}, "proven": {over.Succeed(start), true},
		"locked": {locked, false}, "of the second level": {over.Cancel(start), false}, "lifted": {locked.Lift(start), true},
	} {
		if got := tc.l.Clear(); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
