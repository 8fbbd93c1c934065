package contract

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RunAssertions holds an implementation to outbound.Assertions: that it reads
// what clients sign, and takes nothing else (RFC 8725, RFC 7523).
func RunAssertions(t *testing.T, open func(t *testing.T) outbound.Assertions) {
	reader := open(t)
	all := newAsserters(t)
	t.Run("algorithms are asymmetric", func(t *testing.T) {
		for _, alg := range reader.Algorithms() {
			if strings.HasPrefix(alg, "HS") || strings.EqualFold(alg, "none") {
				t.Errorf("%s signs nothing", alg)
			}
		}
		for _, by := range all {
			if !contains(reader.Algorithms(), by.alg) {
				t.Errorf("%s is missing", by.alg)
			}
		}
	})
	t.Run("keys", func(t *testing.T) { assertionKeys(t, reader, all) })
	for _, by := range all {
		t.Run(by.alg, func(t *testing.T) {
			assertionClaims(t, reader, by)
			assertionHeaders(t, reader, by)
			assertionForms(t, reader, by)
		})
	}
	t.Run("confusion", func(t *testing.T) { assertionConfusion(t, reader, all) })
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// asserter is a client's key pair, as the standard library has it.
type asserter struct {
	alg     string
	private crypto.Signer
	public  members // as a JWK
}

func newAsserters(t testing.TB) []asserter {
	t.Helper()
	var all []asserter
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	ok(t, err)
	for _, alg := range []string{"RS256", "PS384"} {
		all = append(all, asserter{alg, rsaKey, members{"kty": "RSA", "alg": alg, "n": b64(rsaKey.N.Bytes()), "e": "AQAB"}})
	}
	all = append(all, newECAsserter(t, "ES256", elliptic.P256()), newECAsserter(t, "ES384", elliptic.P384()), newECAsserter(t, "ES512", elliptic.P521()))
	public, private, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	return append(all, asserter{"EdDSA", private, members{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}})
}

func newECAsserter(t testing.TB, alg string, curve elliptic.Curve) asserter {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	ok(t, err)
	point, err := key.PublicKey.Bytes() // 4, X, Y
	ok(t, err)
	half := len(point) / 2
	return asserter{alg, key, members{"kty": "EC", "crv": curve.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}}
}

// assertionTyp is the explicit typ that the suite asks for.
const assertionTyp = token.ClientAuthenticationType

// keySet is a JWK Set of the keys.
func keySet(keys ...members) string { return members{"keys": keys}.json() }

// registered gives the key alone, named `k`, as a client registers it.
func (a asserter) registered(t testing.TB, reader outbound.Assertions) []byte {
	t.Helper()
	kept, err := reader.Keys([]byte(keySet(a.public.with(members{"kid": "k"}))))
	ok(t, err)
	return kept
}

func (a asserter) header() members { return members{"typ": "JWT", "alg": a.alg, "kid": "k"} }

func assertionPayload() members {
	return members{"iss": "client-1", "sub": "client-1", "aud": "https://issuer.example", "jti": "one", "exp": 1_900_000_060, "iat": 1_900_000_000, "nbf": 1_899_999_999}
}

func (a asserter) forge(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(a.sign(input))
}

func (a asserter) sign(input string) []byte {
	var hash crypto.Hash
	var sum []byte
	switch a.alg[2:] {
	case "384":
		s := sha512.Sum384([]byte(input))
		hash, sum = crypto.SHA384, s[:]
	case "512":
		s := sha512.Sum512([]byte(input))
		hash, sum = crypto.SHA512, s[:]
	default:
		s := sha256.Sum256([]byte(input))
		hash, sum = crypto.SHA256, s[:]
	}
	var signature []byte
	var err error
	switch private := a.private.(type) {
	case *rsa.PrivateKey:
		if strings.HasPrefix(a.alg, "PS") {
			signature, err = rsa.SignPSS(rand.Reader, private, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(rand.Reader, private, hash, sum)
		}
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, private, sum); err == nil {
			size := (private.Curve.Params().BitSize + 7) / 8
			signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
	case ed25519.PrivateKey:
		signature = ed25519.Sign(private, []byte(input))
	}
	if err != nil {
		panic(err) // only a broken suite gets here
	}
	return signature
}

func wantNoAssertion(t testing.TB, reader outbound.Assertions, raw string, keys []byte) {
	t.Helper()
	claims, err := reader.Verify(raw, keys, assertionTyp)
	wantCode(t, err, domain.CodeInvalidToken)
	wantKind(t, err, domain.KindUnauthenticated)
	if err != nil {
		same(t, "claims of a refused assertion", claims, token.Assertion{})
	}
}

func assertionClaims(t *testing.T, reader outbound.Assertions, by asserter) {
	keys := by.registered(t, reader)
	t.Run("claims come as they were signed", func(t *testing.T) {
		raw := by.forge(by.header().json(), assertionPayload().json())
		got, err := reader.Verify(raw, keys, assertionTyp)
		ok(t, err)
		same(t, "assertion", got, token.Assertion{
			Issuer: "client-1", Subject: "client-1", Audience: []string{"https://issuer.example"}, ID: "one",
			ExpiresAt: time.Unix(1_900_000_060, 0).UTC(), IssuedAt: time.Unix(1_900_000_000, 0).UTC(), NotBefore: time.Unix(1_899_999_999, 0).UTC(),
		})
		same(t, "subject before anything is verified", reader.Subject(raw), "client-1")
		same(t, "subject of a forgery", reader.Subject(raw+"x"), "client-1")
	})
	t.Run("what is absent is zero, and audiences are a list", func(t *testing.T) {
		got, err := reader.Verify(by.forge(by.header().json(), `{"aud":["a","b"]}`), keys, assertionTyp)
		ok(t, err)
		same(t, "assertion", got, token.Assertion{Audience: []string{"a", "b"}})
	})
	for name, payload := range map[string]string{
		"no object": `[]`, "null": `null`, "empty": ``, "exp a text": `{"exp":"1"}`, "sub twice": `{"sub":"a","sub":"b"}`, "aud a number": `{"aud":7}`,
		"trailing": `{}{}`, "exp beyond times": `{"exp":1e400}`,
	} {
		t.Run("refused: payload "+name, func(t *testing.T) { wantNoAssertion(t, reader, by.forge(by.header().json(), payload), keys) })
	}
}

func assertionHeaders(t *testing.T, reader outbound.Assertions, by asserter) {
	keys, claims := by.registered(t, reader), assertionPayload().json()
	for name, header := range map[string]members{
		"no typ": {"typ": nil}, "typ in lower case": {"typ": "jwt"}, "the typ asked for": {"typ": assertionTyp},
		"the whole media type asked for": {"typ": "application/" + assertionTyp}, "no kid, of one key": {"kid": nil}, "a member that nobody must understand": {"x": "y"},
	} {
		t.Run("accepted: "+name, func(t *testing.T) {
			_, err := reader.Verify(by.forge(by.header().with(header).json(), claims), keys, assertionTyp)
			ok(t, err)
		})
	}
	for name, header := range map[string]members{
		"typ at+jwt": {"typ": "at+jwt"}, "typ of another": {"typ": "logout+jwt"}, "alg none": {"alg": "none"}, "alg NONE": {"alg": "NONE"}, "no alg": {"alg": nil},
		"alg HS256": {"alg": "HS256"}, "alg in lower case": {"alg": strings.ToLower(by.alg)}, "another kid": {"kid": "other"}, "kid a number": {"kid": 1},
		"crit": {"crit": []string{"exp"}}, "crit empty": {"crit": []string{}}, "b64": {"crit": []string{"b64"}, "b64": false},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			wantNoAssertion(t, reader, by.forge(by.header().with(header).json(), claims), keys)
		})
	}
	t.Run("refused: an explicit typ where none is asked for", func(t *testing.T) {
		claims, err := reader.Verify(by.forge(by.header().with(members{"typ": assertionTyp}).json(), claims), keys, "")
		wantCode(t, err, domain.CodeInvalidToken)
		same(t, "claims of a refused assertion", claims, token.Assertion{})
	})
	t.Run("refused: keys that the assertion brings along", func(t *testing.T) {
		attacker := newECAsserter(t, "ES256", elliptic.P256())
		for _, bring := range []members{{"jwk": attacker.public}, {"jku": "https://keys.example"}, {"x5u": "https://keys.example"}, {"x5c": []string{"MIIB"}}} {
			wantNoAssertion(t, reader, attacker.forge(attacker.header().with(bring).json(), claims), keys)
		}
	})
}

func assertionForms(t *testing.T, reader outbound.Assertions, by asserter) {
	keys := by.registered(t, reader)
	genuine := by.forge(by.header().json(), assertionPayload().json())
	header, claims, signature := parts(genuine)
	for name, raw := range map[string]string{
		"nothing": "", "one part": header, "two parts": header + "." + claims, "no signature": header + "." + claims + ".", "four parts": genuine + ".x",
		"of another payload": header + "." + b64([]byte("{}")) + "." + signature, "padded": genuine + "=", "with a line break": header + "\n." + claims + "." + signature,
		"zeros for a signature": header + "." + claims + "." + b64(make([]byte, len(signature)*3/4)), "too long": genuine + strings.Repeat("x", 20_000),
	} {
		t.Run("refused: "+name, func(t *testing.T) { wantNoAssertion(t, reader, raw, keys) })
	}
	t.Run("refused: no keys at all", func(t *testing.T) { wantNoAssertion(t, reader, genuine, nil) })
}

// assertionConfusion takes keys for what they are not (RFC 8725, section 2.1).
func assertionConfusion(t *testing.T, reader outbound.Assertions, all []asserter) {
	claims := assertionPayload().json()
	for _, by := range all {
		for _, other := range all {
			if by.alg == other.alg {
				continue
			}
			t.Run(by.alg+" by the key of "+other.alg, func(t *testing.T) {
				keys := other.registered(t, reader)
				wantNoAssertion(t, reader, by.forge(by.header().json(), claims), keys)
				wantNoAssertion(t, reader, by.forge(by.header().with(members{"alg": other.alg}).json(), claims), keys)
			})
		}
		t.Run("the public key of "+by.alg+" as a secret", func(t *testing.T) {
			keys := by.registered(t, reader)
			input := b64([]byte(by.header().with(members{"alg": "HS256"}).json())) + "." + b64([]byte(claims))
			wantNoAssertion(t, reader, input+"."+b64(hmacOf(keys, input)), keys)
		})
	}
	t.Run("of several keys the kid decides", func(t *testing.T) {
		first, second := newECAsserter(t, "ES256", elliptic.P256()), newECAsserter(t, "ES256", elliptic.P256())
		keys, err := reader.Keys([]byte(keySet(first.public.with(members{"kid": "k"}), second.public.with(members{"kid": "l"}))))
		ok(t, err)
		_, err = reader.Verify(second.forge(second.header().with(members{"kid": "l"}).json(), claims), keys, assertionTyp)
		ok(t, err)
		wantNoAssertion(t, reader, second.forge(second.header().json(), claims), keys)
		wantNoAssertion(t, reader, second.forge(second.header().with(members{"kid": nil}).json(), claims), keys)
	})
}
