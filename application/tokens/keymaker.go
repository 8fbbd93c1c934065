package tokens

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// KeyMaker makes and retires the keys of the ring.
type KeyMaker struct {
	policy Policies
	clock  outbound.Clock
	codec  outbound.TokenCodec
	master outbound.MasterKey
	uow    outbound.UnitOfWork
	ring   *KeyRing
}

// NewKeyMaker makes the keys of the given ring.
func NewKeyMaker(p Policies, clock outbound.Clock, codec outbound.TokenCodec, master outbound.MasterKey, uow outbound.UnitOfWork, ring *KeyRing) *KeyMaker {
	return &KeyMaker{policy: p, clock: clock, codec: codec, master: master, uow: uow, ring: ring}
}

// Ensure makes an active and a next key of the configured algorithm where they
// are missing, retires active keys of other algorithms, and loads the ring. Of
// instances that start at once, one makes the keys.
func (k *KeyMaker) Ensure(ctx context.Context) error {
	policy := k.policy.Current()
	if err := k.ring.Reload(ctx); err == nil {
		if complete(k.ring.view.Load().stored, policy.Algorithm) {
			return nil
		}
	} else if !domain.HasCode(err, domain.CodeNotFound) {
		return err
	}
	// Made outside the unit of work: an RSA key takes its time.
	fresh := make([]outbound.KeyMaterial, 2)
	sealed := make([][]byte, 2)
	for i := range fresh {
		var err error
		if fresh[i], sealed[i], err = k.make(policy.Algorithm); err != nil {
			return err
		}
	}
	err := k.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		stored, err := repos.Keys.Lock(ctx)
		if err != nil || complete(stored, policy.Algorithm) {
			return err // another instance was first
		}
		now := k.clock.Now()
		for _, key := range stored {
			if s := key.Snapshot(); s.State != token.KeyRetired && s.Algorithm != policy.Algorithm {
				key.Retire(now, policy.lastExpiry(now))
				if err := repos.Keys.Save(ctx, key); err != nil {
					return err
				}
			}
		}
		for i, state := range []token.KeyState{token.KeyActive, token.KeyNext} {
			if has(stored, policy.Algorithm, state) {
				continue
			}
			key := token.NewSigningKey(fresh[i].ID, policy.Algorithm, sealed[i], fresh[i].PublicJWK, now)
			if state == token.KeyActive {
				key.Activate(now)
			}
			if err := repos.Keys.Add(ctx, key); err != nil {
				return err
			}
		}
		return repos.Signals.Append(ctx, token.Signal{Kind: token.SignalKeysChanged, ExpiresAt: now.Add(time.Hour)})
	})
	if err != nil {
		return err
	}
	return k.ring.Reload(ctx)
}

// make gives new key material, and its private half sealed.
func (k *KeyMaker) make(alg token.Algorithm) (outbound.KeyMaterial, []byte, error) {
	fresh, err := k.codec.Generate(alg)
	if err != nil {
		return outbound.KeyMaterial{}, nil, err
	}
	sealed, err := k.master.Seal(sealPurpose, fresh.Private)
	return fresh, sealed, err
}

func complete(stored []*token.SigningKey, alg token.Algorithm) bool {
	for _, key := range stored {
		if s := key.Snapshot(); s.Algorithm != alg && s.State != token.KeyRetired {
			return false
		}
	}
	return has(stored, alg, token.KeyActive) && has(stored, alg, token.KeyNext)
}

func has(stored []*token.SigningKey, alg token.Algorithm, state token.KeyState) bool {
	for _, key := range stored {
		if s := key.Snapshot(); s.Algorithm == alg && s.State == state {
			return true
		}
	}
	return false
}
