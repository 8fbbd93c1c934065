package bootstrap

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/jobs"
	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
)

// measureReplicas shows which replicas lists are read from.
func measureReplicas(m *telemetry.Metrics, db *database.DB) {
	for _, r := range db.Replicas() {
		m.Replica(r.Name(), r.Usable)
	}
}

// watch shows the state of this instance and of the jobs.
func watch(db *database.DB, p parts, m *telemetry.Metrics) {
	m.Watch(telemetry.State{
		Health: p.health,
		Jobs: func(ctx context.Context) (int, time.Duration, error) {
			b, err := jobs.Measure(ctx, db.Pool(), p.out.Clock.Now())
			return b.Pending, b.Oldest, err
		},
		KeyActivated: func() (time.Time, time.Duration) { return p.ring.ActivatedAt(), p.policy.Current().KeyRotation },
	})
}

// measured wraps the ports whose calls are measured, whoever implements them.
func (in ports) measured(m *telemetry.Metrics, logger *zap.Logger) ports {
	in.Bus = m.SignalBus(in.Bus, logger)
	in.Limiter = m.RateLimiter(in.Limiter, memory.NewLimiter(in.Clock), logger)
	in.Signals = m.SignalLog(in.Signals, logger)
	in.Work = m.UnitOfWork(in.Work)
	in.Users = m.UserDirectory(in.Users)
	in.Clients = m.ClientDirectory(in.Clients)
	in.Usage = m.ClientUsage(in.Usage, logger)
	in.Roles = m.RoleDirectory(in.Roles)
	in.Scopes = m.ScopeDirectory(in.Scopes)
	in.Principals = m.Principals(in.Principals)
	in.Spender = m.RefreshSpender(in.Spender)
	in.Opener = m.SessionOpener(in.Opener)
	in.Refresh = m.RefreshDirectory(in.Refresh)
	in.Audit = m.AuditLog(in.Audit)
	in.Keys = m.KeyDirectory(in.Keys)
	in.History = m.PasswordHistory(in.History)
	in.UserList = m.UserList(in.UserList)
	in.SessionList = m.SessionList(in.SessionList)
	in.Lockouts = m.Lockouts(in.Lockouts)
	in.Mailer = telemetry.Mailer(in.Mailer, logger)
	in.Texter = telemetry.Texter(in.Texter, logger)
	return in
}
