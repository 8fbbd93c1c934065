// Package scope owns the Scope aggregate and the arithmetic of permissions:
// names, sets, and which scope implies which.
package scope

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// The built-in scopes (contract, section 4).
const (
	ReadProfile      Name = "read:profile"
	WriteProfile     Name = "write:profile"
	ReadUsers        Name = "read:users"
	WriteUsers       Name = "write:users"
	DeleteUsers      Name = "delete:users"
	AdminUsers       Name = "admin:users"
	ReadRoles        Name = "read:roles"
	WriteRoles       Name = "write:roles"
	AdminRoles       Name = "admin:roles"
	ReadScopes       Name = "read:scopes"
	WriteScopes      Name = "write:scopes"
	ReadClients      Name = "read:clients"
	WriteClients     Name = "write:clients"
	AdminClients     Name = "admin:clients"
	ReadAudit        Name = "read:audit"
	ReadSessions     Name = "read:sessions"
	WriteSessions    Name = "write:sessions"
	IntrospectTokens Name = "introspect:tokens"
	AdminSystem      Name = "admin:system"
)

// Builtin gives the scopes that every installation has; migrations seed them.
func Builtin() Set {
	return NewSet(ReadProfile, WriteProfile, ReadUsers, WriteUsers, DeleteUsers, AdminUsers, ReadRoles, WriteRoles,
		AdminRoles, ReadScopes, WriteScopes, ReadClients, WriteClients, AdminClients, ReadAudit, ReadSessions,
		WriteSessions, IntrospectTokens, AdminSystem)
}

// Scope is a permission that roles bundle and clients are given.
type Scope struct {
	domain.Events
	s Snapshot
}

// Snapshot is the stored form of a Scope.
type Snapshot struct {
	ID          domain.ID
	Name        Name
	Description string
	Resource    string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// maxDescription bounds a description, in code points.
const maxDescription = 1000

// New makes a scope; its resource is the one its name tells.
// Fails with validation_failed.
func New(id domain.ID, name, description string, now time.Time) (*Scope, error) {
	parsed, err := ParseName(name)
	if err != nil {
		return nil, err
	}
	if err := domain.InvalidFields(domain.CheckText("description", description, maxDescription)...); err != nil {
		return nil, err
	}
	return &Scope{s: Snapshot{ID: id, Name: parsed, Description: description, Resource: parsed.Resource(), CreatedAt: now, UpdatedAt: now}}, nil
}

// Rehydrate rebuilds a scope from storage; it checks nothing.
func Rehydrate(s Snapshot) *Scope { return &Scope{s: s} }

// Snapshot gives the state to store.
func (s *Scope) Snapshot() Snapshot { return s.s }

// Name gives the scope's name.
func (s *Scope) Name() Name { return s.s.Name }
