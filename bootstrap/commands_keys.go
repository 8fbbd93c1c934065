package bootstrap

import (
	"context"

	"github.com/keystone-auth/keystone/application/operations"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func (c commands) keysList(ctx context.Context) (ring []inbound.SigningKey, err error) {
	err = c.within(ctx, func(p parts) error {
		ring, err = p.keys.KeysAsOperator(ctx)
		return err
	})
	return ring, err
}

func (c commands) keysRotate(ctx context.Context) (active inbound.SigningKey, err error) {
	err = c.within(ctx, func(p parts) error {
		active, err = p.keys.RotateAsOperator(ctx)
		return err
	})
	return active, err
}

func (c commands) auditVerify(ctx context.Context) (verdict inbound.AuditVerdict, err error) {
	err = c.within(ctx, func(p parts) error {
		verdict, err = p.sealer.Verify(ctx)
		return err
	})
	return verdict, err
}

// keysReseal seals the keys first: should the rest fail, another run sets it
// right, with both master keys still at hand.
func (c commands) keysReseal(ctx context.Context) (resealed int, err error) {
	err = c.within(ctx, func(p parts) error {
		if resealed, err = p.keys.Reseal(ctx); err != nil {
			return err
		}
		return operations.Reseal(ctx, p.out.Vault, p.out.MasterKey, p.out.Random)
	})
	return resealed, err
}
