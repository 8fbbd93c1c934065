package operations

import (
	"context"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// ResealCanary seals the canary with the current master key, where it is still
// sealed with the previous one; a wrong master key is ErrWrongMasterKey.
func ResealCanary(ctx context.Context, vault outbound.Vault, master outbound.MasterKey) error {
	if err := CheckMasterKey(ctx, vault, master); err != nil {
		return err
	}
	sealed, err := master.Seal(canaryPurpose, []byte(canary))
	if err != nil {
		return err
	}
	return vault.Replace(ctx, sealed)
}
