package bootstrap

import (
	"context"

	"github.com/keystone-auth/keystone/application/operations"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func (c commands) keysList(ctx context.Context) (ring []inbound.SigningKey, err error) {
	err = c.with(ctx, func(p parts) error {
		if err := p.ready(ctx); err != nil {
			return err
		}
		ring, err = p.keys.KeysAsOperator(ctx)
		return err
	})
	return ring, err
}

func (c commands) keysRotate(ctx context.Context) (active inbound.SigningKey, err error) {
	err = c.with(ctx, func(p parts) error {
		if err := p.ready(ctx); err != nil {
			return err
		}
		active, err = p.keys.RotateAsOperator(ctx)
		return err
	})
	return active, err
}

// keysReseal seals the keys first: should the canary fail, another run sets it
// right, with both master keys still at hand.
func (c commands) keysReseal(ctx context.Context) (resealed int, err error) {
	err = c.with(ctx, func(p parts) error {
		if err := p.ready(ctx); err != nil {
			return err
		}
		if resealed, err = p.keys.Reseal(ctx); err != nil {
			return err
		}
		return operations.ResealCanary(ctx, p.out.Vault, p.out.MasterKey)
	})
	return resealed, err
}
