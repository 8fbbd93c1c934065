package outbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

// UserFilter narrows a list of users; the zero value leaves all in. What is set
// must hold together.
type UserFilter struct {
	// Text is part of the username, the address or a name, compared folded and
	// taken literally.
	Text         string
	IsActive     *bool
	IsVerified   *bool
	Role         role.Name // that the user has
	CreatedAfter time.Time
}

// UserList reads users in parts, oldest first.
type UserList interface {
	// List gives the users that pass the filter. A page that no list gave:
	// domain.InvalidCursor.
	List(ctx context.Context, filter UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error)
}

// LivingSession is a session with the time that it last gave out a token.
type LivingSession struct {
	token.SessionSnapshot

	LastUsedAt time.Time
}

// SessionList reads sessions in parts, newest first.
type SessionList interface {
	// Alive gives the living sessions of a user. A page that no list gave:
	// domain.InvalidCursor.
	Alive(ctx context.Context, userID domain.ID, now time.Time, page domain.Page) (domain.Listing[LivingSession], error)
}
