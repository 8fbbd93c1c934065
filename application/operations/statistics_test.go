package operations

import (
	"context"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/test/given"
)

type counter struct{}

func (counter) Count(_ context.Context, now time.Time, hours int) (domain.Statistics, error) {
	return domain.Statistics{Users: int64(hours), Hours: []domain.LoginsInHour{{Start: now}}}, nil
}

func TestStatistics(t *testing.T) {
	s := NewStatistics(clock{}, counter{})
	_, err := s.Statistics(t.Context(), holder(scope.ReadUsers))
	wantCode(t, err, domain.CodeInsufficientScope)
	found, err := s.Statistics(t.Context(), holder(scope.ReadAudit))
	if err != nil || found.Users != 24 || !found.Hours[0].Start.Equal(given.Now) {
		t.Errorf("got %+v, %v", found, err)
	}
}
