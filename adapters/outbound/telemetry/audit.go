package telemetry

import (
	"context"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// SecurityLog writes the events that were stored, by the logger `audit`
// (contract, section 5). Names and addresses of people stay in the audit trail.
func SecurityLog(logger *zap.Logger) func(ctx context.Context, events []domain.Occurrence) {
	logger = logger.Named("audit")
	return func(ctx context.Context, events []domain.Occurrence) {
		origin := domain.OriginFrom(ctx)
		for _, e := range events {
			entry := logger.Check(zap.InfoLevel, string(e.Type))
			if entry == nil {
				continue
			}
			entry.Write(zap.String("event", e.ID.String()), zap.String("outcome", string(e.Outcome)), zap.String("reason", e.Reason),
				zap.String("actor_kind", string(e.Actor.Kind)), zap.String("actor", e.Actor.ID),
				zap.String("subject_kind", string(e.Subject.Kind)), zap.String("subject", e.Subject.ID),
				zap.String("address", origin.Address), zap.String("request_id", origin.RequestID))
		}
	}
}

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
