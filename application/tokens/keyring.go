package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// sealPurpose keeps sealed signing keys apart from all else that is sealed.
const sealPurpose = "signing-key"

// KeyRing holds the signing keys of this instance, ready for use: the active
// one signs, every trusted one verifies.
type KeyRing struct {
	policy    Policy
	clock     outbound.Clock
	codec     outbound.TokenCodec
	master    outbound.MasterKey
	uow       outbound.UnitOfWork
	directory outbound.KeyDirectory

	view atomic.Pointer[ringView]
}

var _ inbound.Metadata = (*KeyRing)(nil)

// ringView is what the ring held when it was read; it is never changed.
type ringView struct {
	active outbound.Key
	keys   map[string]trustedKey
	stored []*token.SigningKey
}

type trustedKey struct {
	key     outbound.Key
	expires time.Time // zero while it is not retired
}

// NewKeyRing makes an empty ring; Ensure fills it.
func NewKeyRing(p Policy, clock outbound.Clock, codec outbound.TokenCodec, master outbound.MasterKey, uow outbound.UnitOfWork, directory outbound.KeyDirectory) *KeyRing {
	r := &KeyRing{policy: p, clock: clock, codec: codec, master: master, uow: uow, directory: directory}
	r.view.Store(&ringView{})
	return r
}

// Ensure makes an active and a next key of the configured algorithm where they
// are missing, retires active keys of other algorithms, and loads the ring. Of
// instances that start at once, one makes the keys.
func (r *KeyRing) Ensure(ctx context.Context) error {
	if err := r.Reload(ctx); err == nil {
		if complete(r.view.Load().stored, r.policy.Algorithm) {
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
		if fresh[i], err = r.codec.Generate(r.policy.Algorithm); err != nil {
			return err
		}
		if sealed[i], err = r.master.Seal(sealPurpose, fresh[i].Private); err != nil {
			return err
		}
	}
	err := r.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		stored, err := repos.Keys.Lock(ctx)
		if err != nil || complete(stored, r.policy.Algorithm) {
			return err // another instance was first
		}
		now := r.clock.Now()
		for _, key := range stored {
			if s := key.Snapshot(); s.State != token.KeyRetired && s.Algorithm != r.policy.Algorithm {
				key.Retire(now, r.policy.lastExpiry("", now))
				if err := repos.Keys.Save(ctx, key); err != nil {
					return err
				}
			}
		}
		for i, state := range []token.KeyState{token.KeyActive, token.KeyNext} {
			if has(stored, r.policy.Algorithm, state) {
				continue
			}
			key := token.NewSigningKey(fresh[i].ID, r.policy.Algorithm, sealed[i], fresh[i].PublicJWK, now)
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
	return r.Reload(ctx)
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

// Reload reads the ring from the store. Without an active key it fails with
// KindNotFound and keeps what it had.
func (r *KeyRing) Reload(ctx context.Context) error {
	stored, err := r.directory.Keys(ctx)
	if err != nil {
		return err
	}
	now, before := r.clock.Now(), r.view.Load()
	view := &ringView{keys: make(map[string]trustedKey, len(stored)), stored: stored}
	for _, key := range stored {
		s := key.Snapshot()
		if !key.Trusted(now) {
			continue
		}
		loaded := before.keys[s.ID].key // opened once
		if loaded == nil {
			private, err := r.master.Open(sealPurpose, s.Sealed)
			if err != nil {
				return err
			}
			if loaded, err = r.codec.Load(s.ID, s.Algorithm, private); err != nil {
				return err
			}
		}
		view.keys[s.ID] = trustedKey{key: loaded, expires: s.ExpiresAt}
		if s.State == token.KeyActive && (view.active == nil || s.Algorithm == r.policy.Algorithm) {
			view.active = loaded
		}
	}
	if view.active == nil {
		return domain.NotFound("there is no active signing key")
	}
	r.view.Store(view)
	return nil
}

// active gives the key that signs.
func (r *KeyRing) active() (outbound.Key, error) {
	if key := r.view.Load().active; key != nil {
		return key, nil
	}
	return nil, domain.Internal(errors.New("the key ring is empty"))
}

// find gives a trusted key by its kid, for verification.
func (r *KeyRing) find(kid string) (outbound.Key, bool) {
	trusted, ok := r.view.Load().keys[kid]
	if !ok || !trusted.expires.IsZero() && !r.clock.Now().Before(trusted.expires) {
		return nil, false
	}
	return trusted.key, true
}

// JWKS gives the public halves of all trusted keys (RFC 7517, section 5).
func (r *KeyRing) JWKS(context.Context) ([]byte, error) {
	now := r.clock.Now()
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, key := range r.view.Load().stored {
		if jwk := key.Snapshot().PublicJWK; len(jwk) > 0 && key.Trusted(now) {
			set.Keys = append(set.Keys, jwk)
		}
	}
	document, err := json.Marshal(set)
	if err != nil {
		return nil, domain.Internal(err)
	}
	return document, nil
}
