package user

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// LockoutPolicy is how many failures lock an identifier, and for how long the
// first, second, ... time; the last duration repeats. Attempts of zero
// switches the lockout off.
type LockoutPolicy struct {
	Attempts  int
	Durations []time.Duration
}

func (p LockoutPolicy) off() bool { return p.Attempts <= 0 }

func (p LockoutPolicy) duration(level int) time.Duration {
	if len(p.Durations) == 0 {
		return 0
	}
	return p.Durations[min(level, len(p.Durations)-1)]
}

// reservationLife is how long an attempt may be in flight before it counts as
// failed: its process is gone. It is a little more than a request may last, so
// that a process that dies keeps the owner waiting no longer than it must.
const reservationLife = 12 * time.Second

// Lockout is the budget of failed proofs for one identifier: an account, or a
// name that belongs to nobody. An attempt is reserved before the password is
// evaluated and settled after, so that however many arrive at once, no more
// are evaluated than the policy allows.
//
//	Reserve -> Admitted -> Fail | Succeed | Cancel
//	        -> Locked   (until LockedUntil)
//	        -> Busy     (the rest of the budget is in flight: wait, ask again)
//
// It is a value: the verbs return the next state, which the Lockouts port
// stores by compare-and-swap on Version.
type Lockout struct{ s LockoutSnapshot }

// LockoutSnapshot is the stored form of a Lockout.
type LockoutSnapshot struct {
	Key         string // an account's or an HMAC of a folded identifier
	Failures    int    // since the last success, or the end of the last lock
	Pending     int    // attempts in flight
	PendingAt   time.Time
	Level       int // how many locks in a row
	LockedUntil time.Time
	Version     int64 // zero: not stored yet
	UpdatedAt   time.Time
}

// RehydrateLockout rebuilds a lockout from storage.
func RehydrateLockout(s LockoutSnapshot) Lockout { return Lockout{s: s} }

// NewLockout is the budget of an identifier without failures.
func NewLockout(key string) Lockout { return Lockout{s: LockoutSnapshot{Key: key}} }

// Of gives the same budget under another key, where none is stored yet. What is
// in flight goes along, and is to be settled there.
func (l Lockout) Of(key string) Lockout {
	l.s.Key, l.s.Version = key, 0
	return l
}

// Snapshot gives the state to store.
func (l Lockout) Snapshot() LockoutSnapshot { return l.s }

// Failures counts failed attempts since the last success, or the end of the
// last lock.
func (l Lockout) Failures() int { return l.s.Failures }

// LockedUntil is the end of the lock, zero where there was none.
func (l Lockout) LockedUntil() time.Time { return l.s.LockedUntil }

// LockedAt tells whether the identifier is locked at that time.
func (l Lockout) LockedAt(now time.Time) bool { return now.Before(l.s.LockedUntil) }

// Clear tells whether nothing stands against an attempt, as in a new budget.
func (l Lockout) Clear() bool {
	return l.s.Failures == 0 && l.s.Pending == 0 && l.s.Level == 0 && l.s.LockedUntil.IsZero()
}

// Admission is the answer to a reservation.
type Admission uint8

// The admissions.
const (
	Admitted Admission = iota
	Locked
	Busy
)

// Reserve asks to evaluate one attempt.
func (l Lockout) Reserve(p LockoutPolicy, now time.Time) (Lockout, Admission) {
	l = l.settleAbandoned(p, now)
	if !p.off() && l.s.Failures >= p.Attempts && !l.LockedAt(now) {
		l.s.Failures, l.s.LockedUntil = 0, time.Time{} // the lock is over: a new budget, the same level
	}
	switch {
	case p.off(): // counted, never refused
	case l.LockedAt(now):
		return l, Locked
	case l.s.Failures+l.s.Pending >= p.Attempts:
		return l, Busy
	}
	l.s.Pending++
	l.s.PendingAt = now
	return l.touched(now), Admitted
}

// Fail settles a reserved attempt as failed; the one that exhausts the budget
// locks. One that comes back while locked must not lengthen the lock.
func (l Lockout) Fail(p LockoutPolicy, now time.Time) Lockout {
	l.s.Pending = max(0, l.s.Pending-1)
	if l.LockedAt(now) {
		return l.touched(now)
	}
	return l.failed(p, now).touched(now)
}

// Succeed settles a reserved attempt as proven and forgets all failures.
func (l Lockout) Succeed(now time.Time) Lockout {
	l.s.Pending = max(0, l.s.Pending-1)
	l.s.Failures, l.s.Level, l.s.LockedUntil = 0, 0, time.Time{}
	return l.touched(now)
}

// Cancel gives a reservation back: the attempt was never evaluated.
func (l Lockout) Cancel(now time.Time) Lockout {
	l.s.Pending = max(0, l.s.Pending-1)
	return l.touched(now)
}

// settleAbandoned counts reservations whose process never came back. They leave
// one attempt: nobody was told their outcome, and a crash must not lock anyone.
func (l Lockout) settleAbandoned(p LockoutPolicy, now time.Time) Lockout {
	if l.s.Pending == 0 || now.Before(l.s.PendingAt.Add(reservationLife)) {
		return l
	}
	counted := l.s.Failures + l.s.Pending
	if !p.off() {
		counted = min(counted, p.Attempts-1)
	}
	l.s.Failures = max(l.s.Failures, counted)
	l.s.Pending = 0
	return l
}

func (l Lockout) failed(p LockoutPolicy, now time.Time) Lockout {
	l.s.Failures++
	if p.off() || l.s.Failures < p.Attempts {
		return l
	}
	l.s.LockedUntil = now.Add(p.duration(l.s.Level))
	l.s.Level++
	return l
}

func (l Lockout) touched(now time.Time) Lockout {
	l.s.UpdatedAt = now
	return l
}

// Refusal is what a locked identifier is answered, alike whether it exists.
func (l Lockout) Refusal(now time.Time) error {
	err := domain.Invalid(domain.CodeInvalidGrant, "too many failed attempts; try again later")
	err.Reason, err.LockedUntil, err.RetryAfter = domain.ReasonAccountLocked, l.s.LockedUntil, l.s.LockedUntil.Sub(now)
	return err
}
