package outbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
)

// RoleDirectory reads roles outside a unit of work.
type RoleDirectory interface {
	// ByName finds a role. Not found: KindNotFound.
	ByName(ctx context.Context, name role.Name) (*role.Role, error)
	// List gives a page of all roles, by id. An After that is none of its keys:
	// domain.InvalidCursor.
	List(ctx context.Context, page domain.Page) (domain.Listing[*role.Role], error)
}

// ScopeDirectory reads scopes outside a unit of work.
type ScopeDirectory interface {
	// ByName finds a scope. Not found: KindNotFound.
	ByName(ctx context.Context, name scope.Name) (*scope.Scope, error)
	// List gives a page of all scopes, as RoleDirectory.List.
	List(ctx context.Context, page domain.Page) (domain.Listing[*scope.Scope], error)
}

// ClientUse is a client with the time it last proved itself.
type ClientUse struct {
	Client     *client.ServiceClient
	LastUsedAt time.Time // zero where it never did
}

// ClientUsage tells when clients were last used.
type ClientUsage interface {
	// Record stores when clients were last used, by client_id, in one statement.
	// A time never goes back, no version moves, and clients that are not there
	// are passed over.
	Record(ctx context.Context, used map[string]time.Time) error
	// List gives a page of all clients, as RoleDirectory.List.
	List(ctx context.Context, page domain.Page) (domain.Listing[ClientUse], error)
}
