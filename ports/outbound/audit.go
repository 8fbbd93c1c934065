package outbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
)

// AuditLog reads events, newest first.
type AuditLog interface {
	// Find gives a page of the records that the filter picks, of any size. What
	// is stored meanwhile repeats and hides nothing on later pages. An After
	// that Find did not give: domain.InvalidCursor.
	Find(ctx context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error)
}
