package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	secretSize = 32   // bytes: RFC 7518, section 3.2
	minModulus = 2048 // bits: RFC 7518, section 3.3
	// maxSignature is that of RS256 with 2048 bits, in base64url: 256 bytes.
	maxSignature = 342
)

// key is a signing key with everything that does not change from token to token.
type key struct {
	id      string
	alg     token.Algorithm
	header  string // first segment and dot
	method  gojwt.SigningMethod
	private any
	public  any
}

var _ outbound.Key = (*key)(nil)

// ID gives the kid.
func (k *key) ID() string { return k.id }

// Algorithm gives the one algorithm that the key serves.
func (k *key) Algorithm() token.Algorithm { return k.alg }

func (k *key) String() string { return "key " + k.id }

// GoString keeps %#v from printing the private half.
func (k *key) GoString() string { return k.String() }

// Load parses a private key. One that is damaged, too small or of another
// algorithm fails with KindInternal.
func (c *Codec) Load(kid string, alg token.Algorithm, private []byte) (outbound.Key, error) {
	if kid == "" || len(kid) > maxKeyID {
		return nil, domain.Internal(fmt.Errorf("jwt: a key id has 1 to %d bytes", maxKeyID))
	}
	k, err := parseKey(alg, private)
	if err != nil {
		return nil, domain.Internal(fmt.Errorf("jwt: key %s: %w", kid, err))
	}
	if k.header, err = encodeHeader(kid, alg); err != nil {
		return nil, domain.Internal(fmt.Errorf("jwt: key id: %w", err))
	}
	k.id, k.alg = kid, alg
	return k, nil
}

var errMismatch = errors.New("the key is not one for its algorithm")

func parseKey(alg token.Algorithm, private []byte) (*key, error) {
	if alg == token.HS256 {
		if len(private) < secretSize {
			return nil, errMismatch
		}
		secret := slices.Clone(private)
		return &key{method: gojwt.SigningMethodHS256, private: secret, public: secret}, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("not PKCS #8: %w", err)
	}
	switch p := parsed.(type) {
	case *rsa.PrivateKey:
		if alg == token.RS256 && p.N.BitLen() >= minModulus {
			return &key{method: gojwt.SigningMethodRS256, private: p, public: &p.PublicKey}, nil
		}
	case *ecdsa.PrivateKey:
		if alg == token.ES256 && p.Curve == elliptic.P256() {
			return &key{method: gojwt.SigningMethodES256, private: p, public: &p.PublicKey}, nil
		}
	case ed25519.PrivateKey:
		if alg == token.EdDSA {
			return &key{method: gojwt.SigningMethodEdDSA, private: p, public: p.Public()}, nil
		}
	}
	return nil, errMismatch
}
