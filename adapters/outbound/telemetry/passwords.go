package telemetry

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// PasswordHistory times reading former passwords.
func (m *Metrics) PasswordHistory(inner outbound.PasswordHistory) outbound.PasswordHistory {
	return &passwordHistory{inner, m.operation("password_history.recent")}
}

type passwordHistory struct {
	inner  outbound.PasswordHistory
	recent operation
}

func (h *passwordHistory) Recent(ctx context.Context, userID domain.ID, limit int) ([]string, error) {
	defer h.recent.took(h.recent.clock.Now())
	return h.inner.Recent(ctx, userID, limit)
}
