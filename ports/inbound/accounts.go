package inbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/user"
)

// Registration is a request to make an account.
type Registration struct {
	user.Registration
	Password domain.Secret
}

// Account is a user with what it may do.
type Account struct {
	User   user.Snapshot
	Scopes scope.Set
}

// Accounts is what people do with their own account.
type Accounts interface {
	// Register makes an account. A taken username: CodeUsernameTaken; a taken
	// address succeeds alike. Broken rules: CodeInvalidInput with fields.
	// Closed: CodeClosed.
	Register(ctx context.Context, r Registration) error
	// Me gives the caller's account. A client's token: KindForbidden.
	Me(ctx context.Context, caller Caller) (Account, error)
	// ChangeProfile changes it. ifVersion is the version that must still
	// stand, zero for any; another: CodeVersion.
	ChangeProfile(ctx context.Context, caller Caller, change user.ProfileChange, ifVersion int64) (Account, error)
}

// Superusers makes the accounts that hold every permission; commands and
// start-up only. Their passwords are held to length and encoding alone: how
// good they must be is the decision of the operator who gives them.
type Superusers interface {
	// EnsureFirst makes the account if there is no active superuser and tells
	// whether it did. Of concurrent callers at most one does.
	EnsureFirst(ctx context.Context, r Registration) (bool, error)
	// Create makes the account in any case; failures as Accounts.Register.
	Create(ctx context.Context, r Registration) error
}

// Check asks for one permission.
type Check struct {
	Resource string
	Action   string
}

// Permissions answers whether something is allowed.
type Permissions interface {
	// Allowed answers each check in order: for the caller's token, or for
	// another user (needs read:users: else CodeInsufficientScope; not found:
	// KindNotFound).
	Allowed(ctx context.Context, caller Caller, userID *domain.ID, checks []Check) ([]bool, error)
}

// NewClient is a client with the secret that is shown once; empty where it
// proves itself otherwise.
type NewClient struct {
	Client client.Snapshot
	Secret domain.Secret
}

// Clients administers service clients.
type Clients interface {
	// Create makes a client. The caller must hold write:clients and every scope
	// given: else CodeInsufficientScope or KindForbidden. Broken rules or
	// unknown scopes: CodeInvalidInput with fields.
	Create(ctx context.Context, caller Caller, d client.Draft) (NewClient, error)
	// CreateAsOperator is Create for who holds the command line.
	CreateAsOperator(ctx context.Context, d client.Draft) (NewClient, error)
}

// Dependency is one part as readiness sees it.
type Dependency struct {
	Name    string
	Healthy bool
	// Degraded tells of one that is not healthy that another stands in for it.
	Degraded bool
	Latency  float64 // milliseconds
}

// Health tells whether this instance can serve.
type Health interface {
	// Ready probes every dependency, each for at most a second.
	Ready(ctx context.Context) (ready bool, dependencies []Dependency)
}
