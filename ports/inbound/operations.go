package inbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
)

// AuditTrail tells what happened, newest first.
type AuditTrail interface {
	// List gives a page of the records that the filter picks. The caller must
	// hold read:audit: else CodeInsufficientScope.
	List(ctx context.Context, caller Caller, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error)
	// Export hands every record that the filter picks to each, in parts of
	// bounded size, at least one of them; an error of each ends it. Refusals as List.
	Export(ctx context.Context, caller Caller, filter domain.AuditFilter, each func([]domain.AuditRecord) error) error
}
