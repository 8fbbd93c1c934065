package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"github.com/go-json-experiment/json"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// modulus is the size of new RSA keys, in bits.
const modulus = 2048

// Generate makes a key. Its id is the RFC 7638 thumbprint of the public half;
// HS256 has none, so its id is random.
func (c *Codec) Generate(alg token.Algorithm) (outbound.KeyMaterial, error) {
	if alg == token.HS256 {
		secret, id := c.random.Entropy(), c.random.Entropy()
		return outbound.KeyMaterial{ID: b64(id[:16]), Private: secret[:]}, nil
	}
	material, err := c.generatePair(alg)
	if err != nil {
		return outbound.KeyMaterial{}, domain.Internal(fmt.Errorf("jwt: generate %s: %w", alg, err))
	}
	return material, nil
}

func (c *Codec) generatePair(alg token.Algorithm) (outbound.KeyMaterial, error) {
	private, err := c.newPrivate(alg)
	if err != nil {
		return outbound.KeyMaterial{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return outbound.KeyMaterial{}, err
	}
	public, err := publicJWK(private.Public())
	if err != nil {
		return outbound.KeyMaterial{}, err
	}
	public.KeyID, public.Algorithm, public.Use = public.thumbprint(), string(alg), "sig"
	document, err := json.Marshal(public)
	return outbound.KeyMaterial{ID: public.KeyID, Private: der, PublicJWK: document}, err
}

func (c *Codec) newPrivate(alg token.Algorithm) (crypto.Signer, error) {
	source := entropy{c.random}
	switch alg {
	case token.RS256:
		return rsa.GenerateKey(source, modulus)
	case token.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), source)
	case token.EdDSA:
		seed := c.random.Entropy()
		return ed25519.NewKeyFromSeed(seed[:]), nil
	}
	return nil, errors.New("not an algorithm of access tokens")
}

// entropy is the port as an io.Reader.
type entropy struct{ random outbound.Random }

// Read fills p and never fails.
func (e entropy) Read(p []byte) (int, error) {
	for filled := 0; filled < len(p); {
		block := e.random.Entropy()
		filled += copy(p[filled:], block[:])
	}
	return len(p), nil
}

// jwk is a public key (RFC 7517, section 4; RFC 7518, section 6; RFC 8037).
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use,omitzero"`
	Algorithm string `json:"alg,omitzero"`
	KeyID     string `json:"kid,omitzero"`
	Curve     string `json:"crv,omitzero"`
	X         string `json:"x,omitzero"`
	Y         string `json:"y,omitzero"`
	Modulus   string `json:"n,omitzero"`
	Exponent  string `json:"e,omitzero"`
}

func publicJWK(public crypto.PublicKey) (jwk, error) {
	switch p := public.(type) {
	case *rsa.PublicKey:
		return jwk{Type: "RSA", Modulus: b64(p.N.Bytes()), Exponent: b64(big.NewInt(int64(p.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // SEC 1, section 2.3.3: 4, X, Y; both of full length (RFC 7518, section 6.2.1.2)
		if err != nil {
			return jwk{}, err
		}
		half := len(point) / 2
		return jwk{Type: "EC", Curve: "P-256", X: b64(point[1 : 1+half]), Y: b64(point[1+half:])}, nil
	case ed25519.PublicKey:
		return jwk{Type: "OKP", Curve: "Ed25519", X: b64(p)}, nil
	}
	return jwk{}, errMismatch
}

// thumbprint hashes the required members in the order of their names (RFC
// 7638, section 3). Their values need no escapes.
func (j jwk) thumbprint() string {
	var members string
	switch j.Type {
	case "RSA":
		members = fmt.Sprintf(`{"e":"%s","kty":"RSA","n":"%s"}`, j.Exponent, j.Modulus)
	case "EC":
		members = fmt.Sprintf(`{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, j.Curve, j.X, j.Y)
	case "OKP": // RFC 8037, section 2
		members = fmt.Sprintf(`{"crv":"%s","kty":"OKP","x":"%s"}`, j.Curve, j.X)
	}
	sum := sha256.Sum256([]byte(members))
	return b64(sum[:])
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
