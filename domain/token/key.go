package token

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// KeyState is where a signing key is in its life.
type KeyState string

// The states. A ring holds at most one active and one next key of an algorithm.
const (
	KeyNext    KeyState = "next"    // published ahead of use, so that verifiers know it
	KeyActive  KeyState = "active"  // signs
	KeyRetired KeyState = "retired" // verifies until the last token it signed has expired
)

// SigningKey is a key of the ring as it is stored: its private half sealed
// with the master key.
type SigningKey struct {
	domain.Events
	s KeySnapshot
}

// KeySnapshot is the stored form of a SigningKey.
type KeySnapshot struct {
	ID          string // kid: the RFC 7638 thumbprint, or random for HS256
	Algorithm   Algorithm
	State       KeyState
	Sealed      []byte // the private key, sealed
	PublicJWK   []byte // a JSON object; nil for HS256, which publishes none
	CreatedAt   time.Time
	ActivatedAt time.Time
	RetiredAt   time.Time
	ExpiresAt   time.Time // retired keys: no longer trusted or published from here on
}

// NewSigningKey makes a key in the state next.
func NewSigningKey(id string, alg Algorithm, sealed, publicJWK []byte, now time.Time) *SigningKey {
	k := &SigningKey{s: KeySnapshot{ID: id, Algorithm: alg, State: KeyNext, Sealed: sealed, PublicJWK: publicJWK, CreatedAt: now}}
	k.record(domain.EventSigningKeyCreated, now)
	return k
}

// RehydrateKey rebuilds a key from storage; it checks nothing.
func RehydrateKey(s KeySnapshot) *SigningKey { return &SigningKey{s: s} }

// Snapshot gives the state to store.
func (k *SigningKey) Snapshot() KeySnapshot { return k.s }

// Activate lets a next key sign.
func (k *SigningKey) Activate(now time.Time) {
	k.s.State, k.s.ActivatedAt = KeyActive, now
	k.record(domain.EventSigningKeyActivated, now)
}

// Retire ends signing; the key verifies until its last token has expired.
func (k *SigningKey) Retire(now time.Time, lastTokenExpires time.Time) {
	k.s.State, k.s.RetiredAt, k.s.ExpiresAt = KeyRetired, now, lastTokenExpires
	k.record(domain.EventSigningKeyRetired, now)
}

// Reseal keeps the private key under another seal.
func (k *SigningKey) Reseal(sealed []byte, now time.Time) {
	k.s.Sealed = sealed
	k.record(domain.EventSigningKeyResealed, now)
}

// Trusted tells whether tokens of this key are accepted and its public half is
// published.
func (k *SigningKey) Trusted(now time.Time) bool {
	return k.s.State != KeyRetired || now.Before(k.s.ExpiresAt)
}

func (k *SigningKey) record(t domain.EventType, now time.Time) {
	k.Record(domain.Event{
		Type: t, Outcome: domain.Succeeded, Actor: domain.System,
		Subject: domain.Party{Kind: domain.PartyKey, ID: k.s.ID, Name: string(k.s.Algorithm)}, OccurredAt: now,
	})
}
