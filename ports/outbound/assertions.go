package outbound

import "github.com/keystone-auth/keystone/domain/token"

// Assertions reads the JWTs that clients sign (RFC 7521, RFC 7523) and the keys
// that they register for it.
type Assertions interface {
	// Algorithms lists those that may sign, by their registered names; all are
	// asymmetric.
	Algorithms() []string
	// Keys holds a JWK Set (RFC 7517, section 5) to what may be registered, and
	// gives it back with nothing but the public members: 1 to 10 keys for
	// signatures, RSA from 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519,
	// one algorithm each, of several each with a kid of its own. Broken:
	// CodeInvalidInput, naming the field jwks.
	Keys(document []byte) ([]byte, error)
	// Subject gives the `sub` of what may be an assertion before anything of it
	// is verified, to find whose keys to verify it with; else empty.
	Subject(raw string) string
	// Verify checks form, typ, alg and signature with a key of the set that Keys
	// gave back, and gives the claims; iss, sub, aud, jti and times are the
	// caller's to check. The typ is JWT or absent or, where one is given, the
	// explicit typ of what is asked for, so that no other JWT that a client signs
	// passes for it (RFC 8725, section 3.11). The key is the one of the header's
	// kid, or of all that serve its alg the only one; keys in headers are never
	// looked at and any crit is refused. Every failure is KindUnauthenticated
	// with CodeInvalidToken.
	Verify(raw string, keys []byte, typ string) (token.Assertion, error)
}
