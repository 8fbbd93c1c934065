package telemetry

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// UserList times lists of users.
func (m *Metrics) UserList(inner outbound.UserList) outbound.UserList {
	return &userList{inner, m.operation("users.list")}
}

type userList struct {
	inner outbound.UserList
	list  operation
}

func (l *userList) List(ctx context.Context, filter outbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	defer l.list.took(l.list.clock.Now())
	return l.inner.List(ctx, filter, page)
}

// SessionList times lists of sessions.
func (m *Metrics) SessionList(inner outbound.SessionList) outbound.SessionList {
	return &sessionList{inner, m.operation("sessions.alive")}
}

type sessionList struct {
	inner outbound.SessionList
	alive operation
}

func (l *sessionList) Alive(ctx context.Context, userID domain.ID, now time.Time, page domain.Page) (domain.Listing[outbound.LivingSession], error) {
	defer l.alive.took(l.alive.clock.Now())
	return l.inner.Alive(ctx, userID, now, page)
}
