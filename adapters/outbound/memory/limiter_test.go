package memory

import (
	"strconv"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

func TestLimiterContract(t *testing.T) {
	contract.RunRateLimiter(t, func(_ *testing.T, clock outbound.Clock) (a, b outbound.RateLimiter) {
		l := NewLimiter(clock)
		return l, l
	})
}

// TestAMillionKeysAreBounded is what a flood of made-up addresses does.
func TestAMillionKeysAreBounded(t *testing.T) {
	l := NewLimiter(system.NewClock())
	limit := domain.Limit{Name: domain.LimitLoginIP, Count: 30, Window: time.Minute}
	for i := range 1_000_000 {
		if _, err := l.Reserve(t.Context(), limit, strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	l.windows.CleanUp()
	if kept := l.windows.EstimatedSize(); kept > limitedKeys {
		t.Errorf("%d keys are kept, want at most %d", kept, limitedKeys)
	}
}
