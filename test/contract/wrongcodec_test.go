package contract_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/jwt"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

func codecs(change func(*wrongCodec)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunTokenCodec(t, func(*testing.T) outbound.TokenCodec {
			c := &wrongCodec{TokenCodec: jwt.NewCodec(system.NewRandom()), made: map[string]outbound.KeyMaterial{}}
			change(c)
			return c
		})
	}
}

var wrongTokenCodecs = adapterSuite{
	variants: []string{"HS256", "ES256"},
	only:     "^(HS256|ES256|confusion|contention)$", // the clauses are the same for each algorithm
	spared:   map[string]string{"tokens/the full claims leave no field out": "it is about the suite, not about the adapter"},
	right:    codecs(func(*wrongCodec) {}),
	wrong: []wrongAdapter{
		{"makes one key", codecs(func(c *wrongCodec) { c.onlyKeys = map[token.Algorithm]outbound.KeyMaterial{} }), "keys are of the strength the port names and differ"},
		{"publishes private members", codecs(func(c *wrongCodec) {
			c.publish = func(m outbound.KeyMaterial) []byte {
				return []byte(strings.Replace(string(m.PublicJWK), "{", `{"d":"AAAA",`, 1))
			}
		}), "the published half tells nothing private"},
		{"publishes secrets", codecs(func(c *wrongCodec) {
			c.publish = func(m outbound.KeyMaterial) []byte { return append(m.PublicJWK, ' ') }
		}), "HS256/keys/the published half tells nothing private"},
		{"loads under another id", codecs(func(c *wrongCodec) { c.renames = true }), "a loaded key has its id"},
		{"loads anything", codecs(func(c *wrongCodec) { c.loadsAll = true }), "what is no key of the algorithm does not load"},
		{"forgets the session", codecs(reading(func(c *token.AccessClaims) { c.SessionID = "" })), "claims come back"},
		{"forgets who acts", codecs(reading(func(c *token.AccessClaims) { c.Actors = nil })), "claims come back"},
		{"forgets the key", codecs(reading(func(c *token.AccessClaims) { c.KeyID = "" })), "a client's claims come back"},
		{"tells times of another zone", codecs(reading(func(c *token.AccessClaims) { c.ExpiresAt = c.ExpiresAt.In(elsewhere) })), "claims come back"},
		{"says more in the header", codecs(func(c *wrongCodec) { c.header = func(m map[string]any) { m["x"] = "y" } }), "the header is typ, alg and kid"},
		{"leaves client_id out", codecs(func(c *wrongCodec) { c.payload = func(m map[string]any) { delete(m, "client_id") } }), "RFC 9068"},
		{"takes unknown keys", codecs(func(c *wrongCodec) { c.anyKey = true }), "an unknown key is refused"},
		{"takes its own only", codecs(func(c *wrongCodec) { c.mine = map[string]bool{} }), "of the standard library's making"},
		{"knows one spelling of typ", codecs(refusing(func(j jws) bool { return j.header["typ"] != "at+jwt" })), "accepted: the full media type"},
		{"knows one case of typ", codecs(refusing(func(j jws) bool { return j.header["typ"] == "AT+JWT" })), "accepted: the type in capitals"},
		{"refuses more members", codecs(refusing(func(j jws) bool { return j.header["x"] != nil })), "accepted: a member that nobody must understand"},
		{"passes over typ", codecs(accepting(func(j jws) bool { return j.header["typ"] != "at+jwt" })), "refused: typ JWT"},
		{"passes over alg", codecs(accepting(func(j jws) bool {
			return !slices.Contains(token.Algorithms(), token.Algorithm(j.text("alg")))
		})), "refused: alg none"},
		{"takes alg none", codecs(accepting(func(j jws) bool { return strings.EqualFold(j.text("alg"), "none") && j.signature == "" })), "alg none without signature"},
		{"lets the header choose", codecs(accepting(func(j jws) bool { return len(j.header) == 3 })), "said, signed by"},
		{"takes public keys for secrets", codecs(func(c *wrongCodec) { c.verify = c.confused }), "the public key as the secret of HS256"},
		{"passes over kid", codecs(accepting(func(j jws) bool { return !strings.HasPrefix(j.text("kid"), "key-") })), "refused: kid unknown"},
		{"passes over crit", codecs(accepting(func(j jws) bool { return j.header["crit"] != nil })), "refused: crit"},
		{"trusts keys in the token", codecs(accepting(func(j jws) bool {
			return j.header["jwk"] != nil || j.header["jku"] != nil || j.header["x5u"] != nil || j.header["x5c"] != nil
		})), "refused: keys that the token brings along"},
		{"follows key addresses", codecs(accepting(func(j jws) bool { return j.header["jku"] != nil })), "refused: a key address only"},
		{"reads headers loosely", codecs(accepting(func(j jws) bool { return !canonical(j.rawHeader) })), "refused: header alg twice"},
		{"wants no header", codecs(accepting(func(j jws) bool { return j.text("alg") == "" })), "refused: header null"},
		{"reads payloads loosely", codecs(func(c *wrongCodec) { c.verify = c.careless }), "payloads/refused: sub twice"},
		{"takes any length", codecs(accepting(func(j jws) bool { return len(j.raw) > 1<<19 })), "refused: 1 MB of payload"},
		{"tidies up first", codecs(func(c *wrongCodec) {
			c.verify = func(raw string, find keyFinder) (token.AccessClaims, error) {
				return c.TokenCodec.Verify(tidy(raw), find)
			}
		}), "refused: a trailing newline"},
		{"takes what is no token", codecs(accepting(func(j jws) bool { return !j.whole })), "refused: two dots"},
		{"verifies no signature", codecs(accepting(func(j jws) bool { return j.whole && strings.HasPrefix(j.text("kid"), "key-") || j.header["alg"] != nil })), "signatures/refused: zeros"},
		{"signs for one at a time", codecs(func(c *wrongCodec) { c.alone = &alone{} }), "32 that sign and verify at once"},
	},
}

// keyFinder looks a key up.
type keyFinder = func(kid string) (outbound.Key, bool)

func reading(change func(*token.AccessClaims)) func(*wrongCodec) {
	return func(c *wrongCodec) {
		c.verify = func(raw string, find keyFinder) (token.AccessClaims, error) {
			claims, err := c.TokenCodec.Verify(raw, find)
			if err == nil {
				change(&claims)
			}
			return claims, err
		}
	}
}

// accepting takes what a right codec refuses.
func accepting(when func(jws) bool) func(*wrongCodec) {
	return func(c *wrongCodec) {
		c.verify = func(raw string, find keyFinder) (token.AccessClaims, error) {
			claims, err := c.TokenCodec.Verify(raw, find)
			if err != nil && when(read(raw)) {
				return token.AccessClaims{Subject: "somebody"}, nil
			}
			return claims, err
		}
	}
}

// refusing refuses what a right codec takes.
func refusing(when func(jws) bool) func(*wrongCodec) {
	return func(c *wrongCodec) {
		c.verify = func(raw string, find keyFinder) (token.AccessClaims, error) {
			if when(read(raw)) {
				return c.TokenCodec.Verify("", find)
			}
			return c.TokenCodec.Verify(raw, find)
		}
	}
}

// confused verifies HS256 by whatever the named key published.
func (c *wrongCodec) confused(raw string, find keyFinder) (token.AccessClaims, error) {
	j := read(raw)
	if published := c.made[j.text("kid")].PublicJWK; j.text("alg") == "HS256" && published != nil && j.signedBy(published) {
		return token.AccessClaims{Subject: "somebody"}, nil
	}
	return c.TokenCodec.Verify(raw, find)
}

// careless looks at no more of a payload than at its signature.
func (c *wrongCodec) careless(raw string, find keyFinder) (token.AccessClaims, error) {
	claims, err := c.TokenCodec.Verify(raw, find)
	j := read(raw)
	if err != nil && len(j.header) == 3 && j.text("typ") == "at+jwt" && j.text("alg") == "HS256" && j.signedBy(c.made[j.text("kid")].Private) {
		return token.AccessClaims{Subject: "somebody"}, nil
	}
	return claims, err
}

// tidy makes a token of what holds one.
func tidy(raw string) string {
	raw = strings.NewReplacer("Bearer ", "", " ", "", "\n", "", "=", "", "\x00", "").Replace(raw)
	if split := strings.Split(strings.TrimPrefix(raw, "."), "."); len(split) >= 3 {
		return strings.Join([]string{split[0], split[1], recoded(split[2])}, ".")
	}
	var general struct {
		Protected, Payload, Signature string
		Signatures                    []struct{ Protected, Signature string }
	}
	if json.Unmarshal([]byte(raw), &general) != nil {
		return raw
	}
	if len(general.Signatures) > 0 {
		general.Protected, general.Signature = general.Signatures[0].Protected, general.Signatures[0].Signature
	}
	return general.Protected + "." + general.Payload + "." + general.Signature
}

func (j jws) signedBy(secret []byte) bool {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(j.raw[:max(0, strings.LastIndexByte(j.raw, '.'))]))
	return hmac.Equal(mac.Sum(nil), []byte(j.signature))
}
