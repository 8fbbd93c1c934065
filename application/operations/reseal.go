package operations

import (
	"context"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// Reseal seals what the vault keeps with the current master key; a wrong
// master key is ErrWrongMasterKey.
func Reseal(ctx context.Context, vault outbound.Vault, master outbound.MasterKey, random outbound.Random) error {
	if err := CheckMasterKey(ctx, vault, master); err != nil {
		return err
	}
	key, err := auditKey(ctx, vault, master, random)
	if err != nil {
		return err
	}
	for name, plain := range map[string][]byte{auditKeyPurpose: key, canaryPurpose: []byte(canary)} {
		sealed, err := master.Seal(name, plain)
		if err != nil {
			return err
		}
		if err := vault.Replace(ctx, name, sealed); err != nil {
			return err
		}
	}
	return nil
}

// auditKeyPurpose names the key of the audit seals, in the vault and as it is sealed.
const auditKeyPurpose = "audit-key"

// auditKey gives the key of the audit seals, made on first use. It is kept
// sealed and not derived, so that seals outlive a change of the master key.
func auditKey(ctx context.Context, vault outbound.Vault, master outbound.MasterKey, random outbound.Random) ([]byte, error) {
	fresh := random.Entropy()
	proposed, err := master.Seal(auditKeyPurpose, fresh[:])
	if err != nil {
		return nil, err
	}
	sealed, err := vault.Keep(ctx, auditKeyPurpose, proposed)
	if err != nil {
		return nil, err
	}
	return master.Open(auditKeyPurpose, sealed)
}
