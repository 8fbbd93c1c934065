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

// SettingsInForce are the settings that can be changed at run time.
type SettingsInForce struct {
	Values     map[string]string // by name; as the variable would hold it
	Overridden []string          // the names that were set at run time, in order
	Version    int64
}

// Settings changes settings at run time. The caller must hold admin:system:
// else CodeInsufficientScope.
type Settings interface {
	// Settings gives the settings.
	Settings(ctx context.Context, caller Caller) (SettingsInForce, error)
	// Change sets each name to its value, or back to what the process was
	// started with where the value is nil; all or nothing. Unknown names and
	// values that break a rule: CodeInvalidInput with fields. ifVersion is the
	// version that must still stand, zero for any; another: CodeVersion.
	Change(ctx context.Context, caller Caller, changes map[string]*string, ifVersion int64) (SettingsInForce, error)
}

// Statistics tells an installation in numbers.
type Statistics interface {
	// Statistics gives the numbers of now, with the logins of the last 24
	// hours. The caller must hold read:audit: else CodeInsufficientScope.
	Statistics(ctx context.Context, caller Caller) (domain.Statistics, error)
}

// AuditVerdict is what came of holding the audit trail to its seals.
type AuditVerdict struct {
	Seals    int
	Records  int64       // sealed, those whose time is over included
	Head     domain.Seal // the newest; zero where nothing is sealed yet
	Findings []string    // what is wrong, and where; none: all is as it was sealed
}
