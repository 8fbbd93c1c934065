package user

import (
	"encoding/base64"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// SetPassword replaces the password. A reset that was asked for before is void,
// and so is a change of address: whoever asked for it may be why the password
// is changed.
func (u *User) SetPassword(passwordHash string, actor domain.Party, now time.Time) {
	u.s.PasswordHash, u.s.PasswordChangedAt = passwordHash, now
	u.s.PasswordResetToken = "" // when it was sent stays: a mail that still waits is not to renew it
	if u.s.PendingEmail != "" {
		u.s.PendingEmail, u.s.EmailVerificationToken = "", ""
	}
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

// Words are what must not make up the user's password.
func (u *User) Words() []string { return Words(u.s.Username, u.s.Email, u.profile()) }

// everyClass starts generated passwords, so that they have what any policy may
// require.
const everyClass = "Pw-1"

// GeneratePassword makes a password of 256 bits that nobody has to remember.
func GeneratePassword(entropy [32]byte) domain.Secret {
	return domain.NewSecret(everyClass + base64.RawURLEncoding.EncodeToString(entropy[:]))
}

// Reused reports that a new password is one that the account has had.
func Reused(field string) error {
	return domain.InvalidFields(domain.Field{Name: field, Code: "reused", Message: "has been a password of this account before"})
}
