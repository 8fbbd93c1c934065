package inbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// Entry is one thing that export gives and import takes: a ScopeEntry, a
// RoleEntry, a ClientEntry or a UserEntry. A field that is nil is left as it
// is, or at its default where the thing is made.
type Entry interface {
	// Title names the thing for people: its type and its name.
	Title() string
}

// ScopeEntry is a scope, told by its name.
type ScopeEntry struct {
	Name        string
	Description *string
}

// RoleEntry is a role, told by its name.
type RoleEntry struct {
	Name        string
	Description *string
	Scopes      *[]string // all that it holds
}

// ClientEntry is a service client, told by its client_id.
type ClientEntry struct {
	ClientID            string
	SecretHash          domain.Secret // taken by a client of a secret that has none; empty: none
	Name                *string
	Description         *string
	IsActive            *bool
	Scopes              *[]string
	GrantTypes          *[]string
	AccessTokenLifetime **int   // seconds; to nil: the installation's
	AuthMethod          *string // token_endpoint_auth_method
	Keys                *string // JWK Set of its public keys; empty: none
}

// UserEntry is a user, told by its id or, where that is absent, by its username.
type UserEntry struct {
	ID          *domain.ID
	Username    string
	Email       *string // required where the user is made
	FirstName   *string
	LastName    *string
	DisplayName *string
	Bio         *string
	Phone       *string
	IsActive    *bool
	IsVerified  *bool
	IsSuperuser *bool
	Roles       *[]string // all that the user has

	// PasswordHash is taken by a new user, by one without a password, and where
	// PasswordChangedAt is later than the user's own.
	PasswordHash      domain.Secret
	PasswordChangedAt time.Time
	CreatedAt         time.Time // taken by a new user; zero: now
}

// Title implements Entry.
func (e ScopeEntry) Title() string { return "scope " + e.Name }

// Title implements Entry.
func (e RoleEntry) Title() string { return "role " + e.Name }

// Title implements Entry.
func (e ClientEntry) Title() string { return "client " + e.ClientID }

// Title implements Entry.
func (e UserEntry) Title() string { return "user " + e.Username }

// Exporter gives all scopes, roles, clients and users, in the order in which
// they can be imported, in bounded memory.
type Exporter interface {
	// Export calls emit for each; its failure ends the export. Hashes of
	// passwords and secrets are left out unless asked for. The audit trail tells
	// of it before the first is given, or it fails.
	Export(ctx context.Context, hashes bool, emit func(Entry) error) error
}

// ImportChange is what an entry leads to.
type ImportChange struct {
	Created bool
	Fields  []string // that differ, where it was there already (none: unchanged); of one that is made, those that give it rights
}

// Importer takes entries, on behalf of who holds the command line.
type Importer interface {
	// Import makes one entry true, whole or not at all. An entry that breaks a
	// rule: validation_failed. One that clashes with what is stored:
	// KindConflict.
	Import(ctx context.Context, entry Entry) (ImportChange, error)
	// Administered tells whether an active superuser has a password.
	Administered(ctx context.Context) (bool, error)
}
