package user

import (
	"crypto/subtle"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// How long mailed tokens live (contract 4.1).
const (
	VerificationLife = 24 * time.Hour
	ResetLife        = time.Hour
)

// VerificationAddress gives the address that is to be verified: the one the
// account is to change to, or its own; false where there is nothing to verify.
func (u *User) VerificationAddress() (Email, bool) {
	switch {
	case !u.s.IsActive:
		return "", false
	case u.s.PendingEmail != "":
		return u.s.PendingEmail, true
	}
	return u.s.Email, !u.s.IsVerified
}

// ResetAddress gives where a reset may be mailed to; false where the account
// is disabled.
func (u *User) ResetAddress() (Email, bool) { return u.s.Email, u.s.IsActive }

// IssueVerification makes the token with this keyed hash the one that verifies
// the address, as asked for at that time. It tells whether the token is to be
// mailed: not where one that was asked for later has replaced it, or where it
// was used. Issuing again what was issued changes nothing, so the mail may be
// tried again.
func (u *User) IssueVerification(digest string, asked time.Time) bool {
	return issue(&u.s.EmailVerificationToken, &u.s.EmailVerificationSentAt, digest, asked)
}

// IssueReset is IssueVerification for a reset of the password.
func (u *User) IssueReset(digest string, asked time.Time) bool {
	return issue(&u.s.PasswordResetToken, &u.s.PasswordResetSentAt, digest, asked)
}

func issue(current *string, sentAt *time.Time, digest string, asked time.Time) bool {
	if asked.After(*sentAt) {
		*current, *sentAt = digest, asked
		return true
	}
	return asked.Equal(*sentAt) && sameDigest(*current, digest)
}

// sameDigest compares in constant time; an empty one equals nothing.
func sameDigest(stored, presented string) bool {
	return stored != "" && subtle.ConstantTimeCompare([]byte(stored), []byte(presented)) == 1
}

// VerifyEmail spends the token with this keyed hash: the address is verified,
// and one that waited takes the place of the old. Any other token, a used or
// an expired one: CodeInvalidVerification.
func (u *User) VerifyEmail(digest string, now time.Time) error {
	if !sameDigest(u.s.EmailVerificationToken, digest) || !now.Before(u.s.EmailVerificationSentAt.Add(VerificationLife)) {
		return InvalidVerification()
	}
	u.s.EmailVerificationToken = ""
	u.s.IsVerified = true
	happened := domain.EventEmailVerified
	if u.s.PendingEmail != "" {
		u.s.Email, u.s.PendingEmail = u.s.PendingEmail, ""
		u.s.PasswordResetToken = "" // it was mailed to the old address
		happened = domain.EventEmailChanged
	}
	u.touch(now)
	u.record(happened, domain.Succeeded, "", u.Party(), now)
	return nil
}

// CanReset tells whether the token with this keyed hash would let its bearer
// set a password; else CodeInvalidReset.
func (u *User) CanReset(digest string, now time.Time) error {
	if !u.s.IsActive || !sameDigest(u.s.PasswordResetToken, digest) || !now.Before(u.s.PasswordResetSentAt.Add(ResetLife)) {
		return InvalidReset()
	}
	return nil
}

// SpendReset spends the token with this keyed hash, for a password that is set
// next, and lifts the lock of the failure columns. Failures as CanReset.
func (u *User) SpendReset(digest string, now time.Time) error {
	if err := u.CanReset(digest, now); err != nil {
		return err
	}
	u.s.PasswordResetToken = ""
	u.s.FailedLoginAttempts, u.s.LockedUntil = 0, time.Time{}
	u.record(domain.EventPasswordReset, domain.Succeeded, "", u.Party(), now)
	return nil
}

// InvalidVerification refuses a token that verifies nothing, whatever the
// reason is.
func InvalidVerification() error {
	return domain.Invalid(domain.CodeInvalidVerification, "the token is not valid: it may be used, replaced or expired")
}

// InvalidReset refuses a token that resets nothing, whatever the reason is.
func InvalidReset() error {
	return domain.Invalid(domain.CodeInvalidReset, "the token is not valid: it may be used, replaced or expired")
}

// AskEmailChange notes the address that is to take the place of the current
// one; it tells whether anything changed. The current address again calls a
// change off.
func (u *User) AskEmailChange(email Email, now time.Time) bool {
	if email.Folded() == u.s.Email.Folded() {
		if u.s.PendingEmail == "" {
			return false
		}
		u.s.PendingEmail, u.s.EmailVerificationToken = "", ""
		u.touch(now)
		u.record(domain.EventUserUpdated, domain.Succeeded, "email_kept", u.Party(), now)
		return true
	}
	u.s.PendingEmail, u.s.EmailVerificationToken = email, ""
	// What was asked for before is replaced, though its mail may not be made
	// yet; what this asks for comes after.
	u.s.EmailVerificationSentAt = now.Add(-time.Microsecond)
	u.touch(now)
	u.record(domain.EventEmailChangeAsked, domain.Succeeded, "", u.Party(), now)
	return true
}

// AskPhone records that a code was asked for.
func (u *User) AskPhone(now time.Time) {
	u.record(domain.EventPhoneAsked, domain.Succeeded, "", u.Party(), now)
}

// VerifyPhone makes a number the user's own.
func (u *User) VerifyPhone(phone Phone, now time.Time) {
	u.s.Phone = phone
	u.touch(now)
	u.record(domain.EventPhoneVerified, domain.Succeeded, "", u.Party(), now)
}
