package user

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// Imported is what an account brings along from another system.
type Imported struct {
	PasswordHash      string    // that a hasher can verify; empty: no password matches
	PasswordChangedAt time.Time // zero: now
	CreatedAt         time.Time // zero: now
}

// CheckIdentity is Check for an account whose password is unknown, only its
// hash, or that has none.
func (r Registration) CheckIdentity() (Checked, error) { return r.check(nil) }

// Check refuses times that have not come yet.
func (i Imported) Check(now time.Time) []domain.Field {
	var fields []domain.Field
	for name, at := range map[string]time.Time{"password_changed_at": i.PasswordChangedAt, "created_at": i.CreatedAt} {
		if at.After(now) {
			fields = append(fields, domain.Field{Name: name, Code: "future", Message: "must not be in the future"})
		}
	}
	return fields
}

// Import makes an active, unverified account with the role `user` from one of
// another system.
func Import(id domain.ID, c Checked, from Imported, actor domain.Party, now time.Time) *User {
	u := newUser(id, c, from.PasswordHash, now)
	if !from.PasswordChangedAt.IsZero() {
		u.s.PasswordChangedAt = from.PasswordChangedAt
	}
	if !from.CreatedAt.IsZero() {
		u.s.CreatedAt = from.CreatedAt
	}
	u.record(domain.EventUserCreated, domain.Succeeded, "imported", actor, now)
	return u
}

// AdoptPassword replaces the password by another that was set elsewhere, where
// that happened later, or where no password matches; it tells whether it did.
// SetPassword says what else is void then.
func (u *User) AdoptPassword(from Imported, actor domain.Party, now time.Time) bool {
	if from.PasswordHash == "" || from.PasswordHash == u.s.PasswordHash || u.s.PasswordHash != "" && !from.PasswordChangedAt.After(u.s.PasswordChangedAt) {
		return false
	}
	u.SetPassword(from.PasswordHash, actor, now)
	if !from.PasswordChangedAt.IsZero() {
		u.s.PasswordChangedAt = from.PasswordChangedAt
	}
	return true
}

// AdoptPhone makes a number that was verified elsewhere the user's own; an
// empty one takes it away.
func (u *User) AdoptPhone(phone Phone, actor domain.Party, now time.Time) {
	if phone != u.s.Phone {
		u.s.Phone = phone
		u.changed(domain.EventUserUpdated, "phone", actor, now)
	}
}
