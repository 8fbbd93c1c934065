// Package user owns the User aggregate, the names and addresses users go by,
// and the lockout of guessed passwords.
package user

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
)

// User is a person's account.
type User struct {
	domain.Events
	s Snapshot
}

// Snapshot is the stored form of a User. Version counts changes that an editor
// would care about: login bookkeeping does not move it.
type Snapshot struct {
	ID                  domain.ID
	Username            Username
	Email               Email
	PasswordHash        string // PHC string; empty where no password can match
	FirstName           string
	LastName            string
	DisplayName         string
	Bio                 string
	IsActive            bool
	IsVerified          bool
	IsSuperuser         bool
	Roles               []role.Name // sorted
	LastLogin           time.Time   // zero: never
	FailedLoginAttempts int
	LockedUntil         time.Time // zero: not locked
	PasswordChangedAt   time.Time

	// Keyed hashes of mailed tokens, never the tokens (contract, section 6).
	EmailVerificationToken  string
	EmailVerificationSentAt time.Time
	PasswordResetToken      string
	PasswordResetSentAt     time.Time

	PendingEmail Email // takes the place of Email once it is verified; empty: none
	Phone        Phone // verified; empty: none

	Version int64
	// Revision is the version that the store holds; zero while it holds none.
	// The two differ where an editor would see a change that is not stored yet.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Profile is what a person tells about themselves; any part may be empty.
type Profile struct {
	FirstName   string
	LastName    string
	DisplayName string
	Bio         string
}

// Limits of the profile fields, in code points.
const (
	maxName = 100
	maxBio  = 1000
)

func (p Profile) check() []domain.Field {
	fields := domain.CheckLine("first_name", p.FirstName, maxName)
	fields = append(fields, domain.CheckLine("last_name", p.LastName, maxName)...)
	fields = append(fields, domain.CheckLine("display_name", p.DisplayName, maxName)...)
	return append(fields, domain.CheckText("bio", p.Bio, maxBio)...)
}

// Registration is what a new account is made from.
type Registration struct {
	Username string
	Email    string
	Profile  Profile
}

// Words are what must not make up its password.
func (r Registration) Words() []string { return Words(Username(r.Username), Email(r.Email), r.Profile) }

// Checked is a Registration that kept every rule; only Check makes one.
type Checked struct {
	username Username
	email    Email
	profile  Profile
}

// Username gives the checked name.
func (c Checked) Username() Username { return c.username }

// Email gives the checked address.
func (c Checked) Email() Email { return c.email }

// Check holds a registration and its password to every rule and reports all
// breaches at once, as validation_failed.
func (r Registration) Check(password domain.Secret, policy PasswordPolicy) (Checked, error) {
	return r.check(policy.Check("password", password, r.Words()))
}

// CheckByOperator is Check for an account that an operator makes, whose password
// is held to its form alone: how good it must be is the operator's decision.
func (r Registration) CheckByOperator(password domain.Secret, policy PasswordPolicy) (Checked, error) {
	return r.check(policy.CheckForm("password", password))
}

func (r Registration) check(password []domain.Field) (Checked, error) {
	username, fields := ParseUsername(r.Username)
	email, bad := ParseEmail(r.Email)
	fields = append(fields, bad...)
	fields = append(fields, password...)
	fields = append(fields, r.Profile.check()...)
	if err := domain.InvalidFields(fields...); err != nil {
		return Checked{}, err
	}
	return Checked{username: username, email: email, profile: r.Profile}, nil
}

// Register makes an active, unverified account with the role `user`.
func Register(id domain.ID, c Checked, passwordHash string, now time.Time) *User {
	u := newUser(id, c, passwordHash, now)
	u.record(domain.EventUserRegistered, domain.Succeeded, "", u.Party(), now)
	return u
}

// NewSuperuser makes an active, verified superuser: the first account of an
// installation, or one made at the command line.
func NewSuperuser(id domain.ID, c Checked, passwordHash string, now time.Time) *User {
	u := newUser(id, c, passwordHash, now)
	u.s.IsVerified, u.s.IsSuperuser = true, true
	u.record(domain.EventUserCreated, domain.Succeeded, "superuser", domain.System, now)
	return u
}

func newUser(id domain.ID, c Checked, passwordHash string, now time.Time) *User {
	return &User{s: Snapshot{
		ID: id, Username: c.username, Email: c.email, PasswordHash: passwordHash,
		FirstName: c.profile.FirstName, LastName: c.profile.LastName, DisplayName: c.profile.DisplayName, Bio: c.profile.Bio,
		IsActive: true, Roles: []role.Name{role.User}, PasswordChangedAt: now, Version: 1, CreatedAt: now, UpdatedAt: now,
	}}
}

// Rehydrate rebuilds a user from storage; it checks nothing.
func Rehydrate(s Snapshot) *User {
	s.Revision = s.Version
	return &User{s: s}
}

// Stored notes that the store holds what the aggregate is now; repositories
// call it as they save.
func (u *User) Stored() { u.s.Revision = u.s.Version }

// Snapshot gives the state to store.
func (u *User) Snapshot() Snapshot { return u.s }

// WithoutSecrets leaves out what is compared and never shown.
func (s Snapshot) WithoutSecrets() Snapshot {
	s.PasswordHash, s.EmailVerificationToken, s.PasswordResetToken = "", "", ""
	return s
}

// ID gives the user's immutable id, the `sub` of its tokens.
func (u *User) ID() domain.ID { return u.s.ID }

// Username gives the name as the user typed it.
func (u *User) Username() Username { return u.s.Username }

// PasswordHash gives the PHC string to verify against.
func (u *User) PasswordHash() string { return u.s.PasswordHash }

// IsSuperuser tells whether the user holds every permission.
func (u *User) IsSuperuser() bool { return u.s.IsSuperuser }

// Party names the user in events.
func (u *User) Party() domain.Party {
	return domain.Party{Kind: domain.PartyUser, ID: u.s.ID.String(), Name: string(u.s.Username)}
}

// ProfileChange says which profile fields to set; nil leaves one as it is.
type ProfileChange struct {
	FirstName   *string
	LastName    *string
	DisplayName *string
	Bio         *string
}

// ChangeProfile sets the given fields. Fails with validation_failed, and then
// nothing is changed. A change that changes nothing leaves the version alone.
func (u *User) ChangeProfile(change ProfileChange, actor domain.Party, now time.Time) error {
	next := change.of(u.profile())
	if err := domain.InvalidFields(next.check()...); err != nil {
		return err
	}
	if next == u.profile() {
		return nil
	}
	u.setProfile(next)
	u.changed(domain.EventUserUpdated, "profile", actor, now)
	return nil
}

// AdmissionRules are the settings a login is held to besides the password.
type AdmissionRules struct {
	RequireVerifiedEmail bool
	PasswordMaxAge       time.Duration // zero: passwords do not expire
}

// Admit tells whether the user may log in, once the password is proven. It
// fails with invalid_grant and the reason account_disabled, email_unverified
// or password_expired (contract 3.1).
func (u *User) Admit(rules AdmissionRules, now time.Time) error {
	switch {
	case !u.s.IsActive:
		return notAdmitted(domain.ReasonAccountDisabled, "the account is disabled")
	case rules.RequireVerifiedEmail && !u.s.IsVerified:
		return Unverified()
	case rules.PasswordMaxAge > 0 && !now.Before(u.s.PasswordChangedAt.Add(rules.PasswordMaxAge)):
		return notAdmitted(domain.ReasonPasswordExpired, "the password has expired")
	}
	return nil
}

// Unverified is the refusal of who has not proven the address.
func Unverified() error {
	return notAdmitted(domain.ReasonEmailUnverified, "the e-mail address is not verified")
}

func notAdmitted(reason, message string) error {
	err := domain.Invalid(domain.CodeInvalidGrant, message)
	err.Reason = reason
	return err
}

// LoggedIn notes a successful login and clears the failure columns.
func (u *User) LoggedIn(now time.Time) {
	u.s.LastLogin, u.s.FailedLoginAttempts, u.s.LockedUntil = now, 0, time.Time{}
	u.record(domain.EventLoginSucceeded, domain.Succeeded, "", u.Party(), now)
}

// LoginRefused notes that the right password was not enough. Before the address
// is verified it clears no failures, as the lockout does not forget them.
func (u *User) LoginRefused(reason string, now time.Time) {
	if reason != domain.ReasonEmailUnverified {
		u.s.FailedLoginAttempts, u.s.LockedUntil = 0, time.Time{}
	}
	u.record(domain.EventLoginFailed, domain.Failed, reason, u.Party(), now)
}

// LoginFailed keeps the failure columns in step with the lockout.
func (u *User) LoginFailed(lockout Lockout, now time.Time) {
	before := u.s.LockedUntil
	u.s.FailedLoginAttempts, u.s.LockedUntil = lockout.Failures(), time.Time{}
	if lockout.LockedAt(now) {
		u.s.LockedUntil = lockout.LockedUntil()
	}
	u.record(domain.EventLoginFailed, domain.Failed, "bad_credentials", u.Party(), now)
	// Once for each lock: guesses that were in flight as it began tell nothing new.
	if !u.s.LockedUntil.IsZero() && !u.s.LockedUntil.Equal(before) {
		u.record(domain.EventUserLocked, domain.Succeeded, "too_many_failures", domain.System, now)
	}
}

// Inherit has the failure columns of a new account be those of its lockout.
func (u *User) Inherit(lockout Lockout, now time.Time) {
	u.s.FailedLoginAttempts = lockout.Failures()
	if lockout.LockedAt(now) {
		u.s.LockedUntil = lockout.LockedUntil()
	}
}

// Rehashed replaces the stored hash by one of the same password with current
// parameters.
func (u *User) Rehashed(passwordHash string, now time.Time) {
	u.s.PasswordHash = passwordHash
	u.record(domain.EventPasswordRehashed, domain.Succeeded, "", domain.System, now)
}

func (u *User) touch(now time.Time) {
	u.s.UpdatedAt = now
	u.s.Version++
}

func (u *User) record(t domain.EventType, outcome domain.Outcome, reason string, actor domain.Party, now time.Time) {
	u.Record(domain.Event{Type: t, Outcome: outcome, Reason: reason, Actor: actor, Subject: u.Party(), OccurredAt: now})
}
