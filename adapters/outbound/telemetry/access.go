package telemetry

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RoleDirectory times lookups of roles.
func (m *Metrics) RoleDirectory(inner outbound.RoleDirectory) outbound.RoleDirectory {
	return &roleDirectory{inner, m.operation("roles.by_name"), m.operation("roles.list")}
}

type roleDirectory struct {
	inner        outbound.RoleDirectory
	byName, list operation
}

func (d *roleDirectory) ByName(ctx context.Context, name role.Name) (*role.Role, error) {
	defer d.byName.took(d.byName.clock.Now())
	return d.inner.ByName(ctx, name)
}

func (d *roleDirectory) List(ctx context.Context, page domain.Page) (domain.Listing[*role.Role], error) {
	defer d.list.took(d.list.clock.Now())
	return d.inner.List(ctx, page)
}

// ScopeDirectory times lookups of scopes.
func (m *Metrics) ScopeDirectory(inner outbound.ScopeDirectory) outbound.ScopeDirectory {
	return &scopeDirectory{inner, m.operation("scopes.by_name"), m.operation("scopes.list")}
}

type scopeDirectory struct {
	inner        outbound.ScopeDirectory
	byName, list operation
}

func (d *scopeDirectory) ByName(ctx context.Context, name scope.Name) (*scope.Scope, error) {
	defer d.byName.took(d.byName.clock.Now())
	return d.inner.ByName(ctx, name)
}

func (d *scopeDirectory) List(ctx context.Context, page domain.Page) (domain.Listing[*scope.Scope], error) {
	defer d.list.took(d.list.clock.Now())
	return d.inner.List(ctx, page)
}

// ClientUsage times the record of clients.
func (m *Metrics) ClientUsage(inner outbound.ClientUsage) outbound.ClientUsage {
	return &clientUsage{inner, m.operation("clients.record_use"), m.operation("clients.list")}
}

type clientUsage struct {
	inner        outbound.ClientUsage
	record, list operation
}

func (u *clientUsage) Record(ctx context.Context, used map[string]time.Time) error {
	defer u.record.took(u.record.clock.Now())
	return u.inner.Record(ctx, used)
}

func (u *clientUsage) List(ctx context.Context, page domain.Page) (domain.Listing[outbound.ClientUse], error) {
	defer u.list.took(u.list.clock.Now())
	return u.inner.List(ctx, page)
}
