package bootstrap

import (
	"slices"
	"time"

	"github.com/keystone-auth/keystone/application/operations"
)

// duties are what the housekeeper does.
func (p parts) duties() []operations.Duty {
	return slices.Concat(operations.Sweeps(p.out.Clock, p.out.Keeping), p.sealer.Duties(), []operations.Duty{
		p.denials.Duty(),
		{Name: "key rotation", Every: time.Second, Do: p.keys.RotateIfDue},
	})
}
