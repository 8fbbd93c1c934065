// Package role owns the Role aggregate: a named bundle of scopes.
package role

import (
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// Name is a role's name: 2 to 64 of a-z 0-9 - _ starting with a letter.
type Name string

// The built-in roles (contract, section 4); migrations seed them.
const (
	User  Name = "user"
	Admin Name = "admin"
)

// BuiltinScopes gives what a built-in role holds, nil for any other.
func BuiltinScopes(name Name) scope.Set {
	switch name {
	case User:
		return scope.NewSet(scope.ReadProfile, scope.WriteProfile)
	case Admin:
		return slices.DeleteFunc(scope.Builtin(), func(n scope.Name) bool { return n == scope.AdminSystem })
	}
	return nil
}

const (
	minNameLength  = 2
	maxNameLength  = 64
	maxDescription = 1000
)

// ParseName accepts a role name. Fails with validation_failed.
func ParseName(s string) (Name, error) {
	ok := len(s) >= minNameLength && len(s) <= maxNameLength && s[0] >= 'a' && s[0] <= 'z'
	for i := 0; ok && i < len(s); i++ {
		c := s[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	if !ok {
		return "", domain.InvalidFields(domain.Field{Name: "name", Code: "format", Message: "a role name is 2 to 64 of a-z 0-9 - _ and starts with a letter"})
	}
	return Name(s), nil
}

// Role is a named bundle of scopes that users are given.
type Role struct {
	domain.Events
	s Snapshot
}

// Snapshot is the stored form of a Role.
type Snapshot struct {
	ID          domain.ID
	Name        Name
	Description string
	Scopes      scope.Set
	Version     int64
	// Revision is the version that the store holds; zero while it holds none.
	// The two differ where an editor would see a change that is not stored yet.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// New makes a role without scopes. Fails with validation_failed.
func New(id domain.ID, name, description string, actor domain.Party, now time.Time) (*Role, error) {
	parsed, err := ParseName(name)
	if err := domain.AllFields(err, CheckDescription(description)); err != nil {
		return nil, err
	}
	r := &Role{s: Snapshot{ID: id, Name: parsed, Description: description, Version: domain.FirstVersion(now), CreatedAt: now, UpdatedAt: now}}
	r.record(domain.EventRoleCreated, "", actor, now)
	return r, nil
}

// Rehydrate rebuilds a role from storage; it checks nothing.
func Rehydrate(s Snapshot) *Role {
	s.Revision = s.Version
	return &Role{s: s}
}

// Stored notes that the store holds what the aggregate is now; repositories
// call it as they save.
func (r *Role) Stored() { r.s.Revision = r.s.Version }

// Snapshot gives the state to store.
func (r *Role) Snapshot() Snapshot { return r.s }

// Name gives the role's name.
func (r *Role) Name() Name { return r.s.Name }

// Scopes gives what the role holds.
func (r *Role) Scopes() scope.Set { return r.s.Scopes }

// IsBuiltin tells whether every installation has the role.
func (r *Role) IsBuiltin() bool { return BuiltinScopes(r.s.Name) != nil }

// CheckDescription holds a description to at most 1000 characters of text. Fails
// with validation_failed.
func CheckDescription(s string) error {
	return domain.InvalidFields(domain.CheckText("description", s, maxDescription)...)
}

// Describe changes the description and tells whether it is another. Fails with
// validation_failed.
func (r *Role) Describe(description string, actor domain.Party, now time.Time) (bool, error) {
	if err := CheckDescription(description); err != nil {
		return false, err
	}
	if description == r.s.Description {
		return false, nil
	}
	r.s.Description = description
	r.touch(domain.EventRoleUpdated, "", actor, now)
	return true, nil
}

// Grant adds a scope and tells whether it was missing.
func (r *Role) Grant(name scope.Name, actor domain.Party, now time.Time) bool {
	if r.s.Scopes.Has(name) {
		return false
	}
	r.s.Scopes = r.s.Scopes.Union(scope.NewSet(name))
	r.touch(domain.EventRoleScopeGranted, string(name), actor, now)
	return true
}

// Withdraw removes a scope and tells whether it was there.
func (r *Role) Withdraw(name scope.Name, actor domain.Party, now time.Time) bool {
	if !r.s.Scopes.Has(name) {
		return false
	}
	r.s.Scopes = r.s.Scopes.Without(name)
	r.touch(domain.EventRoleScopeWithdrawn, string(name), actor, now)
	return true
}

// Delete records the end of the role, which its repository then brings about.
// A built-in one: CodeBuiltin.
func (r *Role) Delete(actor domain.Party, now time.Time) error {
	if r.IsBuiltin() {
		return domain.Conflict(domain.CodeBuiltin, "a built-in role can't be deleted")
	}
	r.record(domain.EventRoleDeleted, "", actor, now)
	return nil
}

func (r *Role) touch(event domain.EventType, reason string, actor domain.Party, now time.Time) {
	r.s.UpdatedAt = now
	r.s.Version++
	r.record(event, reason, actor, now)
}

func (r *Role) record(event domain.EventType, reason string, actor domain.Party, now time.Time) {
	subject := domain.Party{Kind: domain.PartyRole, ID: string(r.s.Name), Name: string(r.s.Name)}
	r.Record(domain.Event{Type: event, Outcome: domain.Succeeded, Reason: reason, Actor: actor, Subject: subject, OccurredAt: now})
}
