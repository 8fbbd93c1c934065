package contract

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

func assertionKeys(t *testing.T, reader outbound.Assertions, all []asserter) {
	t.Run("what is kept tells the public members alone, and is taken again", func(t *testing.T) {
		for _, by := range all {
			sent := by.public.with(members{"kid": "k", "use": "sig", "key_ops": []string{"verify"}, "x5c": []string{"MIIB"}, "note": "mine"})
			kept, err := reader.Keys([]byte(keySet(sent)))
			ok(t, err)
			var set struct{ Keys []map[string]any }
			ok(t, json.Unmarshal(kept, &set))
			if len(set.Keys) != 1 || set.Keys[0]["kid"] != "k" || set.Keys[0]["x5c"] != nil || set.Keys[0]["note"] != nil {
				t.Errorf("%s: kept %s", by.alg, kept)
			}
			again, err := reader.Keys(kept)
			ok(t, err)
			same(t, "kept twice", string(again), string(kept))
		}
	})
	ec, eddsa, rsaKey := all[2].public, all[len(all)-1].public, all[0].public
	small := new(big.Int).SetBit(new(big.Int).SetBit(new(big.Int), 2046, 1), 0, 1)
	huge := new(big.Int).SetBit(new(big.Int).SetBit(new(big.Int), 8192, 1), 0, 1)
	many := make([]members, 11)
	for i := range many {
		many[i] = eddsa.with(members{"kid": strings.Repeat("k", i+1)})
	}
	ten, err := reader.Keys([]byte(keySet(many[:10]...)))
	if ok(t, err); len(ten) == 0 {
		t.Error("ten keys were not kept")
	}
	for name, document := range map[string]string{
		"no set":                   ec.json(),
		"no JSON":                  `{`,
		"null":                     `null`,
		"a list":                   `[]`,
		"no keys":                  keySet(),
		"eleven":                   keySet(many...),
		"a private EC key":         keySet(ec.with(members{"d": "AAAA"})),
		"a private RSA key":        keySet(rsaKey.with(members{"p": "AAAA"})),
		"a secret":                 keySet(members{"kty": "oct", "k": b64([]byte(strings.Repeat("x", 32))), "alg": "HS256"}),
		"for encryption":           keySet(ec.with(members{"use": "enc"})),
		"for signing only":         keySet(ec.with(members{"key_ops": []string{"sign"}})),
		"two without a kid":        keySet(ec, eddsa),
		"one of two without a kid": keySet(ec.with(members{"kid": "k"}), eddsa),
		"two of one kid":           keySet(ec.with(members{"kid": "k"}), eddsa.with(members{"kid": "k"})),
		"an endless kid":           keySet(ec.with(members{"kid": strings.Repeat("k", 129)})),
		"an unknown type":          keySet(members{"kty": "AKP"}),
		"an unknown curve":         keySet(ec.with(members{"crv": "secp256k1"})),
		"X25519":                   keySet(eddsa.with(members{"crv": "X25519"})),
		"a point off the curve":    keySet(ec.with(members{"y": ec["x"]})),
		"a cut coordinate":         keySet(ec.with(members{"x": ec["x"].(string)[:40]})),
		"a cut Ed25519 key":        keySet(eddsa.with(members{"x": "AAAA"})),
		"RSA of 2047 bits":         keySet(rsaKey.with(members{"n": b64(small.Bytes())})),
		"RSA of 8193 bits":         keySet(rsaKey.with(members{"n": b64(huge.Bytes())})),
		"an exponent of 1":         keySet(rsaKey.with(members{"e": "AQ"})),
		"an even exponent":         keySet(rsaKey.with(members{"e": "AgAC"})),
		"another's algorithm":      keySet(ec.with(members{"alg": "RS256"})),
		"a symmetric algorithm":    keySet(rsaKey.with(members{"alg": "HS256"})),
		"none":                     keySet(rsaKey.with(members{"alg": "none"})),
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			_, err := reader.Keys([]byte(document))
			wantCode(t, err, domain.CodeInvalidInput)
			if e := domain.AsError(err); err != nil && (len(e.Fields) != 1 || e.Fields[0].Name != "jwks") {
				t.Errorf("fields %+v", e.Fields)
			}
		})
	}
}
