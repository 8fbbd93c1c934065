package operations

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// statisticsHours is how far back logins are told.
const statisticsHours = 24

// Statistics tell an installation in numbers.
type Statistics struct {
	clock  outbound.Clock
	counts outbound.Statistics
}

var _ inbound.Statistics = (*Statistics)(nil)

// NewStatistics counts through the given port.
func NewStatistics(clock outbound.Clock, counts outbound.Statistics) *Statistics {
	return &Statistics{clock: clock, counts: counts}
}

// Statistics gives the numbers of now.
func (s *Statistics) Statistics(ctx context.Context, caller inbound.Caller) (domain.Statistics, error) {
	if !caller.Can(scope.ReadAudit) {
		return domain.Statistics{}, inbound.InsufficientScope(scope.ReadAudit)
	}
	return s.counts.Count(ctx, s.clock.Now(), statisticsHours)
}
