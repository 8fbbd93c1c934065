package inbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
)

// Roles administers roles. Every method fails with CodeInsufficientScope where
// the caller lacks read:roles or, for changes, write:roles; with KindNotFound
// where there is no role of the name; and, for changes, with KindForbidden
// where the role holds more than the caller. A version of zero is any; another
// than the one that stands fails with CodeVersion.
type Roles interface {
	// List gives a page of all roles, in the order they were made.
	List(ctx context.Context, caller Caller, page domain.Page) (domain.Listing[role.Snapshot], error)
	// Get gives a role.
	Get(ctx context.Context, caller Caller, name string) (role.Snapshot, error)
	// Create makes a role without scopes. Broken rules: CodeInvalidInput with
	// fields. Taken: CodeConflict.
	Create(ctx context.Context, caller Caller, name, description string) (role.Snapshot, error)
	// Describe changes the description, or with nil nothing.
	Describe(ctx context.Context, caller Caller, name string, description *string, version int64) (role.Snapshot, error)
	// Delete takes the role from everyone, and away. Built-in: CodeBuiltin.
	Delete(ctx context.Context, caller Caller, name string, version int64) error
	// Grant adds a scope, which the caller must hold: else KindForbidden.
	// There is no such scope: KindNotFound. Adding it twice succeeds.
	Grant(ctx context.Context, caller Caller, name, granted string, version int64) error
	// Withdraw removes a scope; failures as Grant, but for holding it.
	Withdraw(ctx context.Context, caller Caller, name, withdrawn string, version int64) error
}

// Scopes administers scopes. Every method fails with CodeInsufficientScope
// where the caller lacks read:scopes or, for changes, write:scopes; and with
// KindNotFound where there is no scope of the name. Versions as for Roles.
type Scopes interface {
	// List gives a page of all scopes, in the order they were made.
	List(ctx context.Context, caller Caller, page domain.Page) (domain.Listing[scope.Snapshot], error)
	// Get gives a scope.
	Get(ctx context.Context, caller Caller, name string) (scope.Snapshot, error)
	// Create makes a scope. Broken rules: CodeInvalidInput with fields. Taken:
	// CodeConflict.
	Create(ctx context.Context, caller Caller, name, description string) (scope.Snapshot, error)
	// Describe changes the description, or with nil nothing.
	Describe(ctx context.Context, caller Caller, name string, description *string, version int64) (scope.Snapshot, error)
	// Delete removes a scope that no role and no client holds: else CodeInUse.
	// Built-in: CodeBuiltin.
	Delete(ctx context.Context, caller Caller, name string, version int64) error
}

// ClientEditor changes service clients. Every method fails with
// CodeInsufficientScope where the caller lacks read:clients or, for changes,
// write:clients; with KindNotFound where there is no such client; and, for
// changes, with KindForbidden where the client holds more than the caller and
// with CodeBuiltin for the built-in client. Versions as for Roles.
type ClientEditor interface {
	// Get gives a client.
	Get(ctx context.Context, caller Caller, clientID string) (client.Snapshot, error)
	// Change changes fields. Scopes that are added the caller must hold: else
	// KindForbidden. Broken rules and unknown scopes: CodeInvalidInput with fields.
	Change(ctx context.Context, caller Caller, clientID string, change client.Change, version int64) (client.Snapshot, error)
	// Delete removes the client; its tokens and its users' sessions end.
	Delete(ctx context.Context, caller Caller, clientID string, version int64) error
	// RotateSecret makes a new secret, shown once; the old one lives on for
	// grace seconds. Out of 0 to 86400: CodeInvalidInput. A client that does not
	// authenticate with a secret: CodeConflict.
	RotateSecret(ctx context.Context, caller Caller, clientID string, grace int, version int64) (domain.Secret, error)
	// Grant adds a scope, which the caller must hold: else KindForbidden.
	// There is no such scope: KindNotFound. Adding it twice succeeds.
	Grant(ctx context.Context, caller Caller, clientID, granted string, version int64) error
	// Withdraw removes a scope; failures as Grant, but for holding it.
	Withdraw(ctx context.Context, caller Caller, clientID, withdrawn string, version int64) error
}

// ListedClient is a client as the list of all shows it.
type ListedClient struct {
	Client     client.Snapshot
	LastUsedAt time.Time // zero where it never was; up to some seconds behind
}

// ClientControl oversees all clients. Every method fails with
// CodeInsufficientScope where the caller lacks admin:clients; the others as
// those of ClientEditor.
type ClientControl interface {
	// List gives a page of all clients, in the order they were made.
	List(ctx context.Context, caller Caller, page domain.Page) (domain.Listing[ListedClient], error)
	// Activate lets a client ask for tokens again; doing it twice succeeds.
	Activate(ctx context.Context, caller Caller, clientID string, version int64) error
	// Deactivate keeps a client from everything; its tokens and its users'
	// sessions end, for good. Doing it twice succeeds.
	Deactivate(ctx context.Context, caller Caller, clientID string, version int64) error
}
