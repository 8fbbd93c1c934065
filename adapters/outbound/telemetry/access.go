package telemetry

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

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

// ClientUsage times the record of clients. Nobody waits for what is recorded,
// so the log is told as that begins to fail.
func (m *Metrics) ClientUsage(inner outbound.ClientUsage, logger *zap.Logger) outbound.ClientUsage {
	return &clientUsage{inner: inner, record: m.operation("clients.record_use"), list: m.operation("clients.list"), logger: logger.Named("clients")}
}

type clientUsage struct {
	inner        outbound.ClientUsage
	record, list operation
	logger       *zap.Logger
	failing      atomic.Bool
}

func (u *clientUsage) Record(ctx context.Context, used map[string]time.Time) error {
	defer u.record.took(u.record.clock.Now())
	err := u.inner.Record(ctx, used)
	if failing := err != nil; u.failing.Swap(failing) != failing && failing {
		u.logger.Warn("the last use of clients can't be recorded; it is kept and tried again", zap.Error(err))
	}
	return err
}

func (u *clientUsage) List(ctx context.Context, page domain.Page) (domain.Listing[outbound.ClientUse], error) {
	defer u.list.took(u.list.clock.Now())
	return u.inner.List(ctx, page)
}
