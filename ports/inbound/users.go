package inbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

// UserFilter narrows a list of users; the zero value leaves all in.
type UserFilter struct {
	Text         string // part of username, address or a name, in any case
	IsActive     *bool
	IsVerified   *bool
	Role         role.Name
	CreatedAfter time.Time
}

// NewUser is an account as an administrator makes it.
type NewUser struct {
	Registration

	IsSuperuser bool // only a superuser may
}

// UserChange is what an administrator sets; nil leaves a field as it is.
type UserChange struct {
	user.Change

	Password *domain.Secret
}

// Users administers accounts. Each method names the permission that it needs;
// without: CodeInsufficientScope. Nobody changes a user who holds more than
// they do: KindForbidden. No such user: KindNotFound. What would leave no active
// superuser: CodeLastSuperuser. ifVersion is the version that must still stand,
// zero for any; another: CodeVersion.
type Users interface {
	// List gives users, oldest first (read:users).
	List(ctx context.Context, caller Caller, filter UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error)
	// Get gives a user with what it may do (read:users).
	Get(ctx context.Context, caller Caller, id domain.ID) (Account, error)
	// Create makes an account with the role `user` (write:users); failures as
	// Accounts.Register, and a taken address: CodeEmailTaken.
	Create(ctx context.Context, caller Caller, u NewUser) (Account, error)
	// Change changes an account (write:users); failures as Create. Who is
	// deactivated or given another password loses every session.
	Change(ctx context.Context, caller Caller, id domain.ID, change UserChange, ifVersion int64) (Account, error)
	// Delete ends an account and all that belongs to it (delete:users).
	Delete(ctx context.Context, caller Caller, id domain.ID, ifVersion int64) error
	// Assign gives a role whose every scope the caller holds (admin:users).
	// No such role: KindNotFound. Assigning twice succeeds.
	Assign(ctx context.Context, caller Caller, id domain.ID, name role.Name, ifVersion int64) error
	// Withdraw takes a role away (admin:users), as Assign gives it.
	Withdraw(ctx context.Context, caller Caller, id domain.ID, name role.Name, ifVersion int64) error
}

// Session is a login that lives.
type Session struct {
	token.SessionSnapshot

	LastUsedAt time.Time // when it last gave out a token
	Current    bool      // it is the caller's own
}

// UserAccess administers how users get in; refusals and versions as Users.
type UserAccess interface {
	// SetPassword replaces a password (write:users), by a generated one where
	// none is given, which it then gives. Every session ends.
	SetPassword(ctx context.Context, caller Caller, id domain.ID, password *domain.Secret, ifVersion int64) (generated domain.Secret, err error)
	// Unlock lifts a lockout (write:users).
	Unlock(ctx context.Context, caller Caller, id domain.ID, ifVersion int64) error
	// Logout ends every session (write:users).
	Logout(ctx context.Context, caller Caller, id domain.ID) error
	// Sessions gives the living sessions, newest first (read:sessions).
	Sessions(ctx context.Context, caller Caller, id domain.ID, page domain.Page) (domain.Listing[Session], error)
	// EndSessions ends every session (write:sessions).
	EndSessions(ctx context.Context, caller Caller, id domain.ID) error
}

// OwnAccess is what people do with their own password and sessions. A client's
// token: KindForbidden. A wrong current password counts as a failed login:
// CodeWrongPassword, and CodeAccountLocked once there were too many. None at all
// does not: CodeInvalidInput.
type OwnAccess interface {
	// ChangePassword replaces the password and ends every other session.
	ChangePassword(ctx context.Context, caller Caller, current, next domain.Secret) error
	// DeleteAccount ends the account and all that belongs to it. The last
	// superuser: CodeLastSuperuser. ifVersion as for Users.
	DeleteAccount(ctx context.Context, caller Caller, current domain.Secret, ifVersion int64) error
	// Sessions gives the caller's living sessions, newest first.
	Sessions(ctx context.Context, caller Caller, page domain.Page) (domain.Listing[Session], error)
	// EndSession ends one of them. Not the caller's, or over: KindNotFound.
	EndSession(ctx context.Context, caller Caller, id domain.ID) error
	// EndOthers ends all but the one that asks.
	EndOthers(ctx context.Context, caller Caller) error
}
