package user

import (
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
)

// Create makes an active, unverified account with the role `user` on behalf of
// an administrator.
func Create(id domain.ID, c Checked, passwordHash string, superuser bool, actor domain.Party, now time.Time) *User {
	u := newUser(id, c, passwordHash, now)
	u.s.IsSuperuser = superuser
	reason := ""
	if superuser {
		reason = "superuser"
	}
	u.record(domain.EventUserCreated, domain.Succeeded, reason, actor, now)
	return u
}

// Change is what an administrator sets; nil leaves a field as it is.
type Change struct {
	Username    *string
	Email       *string
	Profile     ProfileChange
	IsActive    *bool
	IsVerified  *bool
	IsSuperuser *bool
}

// Check gives what of the change no account may hold.
func (c Change) Check() []domain.Field {
	var fields []domain.Field
	if c.Username != nil {
		_, bad := ParseUsername(*c.Username)
		fields = append(fields, bad...)
	}
	if c.Email != nil {
		_, bad := ParseEmail(*c.Email)
		fields = append(fields, bad...)
	}
	return append(fields, c.Profile.Check()...)
}

// Administer makes a change. Fails with validation_failed, naming each field,
// and then nothing is changed. A change that changes nothing leaves the version
// alone.
//
// Another address is unverified unless the change says otherwise, and what was
// mailed to the old one proves nothing any more.
func (u *User) Administer(change Change, actor domain.Party, now time.Time) error {
	if err := domain.InvalidFields(change.Check()...); err != nil {
		return err
	}
	username, email, profile := u.s.Username, u.s.Email, change.Profile.of(u.profile())
	if change.Username != nil {
		username, _ = ParseUsername(*change.Username) // checked above
	}
	if change.Email != nil {
		email, _ = ParseEmail(*change.Email)
	}
	if profile != u.profile() {
		u.setProfile(profile)
		u.changed(domain.EventUserUpdated, "profile", actor, now)
	}
	if username != u.s.Username {
		u.s.Username = username
		u.changed(domain.EventUserUpdated, "username", actor, now)
	}
	if email != u.s.Email {
		moved := email.Folded() != u.s.Email.Folded()
		u.s.Email = email
		if moved {
			u.s.IsVerified = false
			u.forgetMailed()
		}
		u.changed(domain.EventUserUpdated, "email", actor, now)
	}
	if change.IsVerified != nil && *change.IsVerified != u.s.IsVerified {
		u.s.IsVerified = *change.IsVerified
		u.changed(domain.EventUserUpdated, "is_verified", actor, now)
	}
	u.set(&u.s.IsActive, change.IsActive, domain.EventUserActivated, domain.EventUserDeactivated, actor, now)
	u.set(&u.s.IsSuperuser, change.IsSuperuser, domain.EventUserPromoted, domain.EventUserDemoted, actor, now)
	return nil
}

// set changes a flag and records which way.
func (u *User) set(flag, wanted *bool, on, off domain.EventType, actor domain.Party, now time.Time) {
	if wanted == nil || *wanted == *flag {
		return
	}
	*flag = *wanted
	if *wanted {
		u.changed(on, "", actor, now)
	} else {
		u.changed(off, "", actor, now)
	}
}

// Assign gives the user a role; assigning one twice changes nothing and
// returns false.
func (u *User) Assign(name role.Name, actor domain.Party, now time.Time) bool {
	at, found := slices.BinarySearch(u.s.Roles, name)
	if found {
		return false
	}
	u.s.Roles = slices.Insert(slices.Clone(u.s.Roles), at, name)
	u.changed(domain.EventUserRoleAssigned, string(name), actor, now)
	return true
}

// Withdraw takes a role away; one that the user does not have changes nothing
// and returns false.
func (u *User) Withdraw(name role.Name, actor domain.Party, now time.Time) bool {
	at, found := slices.BinarySearch(u.s.Roles, name)
	if !found {
		return false
	}
	u.s.Roles = slices.Delete(slices.Clone(u.s.Roles), at, at+1)
	u.changed(domain.EventUserRoleWithdrawn, string(name), actor, now)
	return true
}

// Delete records the end of the account, which its repository then brings about.
func (u *User) Delete(actor domain.Party, now time.Time) {
	u.record(domain.EventUserDeleted, domain.Succeeded, "", actor, now)
}

// IsLastingSuperuser tells whether the account counts among the superusers of
// whom one must always remain.
func (u *User) IsLastingSuperuser() bool { return u.s.IsSuperuser && u.s.IsActive }

// EndsSuperuser tells whether a change would take the account out of them.
func (c Change) EndsSuperuser() bool {
	return c.IsActive != nil && !*c.IsActive || c.IsSuperuser != nil && !*c.IsSuperuser
}

// changed notes a change that an editor would see.
func (u *User) changed(t domain.EventType, reason string, actor domain.Party, now time.Time) {
	u.touch(now)
	u.record(t, domain.Succeeded, reason, actor, now)
}

// forgetMailed makes tokens worthless that were mailed and not used yet.
func (u *User) forgetMailed() {
	u.s.EmailVerificationToken, u.s.EmailVerificationSentAt = "", time.Time{}
	u.s.PasswordResetToken, u.s.PasswordResetSentAt = "", time.Time{}
}

func (u *User) profile() Profile {
	return Profile{FirstName: u.s.FirstName, LastName: u.s.LastName, DisplayName: u.s.DisplayName, Bio: u.s.Bio}
}

func (u *User) setProfile(p Profile) {
	u.s.FirstName, u.s.LastName, u.s.DisplayName, u.s.Bio = p.FirstName, p.LastName, p.DisplayName, p.Bio
}

// Check gives what of the change no profile may hold.
func (c ProfileChange) Check() []domain.Field { return c.of(Profile{}).check() }

// of gives a profile with the change made.
func (c ProfileChange) of(p Profile) Profile {
	set := func(field, value *string) {
		if value != nil {
			*field = *value
		}
	}
	set(&p.FirstName, c.FirstName)
	set(&p.LastName, c.LastName)
	set(&p.DisplayName, c.DisplayName)
	set(&p.Bio, c.Bio)
	return p
}
