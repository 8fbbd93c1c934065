package outbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

// Opening asks to keep a login.
type Opening struct {
	// User is the account as its password was proven, with LoggedIn called.
	User *user.User
	// Rehashed tells that its password hash is to be stored too.
	Rehashed bool
	Session  *token.Session
	Refresh  *token.RefreshToken // nil: none is issued
	Signals  []token.Signal
}

// SessionOpener keeps logins where the account is as it was read, in one round
// trip and outside a unit of work; whatever it refuses is judged in one.
type SessionOpener interface {
	// Open stores the last login and the failure columns of the user, the
	// session, the refresh token, the signals and the events of the user, as
	// one atomic change, if and only if the stored version of the user is its
	// Revision. Otherwise nothing changes and it fails with CodeVersion. The
	// events are taken off the user in any case.
	Open(ctx context.Context, o Opening) error
}
