package user

import "time"

// reservation is how long a username stays taken by a registration whose
// address already had an account (contract 4.1).
const reservation = 24 * time.Hour

// PendingRegistration stands where a registration collided with a known
// address: it holds the username for 24 h and its own password hash, so that
// the outcome looks like any other registration.
type PendingRegistration struct {
	Username     Username
	Email        Email
	PasswordHash string
	ExpiresAt    time.Time
}

// Collide makes the stand-in of a registration whose address is taken.
func Collide(c Checked, passwordHash string, now time.Time) PendingRegistration {
	return PendingRegistration{Username: c.username, Email: c.email, PasswordHash: passwordHash, ExpiresAt: now.Add(reservation)}
}

// clockSkew is how far the clocks of two instances may lie apart.
const clockSkew = time.Minute

// Supersedes tells whether the stand-in was made after the account whose address
// it asked for, or so shortly before, by the clock of another instance, that it
// can't stand for an account that had the address earlier.
func (p PendingRegistration) Supersedes(u *User) bool {
	return p.ExpiresAt.Add(clockSkew - reservation).After(u.s.CreatedAt)
}
