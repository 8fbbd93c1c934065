package operations

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// exportPage is how many records an export holds in memory at a time.
const exportPage = 500

// Audit reads the audit trail.
type Audit struct{ log outbound.AuditLog }

var _ inbound.AuditTrail = (*Audit)(nil)

// NewAudit reads the trail of the given log.
func NewAudit(log outbound.AuditLog) *Audit { return &Audit{log: log} }

// List gives a page of the trail.
func (a *Audit) List(ctx context.Context, caller inbound.Caller, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	if !caller.Can(scope.ReadAudit) {
		return domain.Listing[domain.AuditRecord]{}, inbound.InsufficientScope(scope.ReadAudit)
	}
	return a.log.Find(ctx, filter, page)
}

// Export hands over the trail, page by page: no transaction stays open while a
// slow reader takes its time.
func (a *Audit) Export(ctx context.Context, caller inbound.Caller, filter domain.AuditFilter, each func([]domain.AuditRecord) error) error {
	if !caller.Can(scope.ReadAudit) {
		return inbound.InsufficientScope(scope.ReadAudit)
	}
	page := domain.Page{Limit: exportPage}
	for {
		part, err := a.log.Find(ctx, filter, page)
		if err != nil {
			return err
		}
		if err := each(part.Items); err != nil || part.Next == "" {
			return err
		}
		page.After = part.Next
	}
}
