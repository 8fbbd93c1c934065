package outbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
)

// Clock tells the time and waits.
type Clock interface {
	// Now gives the time in UTC, in whole microseconds.
	Now() time.Time
	// Sleep waits, or returns the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// Random makes what must not be guessed.
type Random interface {
	// NewID makes a version 7 UUID at the given time: ids sort by the
	// millisecond they were made in.
	NewID(now time.Time) domain.ID
	// Entropy gives 32 bytes of a cryptographic source.
	Entropy() [32]byte
}

// HashFormats tells which password hashes PasswordHasher can verify.
type HashFormats interface {
	// Check accepts a hash that Verify can check at bounded cost: Argon2id and
	// Argon2i of version 1.3, bcrypt, scrypt, and PBKDF2 with SHA-1, SHA-256 or
	// SHA-512, in PHC or crypt form. Any other: validation_failed, naming the
	// field password_hash and quoting nothing.
	Check(encoded string) error
}

// PasswordHasher hashes human passwords with Argon2id (RFC 9106), so many at
// once and no more waiting than configured.
type PasswordHasher interface {
	// Hash gives a PHC string of the password in NFC. Full queue: KindUnavailable
	// with CodeBusy and a RetryAfter.
	Hash(ctx context.Context, password domain.Secret) (string, error)
	// Verify tells whether the password, in NFC, is the one that was hashed and
	// whether the hash's parameters are no longer the configured ones. An empty
	// or unreadable hash matches nothing and costs the same. Full queue: as Hash.
	// Whatever HashFormats accepts is verified; a hash of another scheme than
	// Argon2id against the password as it is given, and it is outdated.
	Verify(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error)
}

// MasterKey seals and derives with the installation's master key; the previous
// one is still understood while it is configured.
type MasterKey interface {
	// ID names the current key, the same for as long as the process lives; it
	// tells nothing about its bytes.
	ID() string
	// Seal encrypts and authenticates; purpose separates domains.
	Seal(purpose string, plain []byte) ([]byte, error)
	// Open undoes Seal. Another key, another purpose or a changed byte:
	// KindInternal.
	Open(purpose string, sealed []byte) ([]byte, error)
	// Derive gives HMAC-SHA-256 of data under the key named keyID, kept apart
	// by purpose. An unknown key: KindInternal.
	Derive(keyID, purpose string, data []byte) ([32]byte, error)
}

// KeyMaterial is a freshly made key pair.
type KeyMaterial struct {
	ID        string // kid
	Private   []byte // PKCS #8, or the raw secret of HS256
	PublicJWK []byte // a JSON object with kid, alg, use:"sig"; nil for HS256
}

// Key is a signing key ready for use.
type Key interface {
	ID() string
	Algorithm() token.Algorithm
}

// TokenCodec turns claims into RFC 9068 tokens and back.
type TokenCodec interface {
	// Generate makes a key: HS256 256 bits, RS256 2048 bits, ES256 P-256,
	// EdDSA Ed25519.
	Generate(alg token.Algorithm) (KeyMaterial, error)
	// Load makes a stored private key ready for use.
	Load(kid string, alg token.Algorithm, private []byte) (Key, error)
	// Sign makes a compact JWS with header typ at+jwt, alg and kid.
	Sign(ctx context.Context, key Key, claims token.AccessClaims) (string, error)
	// Verify checks form, typ, alg and signature and gives the claims, KeyID
	// set; iss, aud and times are the caller's to check. The key is found by
	// kid alone and must be of the header's alg; keys in headers (jwk, jku,
	// x5c, x5u) are never looked at and any crit is refused. Every failure is
	// KindUnauthenticated with CodeInvalidToken.
	Verify(raw string, find func(kid string) (Key, bool)) (token.AccessClaims, error)
}

// SignalBus carries signals between instances at once. Losing one is allowed:
// the SignalLog has it.
type SignalBus interface {
	// Publish hands signals to every subscriber of every instance, this one
	// included. Unreachable: KindUnavailable.
	Publish(ctx context.Context, signals ...token.Signal) error
	// Subscribe calls receive for each batch until ctx ends, and reconnects by
	// itself a connection that worked. Unreachable: KindUnavailable, and the
	// caller may subscribe again. It calls receive with no signals as a sign of life, at least
	// every 250 ms while the bus is known to work, and only then.
	Subscribe(ctx context.Context, receive func(signals []token.Signal)) error
}
