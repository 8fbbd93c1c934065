package bootstrap

import (
	"time"

	"github.com/keystone-auth/keystone/application/operations"
)

// duties are what the housekeeper does: a line each.
func (p parts) duties() []operations.Duty {
	retention := func() time.Duration { return p.live.current.Load().config.Audit.Retention }
	return append(operations.Sweeps(p.out.Clock, p.out.Keeping, retention),
		operations.Duty{Name: "key rotation", Every: time.Second, Do: p.keys.RotateIfDue},
	)
}
