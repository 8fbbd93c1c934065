package operations

import (
	"context"
	"errors"

	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	canaryPurpose = "canary"
	canary        = "keystone"
)

// ErrWrongMasterKey says that the store was sealed with another master key.
var ErrWrongMasterKey = errors.New("the master key is not the one that this database was set up with")

// CheckMasterKey stops a start with the wrong master key, which would
// otherwise end every session and lose the signing keys. The first start
// stores the canary.
func CheckMasterKey(ctx context.Context, vault outbound.Vault, master outbound.MasterKey) error {
	proposed, err := master.Seal(canaryPurpose, []byte(canary))
	if err != nil {
		return err
	}
	sealed, err := vault.Keep(ctx, canaryPurpose, proposed)
	if err != nil {
		return err
	}
	plain, err := master.Open(canaryPurpose, sealed)
	if err != nil || string(plain) != canary {
		return ErrWrongMasterKey
	}
	return nil
}
