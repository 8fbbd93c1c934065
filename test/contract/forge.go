package contract

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// members is a JSON object; a nil value takes a member away.
type members map[string]any

// with gives the members with some changed.
func (m members) with(changes members) members {
	out := maps.Clone(m)
	for name, value := range changes {
		if value == nil {
			delete(out, name)
			continue
		}
		out[name] = value
	}
	return out
}

func (m members) json() string {
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err) // the suites marshal plain values only
	}
	return string(raw)
}

// signer is a key of the codec under test with what a forger needs: the
// standard library's view of the same private key.
type signer struct {
	outbound.Key
	material outbound.KeyMaterial
	private  any // []byte, *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey
}

func newSigner(t testing.TB, codec outbound.TokenCodec, alg token.Algorithm) signer {
	t.Helper()
	material, err := codec.Generate(alg)
	ok(t, err)
	key, err := codec.Load(material.ID, alg, material.Private)
	ok(t, err)
	var private any = material.Private
	if alg != token.HS256 {
		private, err = x509.ParsePKCS8PrivateKey(material.Private)
		ok(t, err)
	}
	return signer{Key: key, material: material, private: private}
}

func (s signer) public() crypto.PublicKey { return s.private.(crypto.Signer).Public() }

// header is what a genuine token of the key says.
func (s signer) header() members {
	return members{"typ": "at+jwt", "alg": string(s.Algorithm()), "kid": s.ID()}
}

// payload is a genuine set of claims.
func payload() members {
	return members{
		"iss": "https://issuer.example", "sub": "0190b6f1-5d7e-7c3a-8a55-0123456789ab", "aud": []string{"https://issuer.example"},
		"iat": 1_900_000_000, "exp": 1_900_000_900, "jti": "0190b6f1-5d7e-7c3a-8a55-ba9876543210", "client_id": "keystone", "scope": "read:profile",
	}
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// forge makes a compact JWS of any header and payload with the key.
func (s signer) forge(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(s.sign(input))
}

// sign makes the signature of RFC 7515 over the input.
func (s signer) sign(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	var signature []byte
	var err error
	switch private := s.private.(type) {
	case []byte:
		signature = hmacOf(private, input)
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		r, v, failed := ecdsa.Sign(rand.Reader, private, sum[:])
		if err = failed; err == nil {
			signature = make([]byte, 64)
			r.FillBytes(signature[:32])
			v.FillBytes(signature[32:])
		}
	case ed25519.PrivateKey:
		signature = ed25519.Sign(private, []byte(input))
	default:
		err = fmt.Errorf("no key: %T", private)
	}
	if err != nil {
		panic(err) // only a broken suite gets here
	}
	return signature
}

func hmacOf(secret []byte, input string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return mac.Sum(nil)
}

// finder gives the keys by id, as a ring does.
func finder(keys ...signer) func(kid string) (outbound.Key, bool) {
	return func(kid string) (outbound.Key, bool) {
		for _, k := range keys {
			if k.ID() == kid {
				return k.Key, true
			}
		}
		return nil, false
	}
}

// parts gives the three parts of a compact JWS.
func parts(raw string) (header, payload, signature string) {
	split := strings.Split(raw, ".")
	return split[0], split[1], split[2]
}
