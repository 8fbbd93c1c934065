package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
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
	policy    Policies
	clock     outbound.Clock
	codec     outbound.TokenCodec
	master    outbound.MasterKey
	directory outbound.KeyDirectory

	reload sync.Mutex // one at a time, so that an older reading never replaces a newer one
	view   atomic.Pointer[ringView]
}

var _ inbound.Metadata = (*KeyRing)(nil)

// ActivatedAt tells since when the key signs that signs now; zero before the
// ring was read.
func (r *KeyRing) ActivatedAt() time.Time {
	view := r.view.Load()
	for _, key := range view.stored {
		if s := key.Snapshot(); view.active != nil && s.ID == view.active.ID() {
			return s.ActivatedAt
		}
	}
	return time.Time{}
}

// ringView is what the ring held when it was read; beside what is kept of it,
// it is never changed.
type ringView struct {
	active    outbound.Key
	keys      map[string]trustedKey
	stored    []*token.SigningKey
	published atomic.Pointer[keySet]
}

type trustedKey struct {
	key     outbound.Key
	expires time.Time // zero while it is not retired
}

// NewKeyRing makes an empty ring; Reload fills it.
func NewKeyRing(p Policies, clock outbound.Clock, codec outbound.TokenCodec, master outbound.MasterKey, directory outbound.KeyDirectory) *KeyRing {
	r := &KeyRing{policy: p, clock: clock, codec: codec, master: master, directory: directory}
	r.view.Store(&ringView{})
	return r
}

// Reload reads the ring from the store. Without an active key it fails with
// KindNotFound and keeps what it had.
func (r *KeyRing) Reload(ctx context.Context) error {
	r.reload.Lock()
	defer r.reload.Unlock()
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
		if s.State == token.KeyActive && (view.active == nil || s.Algorithm == r.policy.Current().Algorithm) {
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

// keySet is what is published of a view, until one of its keys expires.
type keySet struct {
	document []byte
	until    time.Time // zero while none is retired
}

// JWKS gives the public halves of all trusted keys (RFC 7517, section 5). The
// document is shared and must not be changed.
func (r *KeyRing) JWKS(context.Context) ([]byte, error) {
	view := r.view.Load()
	if kept := view.published.Load(); kept != nil && (kept.until.IsZero() || r.clock.Now().Before(kept.until)) {
		return kept.document, nil
	}
	fresh, err := publish(view.stored, r.clock.Now())
	if err != nil {
		return nil, domain.Internal(err)
	}
	view.published.Store(fresh)
	return fresh.document, nil
}

func publish(stored []*token.SigningKey, now time.Time) (*keySet, error) {
	var until time.Time
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, key := range stored {
		s := key.Snapshot()
		if len(s.PublicJWK) == 0 || !key.Trusted(now) {
			continue
		}
		set.Keys = append(set.Keys, s.PublicJWK)
		if !s.ExpiresAt.IsZero() && (until.IsZero() || s.ExpiresAt.Before(until)) {
			until = s.ExpiresAt
		}
	}
	document, err := json.Marshal(set)
	return &keySet{document, until}, err
}
