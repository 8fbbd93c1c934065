package operations

import (
	"context"
	"sync/atomic"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// Reseal seals what the vault keeps with the current master key; a wrong
// master key is ErrWrongMasterKey.
func Reseal(ctx context.Context, vault outbound.Vault, master outbound.MasterKey, random outbound.Random) error {
	if err := CheckMasterKey(ctx, vault, master); err != nil {
		return err
	}
	sealed := map[string][]byte{canaryPurpose: []byte(canary)}
	for _, name := range []string{auditKeyPurpose, NameKey} {
		key, err := keptKey(ctx, vault, master, random, name)
		if err != nil {
			return err
		}
		sealed[name] = key
	}
	for name, plain := range sealed {
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

// The keys that are kept in the vault, each sealed under its name. They are not
// derived, so that what they made outlives a change of the master key.
const (
	auditKeyPurpose = "audit-key"
	// NameKey hides the names that nobody has, under which lockouts are kept: a
	// lock that a change of the master key lifted for these alone would tell
	// them from accounts.
	NameKey = "name-key"
)

// keptKey gives a key of the vault, made on first use.
func keptKey(ctx context.Context, vault outbound.Vault, master outbound.MasterKey, random outbound.Random, name string) ([]byte, error) {
	fresh := random.Entropy()
	proposed, err := master.Seal(name, fresh[:])
	if err != nil {
		return nil, err
	}
	sealed, err := vault.Keep(ctx, name, proposed)
	if err != nil {
		return nil, err
	}
	return master.Open(name, sealed)
}

// KeptKey gives a key of the vault, which is read once.
func KeptKey(vault outbound.Vault, master outbound.MasterKey, random outbound.Random, name string) func(context.Context) ([]byte, error) {
	var read atomic.Pointer[[]byte]
	return func(ctx context.Context) ([]byte, error) {
		if key := read.Load(); key != nil {
			return *key, nil
		}
		key, err := keptKey(ctx, vault, master, random, name)
		if err == nil {
			read.Store(&key)
		}
		return key, err
	}
}
