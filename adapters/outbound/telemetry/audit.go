package telemetry

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// AuditLog times finding records of the audit trail.
func (m *Metrics) AuditLog(inner outbound.AuditLog) outbound.AuditLog {
	return &auditLog{inner, m.operation("events.find")}
}

type auditLog struct {
	outbound.AuditLog
	find operation
}

func (l *auditLog) Find(ctx context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	defer l.find.took(l.find.clock.Now())
	return l.AuditLog.Find(ctx, filter, page)
}
