package contract

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// codecHeaders signs headers that are not those of an access token with the
// right key: only the header can be the reason to refuse.
func codecHeaders(t *testing.T, codec outbound.TokenCodec, by signer) {
	for name, header := range map[string]members{
		"as it is":                             by.header(),
		"the full media type":                  by.header().with(members{"typ": "application/at+jwt"}),
		"the type in capitals":                 by.header().with(members{"typ": "AT+JWT"}), // RFC 7515, section 4.1.9
		"a member that nobody must understand": by.header().with(members{"x": "y"}),
	} {
		t.Run("accepted: "+name, func(t *testing.T) { wantAccepted(t, codec, by.forge(header.json(), payload().json()), by) })
	}
	self := "https://keys.example"
	for name, header := range map[string]members{
		"typ JWT":              by.header().with(members{"typ": "JWT"}),
		"typ id token":         by.header().with(members{"typ": "id+jwt"}),
		"typ longer":           by.header().with(members{"typ": "at+jwt2"}),
		"typ spaced":           by.header().with(members{"typ": " at+jwt"}),
		"typ empty":            by.header().with(members{"typ": ""}),
		"typ a number":         by.header().with(members{"typ": 1}),
		"typ a list":           by.header().with(members{"typ": []string{"at+jwt"}}),
		"no typ":               by.header().with(members{"typ": nil}),
		"alg none":             by.header().with(members{"alg": "none"}),
		"alg nOnE":             by.header().with(members{"alg": "nOnE"}),
		"alg empty":            by.header().with(members{"alg": ""}),
		"alg in lower case":    by.header().with(members{"alg": strings.ToLower(string(by.Algorithm()))}),
		"alg of another size":  by.header().with(members{"alg": "HS512"}),
		"alg a list":           by.header().with(members{"alg": []string{string(by.Algorithm())}}),
		"no alg":               by.header().with(members{"alg": nil}),
		"kid unknown":          by.header().with(members{"kid": "unknown"}),
		"kid empty":            by.header().with(members{"kid": ""}),
		"kid a number":         by.header().with(members{"kid": 7}),
		"kid a list":           by.header().with(members{"kid": []string{by.ID()}}),
		"kid spaced":           by.header().with(members{"kid": by.ID() + " "}),
		"kid a path":           by.header().with(members{"kid": "../../dev/null"}),
		"kid with NUL":         by.header().with(members{"kid": by.ID() + "\x00"}),
		"no kid":               by.header().with(members{"kid": nil}),
		"crit":                 by.header().with(members{"crit": []string{"exp"}}),
		"crit of what is here": by.header().with(members{"crit": []string{"x"}, "x": "y"}),
		"crit empty":           by.header().with(members{"crit": []string{}}),
		"crit a string":        by.header().with(members{"crit": "b64"}),
		"b64 with crit":        by.header().with(members{"crit": []string{"b64"}, "b64": false}), // RFC 7797
		"a key address only":   {"typ": "at+jwt", "alg": string(by.Algorithm()), "jku": self, "x5u": self},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			wantRefused(t, codec, by.forge(header.json(), payload().json()), finder(by))
		})
	}
	genuine := by.header().json()
	for name, header := range map[string]string{
		"alg twice":           `{"alg":"none",` + genuine[1:],
		"alg twice, last":     genuine[:len(genuine)-1] + `,"alg":"none"}`,
		"kid twice":           `{"kid":"other",` + genuine[1:],
		"typ twice":           `{"typ":"JWT",` + genuine[1:],
		"alg twice, escaped":  `{"\u0061lg":"none",` + genuine[1:],
		"no object":           `["at+jwt"]`,
		"null":                `null`,
		"a string":            `"at+jwt"`,
		"cut":                 genuine[:len(genuine)-1],
		"trailing":            genuine + `{}`,
		"empty":               ``,
		"broken UTF-8":        strings.Replace(genuine, `"typ"`, "\"x\":\"\xff\",\"typ\"", 1),
		"members in capitals": strings.NewReplacer(`"alg"`, `"ALG"`, `"kid"`, `"KID"`, `"typ"`, `"TYP"`).Replace(genuine),
	} {
		t.Run("refused: header "+name, func(t *testing.T) {
			wantRefused(t, codec, by.forge(header, payload().json()), finder(by))
		})
	}
	t.Run("refused: keys that the token brings along", func(t *testing.T) {
		attacker := newSigner(t, codec, by.Algorithm())
		for _, bring := range []members{
			{"jwk": members{"kty": "oct", "k": b64([]byte("secret")), "kid": by.ID()}},
			{"jku": self}, {"x5u": self}, {"x5c": []string{"MIIB"}},
		} {
			wantRefused(t, codec, attacker.forge(by.header().with(bring).json(), payload().json()), finder(by))
		}
	})
}

func codecPayloads(t *testing.T, codec outbound.TokenCodec, by signer) {
	genuine := payload().json()
	for name, claims := range map[string]string{
		"no object":               `["sub"]`,
		"null":                    `null`,
		"empty":                   ``,
		"cut":                     genuine[:len(genuine)-1],
		"trailing":                genuine + `{}`,
		"exp a string":            payload().with(members{"exp": "1900000900"}).json(),
		"exp a list":              payload().with(members{"exp": []int{1}}).json(),
		"exp beyond times":        strings.Replace(genuine, "1900000900", "1e400", 1),
		"sub a number":            payload().with(members{"sub": 7}).json(),
		"act a text":              payload().with(members{"act": "app"}).json(),
		"act.sub a number":        payload().with(members{"act": members{"sub": 7}}).json(),
		"may_act of no one":       payload().with(members{"may_act": members{}}).json(),
		"sources a text":          payload().with(members{"derived_from": "x"}).json(),
		"impersonator a text":     payload().with(members{"impersonated_by": "app"}).json(),
		"impersonator of no name": payload().with(members{"impersonated_by": []string{""}}).json(),
		"sub twice":               `{"sub":"someone else",` + genuine[1:],
		"exp twice":               `{"exp":9900000000,` + genuine[1:],
		"scope a list":            payload().with(members{"scope": []string{"read:users"}}).json(),
		"an encrypted JWT":        "eyJhbGciOiJkaXIifQ",
	} {
		t.Run("refused: "+name, func(t *testing.T) { wantRefused(t, codec, by.forge(by.header().json(), claims), finder(by)) })
	}
}

// codecForms bends the outer form of a genuine token.
func codecForms(t *testing.T, codec outbound.TokenCodec, by signer) {
	raw := by.forge(by.header().json(), payload().json())
	header, claims, signature := parts(raw)
	plain, err := base64.RawURLEncoding.DecodeString(claims)
	ok(t, err)
	last := strings.IndexByte(alphabet, signature[len(signature)-1])
	for name, bent := range map[string]string{
		"empty": "", "one dot": ".", "two dots": "..", "no dots": strings.ReplaceAll(raw, ".", ""),
		"one part": header, "two parts": header + "." + claims, "four parts": raw + ".", "five parts": raw + "." + header + "." + claims,
		"a leading dot": "." + raw, "no header": "." + claims + "." + signature, "no payload": header + ".." + signature,
		"no signature": header + "." + claims + ".", "padding": raw + "=", "double padding": raw + "==", "padded header": header + "==." + claims + "." + signature,
		"a trailing newline": raw + "\n", "a leading space": " " + raw, "a newline inside": header + ".\n" + claims + "." + signature,
		"a trailing NUL": raw + "\x00", "Bearer in front": "Bearer " + raw, "plain payload": header + "." + string(plain) + "." + signature,
		"bits beyond the last byte": raw[:len(raw)-1] + string(alphabet[last^1]),
		"the JSON serialisation":    fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, header, claims, signature),
		"the general serialisation": fmt.Sprintf(`{"payload":"%s","signatures":[{"protected":"%s","signature":"%s"}]}`, claims, header, signature),
		"1 MB of one letter":        strings.Repeat("a", 1<<20),
		"1 MB of dots":              strings.Repeat(".", 1<<20),
		"1 MB of payload":           by.forge(by.header().json(), payload().with(members{"x": strings.Repeat("a", 1<<20)}).json()),
		"1 MB of nesting":           by.forge(by.header().json(), strings.Repeat("[", 1<<20)),
		"1 MB of header":            by.forge(by.header().with(members{"x": strings.Repeat("a", 1<<20)}).json(), payload().json()),
		"1 MB of signature":         raw + strings.Repeat("A", 1<<20),
	} {
		t.Run("refused: "+name, func(t *testing.T) { wantRefused(t, codec, bent, finder(by)) })
	}
	t.Run("refused: cut at any length", func(t *testing.T) {
		for n := range raw {
			wantRefused(t, codec, raw[:n], finder(by))
		}
	})
	t.Run("refused: any letter changed", func(t *testing.T) {
		for i := range raw {
			bent := []byte(raw)
			if bent[i]++; raw[i] == '.' {
				bent[i] = 'A'
			}
			wantRefused(t, codec, string(bent), finder(by))
		}
	})
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func codecSignatures(t *testing.T, codec outbound.TokenCodec, by signer) {
	raw := by.forge(by.header().json(), payload().json())
	header, claims, encoded := parts(raw)
	signature, err := base64.RawURLEncoding.DecodeString(encoded)
	ok(t, err)
	refused := func(name string, signature []byte) {
		t.Run("refused: "+name, func(t *testing.T) { wantRefused(t, codec, header+"."+claims+"."+b64(signature), finder(by)) })
	}
	refused("zeros", make([]byte, len(signature))) // CVE-2022-21449
	refused("ones", []byte(strings.Repeat("\xff", len(signature))))
	refused("one byte short", signature[:len(signature)-1])
	refused("one byte more", append(append([]byte(nil), signature...), 0))
	refused("of another header", by.sign(b64([]byte("{}"))+"."+claims))
	refused("of another payload", by.sign(header+"."+b64([]byte("{}"))))
	refused("of the payload alone", by.sign(claims))
	refused("by another key of the algorithm", newSigner(t, codec, by.Algorithm()).sign(header+"."+claims))
	if key, is := by.private.(*ecdsa.PrivateKey); is {
		r, v := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, v})
		ok(t, err)
		refused("in DER (RFC 7518, section 3.4)", der)
		order := key.Curve.Params().N.FillBytes(make([]byte, 32))
		refused("of the order and zero", append(order, make([]byte, 32)...))
	}
}

// codecConfusion takes keys for what they are not (RFC 8725, section 2.1).
func codecConfusion(t *testing.T, codec outbound.TokenCodec, signers map[token.Algorithm]signer) {
	for _, by := range signers {
		for _, other := range signers {
			if by.Algorithm() == other.Algorithm() {
				continue
			}
			named := fmt.Sprintf("a key of %s named, ", other.Algorithm())
			t.Run(named+fmt.Sprintf("%s said, signed by %[1]s's", by.Algorithm()), func(t *testing.T) {
				header := by.header().with(members{"kid": other.ID()})
				wantRefused(t, codec, by.forge(header.json(), payload().json()), finder(by, other))
			})
			t.Run(named+fmt.Sprintf("%s said, signed by the named", by.Algorithm()), func(t *testing.T) {
				header := other.header().with(members{"alg": string(by.Algorithm())})
				wantRefused(t, codec, other.forge(header.json(), payload().json()), finder(by, other))
			})
		}
		t.Run(string(by.Algorithm())+": alg none without signature", func(t *testing.T) {
			for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
				raw := b64([]byte(by.header().with(members{"alg": alg}).json())) + "." + b64([]byte(payload().json())) + "."
				wantRefused(t, codec, raw, finder(by))
			}
		})
		if by.Algorithm() == token.HS256 {
			continue
		}
		t.Run(string(by.Algorithm())+": the public key as the secret of HS256", func(t *testing.T) {
			der, err := x509.MarshalPKIXPublicKey(by.public())
			ok(t, err)
			armoured := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
			input := b64([]byte(by.header().with(members{"alg": "HS256"}).json())) + "." + b64([]byte(payload().json()))
			for _, secret := range [][]byte{der, armoured, by.material.PublicJWK, []byte(by.ID()), nil} {
				wantRefused(t, codec, input+"."+b64(hmacOf(secret, input)), finder(by))
			}
		})
	}
}
