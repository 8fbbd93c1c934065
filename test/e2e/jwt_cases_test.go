package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// forgery is a token that must not pass, whoever signed it.
type forgery struct{ name, token string }

// wantRefused holds a bearer to 401 at the API, and to being inactive.
func (w *world) wantRefused(t *testing.T, forged forgery) {
	t.Helper()
	c := me(forged.token)
	c.header, c.bearer = http.Header{"Authorization": {"Bearer " + forged.token}}, "" // the forged is no secret
	got := w.send(t, c)
	holds(t, contractCase{status: unauthorized, code: "invalid_token", says: []string{"Bearer", `error="invalid_token"`}}, got)
	wellFormed(t, c, got)
	if len(forged.token) < 1<<19 {
		isInactive(t, w.introspected(t, w.guard, forged.token))
	}
}

// TestForgedTokens presents what is signed with the right key and wrong
// otherwise, and what is right but for its signature (RFC 8725, RFC 9068).
func TestForgedTokens(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		f := s.forger(t, w.session.Access)
		thief := newThief(t, f)
		for name, raw := range map[string]string{
			"as it is": f.token(f.header, f.payload), "JWT-12 the full media type": f.headed("typ", "application/at+jwt"),
			"JWT-11 our audience among others": f.saying("aud", []string{"https://other.example", s.Issuer}),
			"JWT-09 iat in the future":         f.saying("iat", time.Now().Add(time.Hour).Unix()), // says nothing of what is valid now
			"JWT-09 nbf in the past":           f.saying("nbf", time.Now().Add(-time.Hour).Unix()),
		} {
			t.Run("accepted/"+name, func(t *testing.T) { w.want(t, http.StatusOK, me(raw)) })
		}
		for _, area := range [][]forgery{
			forgedHeaders(f), forgedTimes(f), forgedParties(f, s.Issuer), forgedSignatures(t, f), forgedForms(f),
			thief.brought(f),
		} {
			for _, each := range area {
				t.Run(each.name, func(t *testing.T) { w.wantRefused(t, each) })
			}
		}
		if n := thief.asked.Load(); n != 0 {
			t.Errorf("JWT-05: %d connections to where the tokens pointed", n)
		}
		w.want(t, http.StatusOK, me(w.session.Access))
	})
}

func forgedHeaders(f *forger) []forgery {
	list := []forgery{{"JWT-04 kid missing", f.headed("kid", nil)}}
	for name, kid := range map[string]any{
		"a path": "../../../../dev/null", "SQL": "' OR '1'='1", "a command": "$(id)", "NUL": f.kid + "\x00", "percent": "%00",
		"10 KB": strings.Repeat("k", 10<<10), "a number": 7, "an array": []string{f.kid}, "unknown": "01a20938-0000-7000-8000-000000000000",
		"empty": "", "upper case": strings.ToUpper(f.kid) + "A", "a space": f.kid + " ",
	} {
		list = append(list, forgery{"JWT-04 kid " + name, f.headed("kid", kid)})
	}
	for name, crit := range map[string]any{"exp": []string{"exp"}, "x": []string{"x"}, "empty": []string{}, "a string": "exp"} {
		list = append(list, forgery{"JWT-07 crit " + name, f.headed("crit", crit)})
	}
	list = append(list, forgery{"JWT-07 b64 false", f.token(f.header.with("crit", []string{"b64"}).with("b64", false), f.payload)})
	// What other parties of a family of protocols sign, and what we never do.
	for name, typ := range map[string]any{
		"ID token": "JWT", "no typ": nil, "logout token": "logout+jwt", "client assertion": "client-authentication+jwt",
		"JAR object": "oauth-authz-req+jwt", "refresh JWT": "rt+jwt", "longer": "at+jwt2", "a list": []string{"at+jwt"}, "empty": "",
	} {
		list = append(list, forgery{"JWT-12 " + name, f.headed("typ", typ)})
	}
	genuine, claims := text(f.header), text(f.payload)
	for name, header := range map[string]string{
		"alg first": `{"alg":"none",` + genuine[1:], "alg last": genuine[:len(genuine)-1] + `,"alg":"none"}`,
		"kid": `{"kid":"other",` + genuine[1:], "typ escaped": `{"\u0074yp":"JWT",` + genuine[1:],
	} {
		list = append(list, forgery{"JWT-15 two members in the header, " + name, f.raw(header, claims)})
	}
	for name, payload := range map[string]string{
		"sub first": `{"sub":"root",` + claims[1:], "sub last": claims[:len(claims)-1] + `,"sub":"root"}`, "scope": `{"scope":"admin:system",` + claims[1:],
		"exp escaped": `{"\u0065xp":9999999999,` + claims[1:],
	} {
		list = append(list, forgery{"JWT-15 two members in the payload, " + name, f.raw(genuine, payload)})
	}
	return list
}

func forgedTimes(f *forger) []forgery {
	now := time.Now()
	list := []forgery{
		{"JWT-08 exp missing", f.saying("exp", nil)},
		{"JWT-08 exp a second ago", f.saying("exp", now.Add(-time.Second).Unix())},
		{"JWT-08 exp a string", f.saying("exp", "9999999999")},
		{"JWT-08 exp negative", f.saying("exp", -1)},
		{"JWT-08 exp a list", f.saying("exp", []int64{now.Add(time.Hour).Unix()})},
		{"JWT-09 nbf in an hour", f.saying("nbf", now.Add(time.Hour).Unix())},
		{"JWT-09 nbf a string", f.saying("nbf", "0")},
		{"JWT-09 iat missing", f.saying("iat", nil)},
	}
	for _, exp := range []string{"1e400", "9223372036854775808", "null", "true", "1e3"} {
		list = append(list, forgery{"JWT-08 exp " + exp, f.raw(text(f.header), strings.Replace(text(f.payload.with("exp", "@")), `"@"`, exp, 1))})
	}
	return list
}

func forgedParties(f *forger, issuer string) []forgery {
	list := []forgery{{"JWT-10 iss missing", f.saying("iss", nil)}, {"JWT-11 aud missing", f.saying("aud", nil)}}
	for name, iss := range map[string]any{
		"another": "https://other.example", "longer": issuer + ".evil.example", "a slash": issuer + "/", "upper case": strings.ToUpper(issuer),
		"a prefix": issuer[:len(issuer)-1], "a list": []string{issuer}, "empty": "", "a space": issuer + " ",
	} {
		list = append(list, forgery{"JWT-10 iss " + name, f.saying("iss", iss)})
	}
	for name, aud := range map[string]any{
		"another": "https://other.example", "others": []string{"https://other.example", issuer + "/"}, "empty": []string{}, "an empty string": "",
		"a number": 7, "numbers": []int{7}, "an object": map[string]string{"a": issuer}, "a list within": []any{[]string{issuer}},
	} {
		list = append(list, forgery{"JWT-11 aud " + name, f.saying("aud", aud)})
	}
	return list
}

func forgedSignatures(t *testing.T, f *forger) []forgery {
	t.Helper()
	genuine := f.token(f.header, f.payload)
	split := strings.Split(genuine, ".")
	flipped := func(i int) string { // one bit of the first byte of a part
		raw, err := base64.RawURLEncoding.DecodeString(split[i])
		if err != nil {
			t.Fatal(err)
		}
		raw[0] ^= 1
		parts := [...]string{split[0], split[1], split[2]}
		parts[i] = b64(raw)
		return strings.Join(parts[:], ".")
	}
	signed := split[0] + "." + split[1] + "."
	signature, err := base64.RawURLEncoding.DecodeString(split[2])
	if err != nil {
		t.Fatal(err)
	}
	half := len(signature) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
	if err != nil {
		t.Fatal(err)
	}
	return []forgery{
		{"JWT-03 ES384 said", f.swapped("ES384")}, {"JWT-03 ES512 said", f.swapped("ES512")}, {"JWT-03 ES256K said", f.headed("alg", "ES256K")},
		{"JWT-03 none said", f.headed("alg", "none")}, {"JWT-03 lower case said", f.headed("alg", "es256")},
		{"JWT-13 header flipped", flipped(0)}, {"JWT-13 payload flipped", flipped(1)}, {"JWT-13 signature flipped", flipped(2)},
		{"JWT-13 scope edited", split[0] + "." + b64([]byte(text(f.payload.with("scope", "admin:system")))) + "." + split[2]},
		{"JWT-13 signature cut", signed + b64(signature[:len(signature)-1])}, {"JWT-13 one byte more", signed + b64(append(signature[:len(signature):len(signature)], 0))},
		{"JWT-13 zeros", signed + b64(make([]byte, len(signature)))}, {"JWT-13 DER", signed + b64(der)}, {"JWT-13 none", signed},
	}
}

// forgedForms bend the outer form (RFC 7515, section 3; RFC 7516).
func forgedForms(f *forger) []forgery {
	genuine := f.token(f.header, f.payload)
	split := strings.Split(genuine, ".")
	inner := b64([]byte(`{"alg":"none"}`)) + "." + split[1] + "."
	return []forgery{
		{"JWT-14 JSON serialisation", text(members{"protected": split[0], "payload": split[1], "signature": split[2]})},
		{"JWT-14 JWE", b64([]byte(`{"alg":"dir","enc":"A128GCM","typ":"at+jwt","kid":"`+f.kid+`"}`)) + "..AAAAAAAAAAAAAAAA." + split[1] + ".AAAAAAAAAAAAAAAAAAAAAA"},
		{"JWT-14 JWE of an unsigned JWT", b64([]byte(`{"alg":"dir","enc":"A128GCM","cty":"JWT"}`)) + "..AAAAAAAAAAAAAAAA." + b64([]byte(inner)) + ".AAAAAAAAAAAAAAAAAAAAAA"},
		{"JWT-14 a signed JWE as payload", f.raw(text(f.header.with("cty", "JWT")), inner)},
		{"JWT-14 padding", genuine + "=="}, {"JWT-14 standard alphabet", split[0] + "." + split[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(split[2]) + "="},
		{"JWT-14 a blank inside", split[0] + "." + split[1] + ". " + split[2]}, {"JWT-14 a tab inside", split[0] + "\t." + split[1] + "." + split[2]},
		{"JWT-14 four parts", genuine + "."}, {"JWT-14 two parts", split[0] + "." + split[1]},
		{"JWT-16 20 KB of payload", f.saying("x", strings.Repeat("a", 20<<10))},
		{"JWT-16 deep", f.raw(text(f.header), strings.Repeat("[", 10_000))},
	}
}

// thief has a key of its own and a place to fetch it from.
type thief struct {
	key    *ecdsa.PrivateKey
	server *httptest.Server
	asked  atomic.Int32
}

func newThief(t *testing.T, f *forger) *thief {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	th := &thief{key: key}
	th.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(text(map[string]any{"keys": []any{th.jwk(f.kid)}}))) // whoever asks is counted, served or not
	}))
	th.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			th.asked.Add(1)
		}
	}
	th.server.Start()
	t.Cleanup(th.server.Close)
	return th
}

func (th *thief) jwk(kid string) members {
	point, err := th.key.PublicKey.Bytes()
	if err != nil {
		panic(err) // a fresh key of a known curve
	}
	return members{"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": b64(point[1:33]), "y": b64(point[33:])}
}

// brought are good tokens of the thief's key, which they bring or point to.
func (th *thief) brought(f *forger) []forgery {
	by := &forger{kid: f.kid, alg: "ES256", private: th.key, header: f.header.with("alg", "ES256"), payload: f.payload}
	foreign := by.header.with("kid", "thief")
	return []forgery{
		{"JWT-05 jku", by.headed("jku", th.server.URL+"/keys")}, {"JWT-05 x5u", by.headed("x5u", th.server.URL+"/cert")},
		{"JWT-05 jku and an unknown kid", by.token(foreign.with("jku", th.server.URL), f.payload)},
		{"JWT-05 kid is an address", by.headed("kid", th.server.URL+"/keys")},
		{"JWT-05 right signature, jku alone", f.token(f.header.with("kid", nil).with("jku", th.server.URL), f.payload)},
		{"JWT-06 jwk", by.headed("jwk", th.jwk(f.kid))}, {"JWT-06 jwk and its own kid", by.token(foreign.with("jwk", th.jwk("thief")), f.payload)},
		{"JWT-06 x5c", by.headed("x5c", []string{"MIIBhTCCASugAwIBAgIQIRi6zePL6mKjOipn+dNuaTAKBggqhkjOPQQDAjASMRAw"})},
		{"JWT-06 nothing but another key", by.token(by.header, f.payload)},
	}
}
