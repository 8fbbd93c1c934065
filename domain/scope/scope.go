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
	Version     int64
	Revision    int64 // the version that the store holds; zero while it holds none
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// maxDescription bounds a description, in code points.
const maxDescription = 1000

// New makes a scope; its resource is the one its name tells.
// Fails with validation_failed.
func New(id domain.ID, name, description string, actor domain.Party, now time.Time) (*Scope, error) {
	parsed, err := ParseName(name)
	if err := domain.AllFields(err, CheckDescription(description)); err != nil {
		return nil, err
	}
	s := &Scope{s: Snapshot{ID: id, Name: parsed, Description: description, Resource: parsed.Resource(), Version: domain.FirstVersion(now), CreatedAt: now, UpdatedAt: now}}
	s.record(domain.EventScopeCreated, actor, now)
	return s, nil
}

// Rehydrate rebuilds a scope from storage; it checks nothing.
func Rehydrate(s Snapshot) *Scope {
	s.Revision = s.Version
	return &Scope{s: s}
}

// Stored notes that the store holds what the aggregate is now; repositories
// call it as they save.
func (s *Scope) Stored() { s.s.Revision = s.s.Version }

// Snapshot gives the state to store.
func (s *Scope) Snapshot() Snapshot { return s.s }

// Name gives the scope's name.
func (s *Scope) Name() Name { return s.s.Name }

// CheckDescription holds a description to at most 1000 characters of text. Fails
// with validation_failed.
func CheckDescription(s string) error {
	return domain.InvalidFields(domain.CheckText("description", s, maxDescription)...)
}

// Describe changes the description and tells whether it is another. Fails with
// validation_failed.
func (s *Scope) Describe(description string, actor domain.Party, now time.Time) (bool, error) {
	if err := CheckDescription(description); err != nil {
		return false, err
	}
	if description == s.s.Description {
		return false, nil
	}
	s.s.Description, s.s.UpdatedAt = description, now
	s.s.Version++
	s.record(domain.EventScopeUpdated, actor, now)
	return true, nil
}

// Delete records the end of the scope, which its repository then brings about.
// A built-in one: CodeBuiltin.
func (s *Scope) Delete(actor domain.Party, now time.Time) error {
	if Builtin().Has(s.s.Name) {
		return domain.Conflict(domain.CodeBuiltin, "a built-in scope can't be deleted")
	}
	s.record(domain.EventScopeDeleted, actor, now)
	return nil
}

func (s *Scope) record(event domain.EventType, actor domain.Party, now time.Time) {
	subject := domain.Party{Kind: domain.PartyScope, ID: string(s.s.Name), Name: string(s.s.Name)}
	s.Record(domain.Event{Type: event, Outcome: domain.Succeeded, Actor: actor, Subject: subject, OccurredAt: now})
}
