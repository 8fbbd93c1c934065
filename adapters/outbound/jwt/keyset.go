package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/keystone-auth/keystone/domain"
)

// Limits of a registered key set.
const (
	maxKeySet  = 32 << 10 // bytes
	maxKeys    = 10
	maxModulus = 8192 // bits; a verification grows with it

	maxExponent  = 4 // bytes
	leastExpBits = 2 // an exponent of 1 signs nothing
)

// verifyKey is a registered key with the one method that it serves (RFC 8725,
// section 3.1).
type verifyKey struct {
	jwk
	method gojwt.SigningMethod
	public any
}

type keySet []verifyKey

// registered is a key as it may be sent: more is told than is kept.
type registered struct {
	jwk
	Operations []string `json:"key_ops"`
	Private    string   `json:"d"`
	Secret     string   `json:"k"`
	PrimeP     string   `json:"p"`
	PrimeQ     string   `json:"q"`
	ExponentP  string   `json:"dp"`
	ExponentQ  string   `json:"dq"`
	Inverse    string   `json:"qi"`
	Others     []any    `json:"oth"`
}

func (r registered) private() bool {
	return r.Private+r.Secret+r.PrimeP+r.PrimeQ+r.ExponentP+r.ExponentQ+r.Inverse != "" || len(r.Others) > 0
}

func (r registered) forSignatures() bool {
	return (r.Use == "" || r.Use == "sig") && (len(r.Operations) == 0 || slices.Contains(r.Operations, "verify"))
}

func badKeys(code, message string) error {
	return domain.InvalidFields(domain.Field{Name: "jwks", Code: code, Message: message})
}

// parseKeySet reads a JWK Set (RFC 7517, section 5).
func parseKeySet(document []byte) (keySet, error) {
	var sent struct {
		Keys []registered `json:"keys"`
	}
	if len(document) > maxKeySet {
		return nil, badKeys("too_long", "must be at most 32 KiB")
	}
	if json.Unmarshal(document, &sent) != nil {
		return nil, badKeys("format", "must be a JWK Set: {\"keys\": [...]}")
	}
	if len(sent.Keys) == 0 || len(sent.Keys) > maxKeys {
		return nil, badKeys("range", "must hold 1 to 10 keys")
	}
	var set keySet
	for _, key := range sent.Keys {
		switch {
		case key.private():
			return nil, badKeys("private", "must hold public keys only; this one must not be used any more")
		case !key.forSignatures():
			return nil, badKeys("use", "must hold keys for signatures: use sig, key_ops verify, or neither")
		case len(key.KeyID) > maxKeyID, key.KeyID == "" && len(sent.Keys) > 1:
			return nil, badKeys("kid", "must name each of several keys by a kid of 1 to 128 bytes")
		case slices.ContainsFunc(set, func(other verifyKey) bool { return other.KeyID == key.KeyID }):
			return nil, badKeys("kid", "must not name two keys by one kid")
		}
		parsed, ok := key.parse()
		if !ok {
			return nil, badKeys("key", "must hold keys of RSA from 2048 bits, P-256, P-384, P-521 or Ed25519, whose alg, where it is told, is theirs")
		}
		set = append(set, parsed)
	}
	return set, nil
}

func encodeKeySet(keys keySet) ([]byte, error) {
	public := make([]jwk, len(keys))
	for i, key := range keys {
		public[i] = key.jwk
	}
	return json.Marshal(map[string][]jwk{"keys": public})
}

// find gives the key that a header asks for: by kid, or the only one that
// serves its alg.
func (s keySet) find(h header) (verifyKey, bool) {
	var fits keySet
	for _, key := range s {
		if key.serves(h.Algorithm) && (h.KeyID == "" || h.KeyID == key.KeyID || key.KeyID == "") {
			fits = append(fits, key)
		}
	}
	if len(fits) != 1 {
		return verifyKey{}, false
	}
	return fits[0], true
}

// ed25519Names are both in use for one algorithm (RFC 8037; RFC 9864).
var ed25519Names = []string{"EdDSA", "Ed25519"}

func (k verifyKey) serves(alg string) bool {
	if k.Type == "OKP" {
		return slices.Contains(ed25519Names, alg)
	}
	return k.Algorithm == alg
}

// The algorithms by what signs. An RSA key that names none serves RS256.
var (
	rsaMethods = map[string]gojwt.SigningMethod{
		"RS256": gojwt.SigningMethodRS256, "RS384": gojwt.SigningMethodRS384, "RS512": gojwt.SigningMethodRS512,
		"PS256": gojwt.SigningMethodPS256, "PS384": gojwt.SigningMethodPS384, "PS512": gojwt.SigningMethodPS512,
	}
	curves = map[string]struct {
		alg    string
		curve  elliptic.Curve
		method gojwt.SigningMethod
	}{
		"P-256": {"ES256", elliptic.P256(), gojwt.SigningMethodES256},
		"P-384": {"ES384", elliptic.P384(), gojwt.SigningMethodES384},
		"P-521": {"ES512", elliptic.P521(), gojwt.SigningMethodES512},
	}
)

func assertionAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
}

func (r registered) parse() (verifyKey, bool) {
	public := jwk{Type: r.Type, Use: "sig", Algorithm: r.Algorithm, KeyID: r.KeyID}
	switch r.Type {
	case "RSA":
		return r.parseRSA(public)
	case "EC":
		return r.parseEC(public)
	case "OKP":
		x, ok := decodeSegment(r.X)
		if !ok || r.Curve != "Ed25519" || len(x) != ed25519.PublicKeySize || r.Algorithm != "" && !slices.Contains(ed25519Names, r.Algorithm) {
			return verifyKey{}, false
		}
		public.Curve, public.X = r.Curve, r.X
		return verifyKey{public, gojwt.SigningMethodEdDSA, ed25519.PublicKey(x)}, true
	}
	return verifyKey{}, false
}

func (r registered) parseRSA(public jwk) (verifyKey, bool) {
	if public.Algorithm == "" {
		public.Algorithm = "RS256"
	}
	method, known := rsaMethods[public.Algorithm]
	modulus, okN := decodeSegment(r.Modulus)
	exponent, okE := decodeSegment(r.Exponent)
	if !known || !okN || !okE || len(exponent) > maxExponent {
		return verifyKey{}, false
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if n.BitLen() < minModulus || n.BitLen() > maxModulus || n.Bit(0) == 0 || e.Bit(0) == 0 || e.BitLen() < leastExpBits || e.BitLen() > 31 {
		return verifyKey{}, false
	}
	public.Modulus, public.Exponent = r.Modulus, r.Exponent
	return verifyKey{public, method, &rsa.PublicKey{N: n, E: int(e.Int64())}}, true
}

func (r registered) parseEC(public jwk) (verifyKey, bool) {
	kind, known := curves[r.Curve]
	x, okX := decodeSegment(r.X)
	y, okY := decodeSegment(r.Y)
	if !known || !okX || !okY || r.Algorithm != "" && r.Algorithm != kind.alg {
		return verifyKey{}, false
	}
	size := (kind.curve.Params().BitSize + 7) / 8 // each of full length (RFC 7518, section 6.2.1.2)
	if len(x) != size || len(y) != size {
		return verifyKey{}, false
	}
	key, err := ecdsa.ParseUncompressedPublicKey(kind.curve, slices.Concat([]byte{4}, x, y)) // refuses what is not on the curve
	if err != nil {
		return verifyKey{}, false
	}
	public.Algorithm, public.Curve, public.X, public.Y = kind.alg, r.Curve, r.X, r.Y
	return verifyKey{public, kind.method, key}, true
}
