package user

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// SetPassword replaces the password. A reset that was asked for before is void,
// and the failure columns start anew.
func (u *User) SetPassword(passwordHash string, actor domain.Party, now time.Time) {
	u.s.PasswordHash, u.s.PasswordChangedAt = passwordHash, now
	u.s.PasswordResetToken, u.s.PasswordResetSentAt = "", time.Time{}
	u.changed(domain.EventPasswordChanged, "", actor, now)
}

// Unlock clears the failure columns, as the lockout beside them is lifted.
func (u *User) Unlock(actor domain.Party, now time.Time) {
	u.s.FailedLoginAttempts, u.s.LockedUntil = 0, time.Time{}
	u.record(domain.EventUserUnlocked, domain.Succeeded, "", actor, now)
}

// Lift ends a lock and forgets all failures and earlier locks. Attempts in
// flight stay reserved.
func (l Lockout) Lift(now time.Time) Lockout {
	l.s.Failures, l.s.Level, l.s.LockedUntil = 0, 0, time.Time{}
	return l.touched(now)
}
