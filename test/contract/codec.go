package contract

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunTokenCodec holds an implementation to outbound.TokenCodec and to the
// outbound.Key it loads: that it is
// right, and that it takes nothing else (RFC 8725, RFC 9068).
func RunTokenCodec(t *testing.T, open func(t *testing.T) outbound.TokenCodec) {
	codec := open(t)
	signers := map[token.Algorithm]signer{}
	for _, alg := range token.Algorithms() {
		signers[alg] = newSigner(t, codec, alg)
	}
	for _, alg := range token.Algorithms() {
		t.Run(string(alg), func(t *testing.T) {
			t.Run("keys", func(t *testing.T) { codecKeys(t, codec, signers[alg]) })
			t.Run("tokens", func(t *testing.T) { codecTokens(t, codec, signers[alg]) })
			t.Run("headers", func(t *testing.T) { codecHeaders(t, codec, signers[alg]) })
			t.Run("payloads", func(t *testing.T) { codecPayloads(t, codec, signers[alg]) })
			t.Run("forms", func(t *testing.T) { codecForms(t, codec, signers[alg]) })
			t.Run("signatures", func(t *testing.T) { codecSignatures(t, codec, signers[alg]) })
		})
	}
	t.Run("confusion", func(t *testing.T) { codecConfusion(t, codec, signers) })
	t.Run("contention", func(t *testing.T) {
		t.Run("32 that sign and verify at once: all agree", func(t *testing.T) {
			wantAll(t, race(32, func(i int) error {
				by, claims := signers[token.Algorithms()[i%4]], userClaims()
				raw, err := codec.Sign(within(t), by.Key, claims)
				if err != nil {
					return err
				}
				got, err := codec.Verify(raw, finder(by))
				claims.KeyID = by.ID()
				same(t, "claims", got, claims)
				return err
			}))
		})
	})
}

func userClaims() token.AccessClaims {
	at := given.Now.Truncate(time.Second)
	return token.AccessClaims{
		Issuer: "https://issuer.example", Subject: given.ID().String(), Audience: []string{"https://issuer.example", "https://api.example"},
		IssuedAt: at, NotBefore: at.Add(time.Second), ExpiresAt: at.Add(15 * time.Minute), ID: given.ID().String(), ClientID: "keystone",
		Scope: scope.NewSet(scope.ReadProfile, scope.WriteProfile), Username: "Zo\u00eb \"<&>\" \\ \u2028", Roles: []string{"admin", "user"}, SessionID: given.ID().String(),
		Actors:  []token.Actor{{Subject: "gateway \"1\"", ClientID: "gateway"}, {Subject: "app", ClientID: "app"}},
		MayAct:  "gateway",
		Sources: []token.Source{{ID: given.ID().String(), ClientID: "app", SessionID: given.ID().String()}, {ID: given.ID().String(), ClientID: "keystone"}},

		Impersonators: []string{"gateway", "app \"2\""},
	}
}

func clientClaims() token.AccessClaims {
	at := given.Now.Truncate(time.Second)
	return token.AccessClaims{
		Issuer: "https://issuer.example", Subject: "client-1", Audience: []string{"https://issuer.example"},
		IssuedAt: at, ExpiresAt: at.Add(time.Minute), ID: given.ID().String(), ClientID: "client-1",
	}
}

func wantRefused(t testing.TB, codec outbound.TokenCodec, raw string, find func(string) (outbound.Key, bool)) {
	t.Helper()
	claims, err := codec.Verify(raw, find)
	wantCode(t, err, domain.CodeInvalidToken)
	wantKind(t, err, domain.KindUnauthenticated)
	if err != nil {
		same(t, "claims of a refused token", claims, token.AccessClaims{})
	}
}

func wantAccepted(t testing.TB, codec outbound.TokenCodec, raw string, by signer) {
	t.Helper()
	claims, err := codec.Verify(raw, finder(by))
	if err != nil {
		t.Errorf("refused: %v", err)
		return
	}
	same(t, "key id", claims.KeyID, by.ID())
}

func codecKeys(t *testing.T, codec outbound.TokenCodec, by signer) {
	alg := by.Algorithm()
	t.Run("a loaded key has its id and algorithm", func(t *testing.T) {
		if by.ID() == "" || by.ID() != by.material.ID {
			t.Errorf("id %q, want %q", by.ID(), by.material.ID)
		}
	})
	t.Run("keys are of the strength the port names and differ", func(t *testing.T) {
		another := newSigner(t, codec, alg)
		if another.ID() == by.ID() || string(another.material.Private) == string(by.material.Private) {
			t.Error("two keys are one")
		}
		strong := false
		switch private := by.private.(type) {
		case []byte:
			strong = alg == token.HS256 && len(private) == 32
		case *rsa.PrivateKey:
			strong = alg == token.RS256 && private.N.BitLen() == 2048 && private.E == 65537
		case *ecdsa.PrivateKey:
			strong = alg == token.ES256 && private.Curve.Params().Name == "P-256"
		case ed25519.PrivateKey:
			strong = alg == token.EdDSA
		}
		if !strong {
			t.Errorf("%T is no key for %s", by.private, alg)
		}
	})
	t.Run("the published half tells nothing private", func(t *testing.T) {
		if alg == token.HS256 {
			same(t, "published", by.material.PublicJWK, []byte(nil))
			return
		}
		var published members
		ok(t, json.Unmarshal(by.material.PublicJWK, &published))
		said := members{"kid": by.ID(), "alg": string(alg), "use": "sig"}
		for name, want := range said {
			if published[name] != want {
				t.Errorf("%s is %v, want %v", name, published[name], want)
			}
		}
		for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
			if _, there := published[name]; there {
				t.Errorf("it has the private member %s (RFC 7518, section 6)", name)
			}
		}
	})
	t.Run("what is no key of the algorithm does not load", func(t *testing.T) {
		for _, other := range token.Algorithms() {
			if other == alg || other == token.HS256 && alg != token.HS256 {
				continue // any bytes could be a secret
			}
			if _, err := codec.Load(by.ID(), other, by.material.Private); err == nil {
				t.Errorf("a key of %s loads as %s", alg, other)
			}
		}
		for _, broken := range [][]byte{nil, {}, by.material.Private[:len(by.material.Private)-1]} {
			_, err := codec.Load(by.ID(), alg, broken)
			wantStopped(t, "loading a broken key", err)
		}
		_, err := codec.Load(by.ID(), "none", by.material.Private)
		wantStopped(t, "loading for alg none", err)
		_, err = codec.Generate("none")
		wantStopped(t, "generating for alg none", err)
	})
}

func codecTokens(t *testing.T, codec outbound.TokenCodec, by signer) {
	full := userClaims()
	full.KeyID = "set by verification"
	t.Run("the full claims leave no field out", func(t *testing.T) { wantFull(t, full) })
	for name, claims := range map[string]token.AccessClaims{"a user's": full, "a client's": clientClaims()} {
		t.Run(name+" claims come back as they were, with the key's id", func(t *testing.T) {
			raw, err := codec.Sign(within(t), by.Key, claims)
			ok(t, err)
			got, err := codec.Verify(raw, finder(by))
			ok(t, err)
			want := claims
			want.KeyID = by.ID()
			same(t, "claims", got, want)
		})
	}
	t.Run("the header is typ, alg and kid, and nothing more", func(t *testing.T) {
		raw, err := codec.Sign(within(t), by.Key, clientClaims())
		ok(t, err)
		encoded, _, _ := parts(raw)
		decoded, err := base64.RawURLEncoding.DecodeString(encoded)
		ok(t, err)
		var header members
		ok(t, json.Unmarshal(decoded, &header))
		same(t, "header", header.json(), by.header().json())
	})
	t.Run("the claims are those of RFC 9068, section 2.2", func(t *testing.T) {
		raw, err := codec.Sign(within(t), by.Key, userClaims())
		ok(t, err)
		_, encoded, _ := parts(raw)
		decoded, err := base64.RawURLEncoding.DecodeString(encoded)
		ok(t, err)
		var claims members
		ok(t, json.Unmarshal(decoded, &claims))
		for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "username", "roles", "sid"} {
			if _, there := claims[name]; !there {
				t.Errorf("%s is missing", name)
			}
		}
		same(t, "scope", claims["scope"], any("read:profile write:profile"))
	})
	t.Run("a token of the standard library's making is accepted", func(t *testing.T) {
		wantAccepted(t, codec, by.forge(by.header().json(), payload().json()), by)
	})
	t.Run("an unknown key is refused", func(t *testing.T) {
		raw := by.forge(by.header().json(), payload().json())
		wantRefused(t, codec, raw, finder())
		wantRefused(t, codec, raw, finder(newSigner(t, codec, by.Algorithm())))
	})
}
