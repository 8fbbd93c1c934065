package jwt_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var b64 = base64.RawURLEncoding

// decoded gives a segment's text.
func decoded(t testing.TB, segment string) string {
	t.Helper()
	raw, err := b64.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// forge signs whatever it is told to, rightly.
func forge(t testing.TB, method gojwt.SigningMethod, private any, header, payload string) string {
	t.Helper()
	unsigned := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	signature, err := method.Sign(unsigned, private)
	if err != nil {
		t.Fatal(err)
	}
	return unsigned + "." + b64.EncodeToString(signature)
}

func refused(t testing.TB, raw string, find func(string) (outbound.Key, bool)) {
	t.Helper()
	claims, err := codec.Verify(raw, find)
	e := domain.AsError(err)
	if err == nil || e.Kind != domain.KindUnauthenticated || e.Code != domain.CodeInvalidToken || claims.Subject != "" {
		t.Errorf("Verify(%.200s) = %+v, %v", raw, claims, err)
	}
}

const goodPayload = `{"iss":"i","sub":"s","aud":"a","exp":1795429500,"iat":1795428600,"jti":"j","client_id":"c"}`

// with gives goodPayload with one member replaced, or removed.
func with(member, value string) string {
	var out []string
	for _, part := range strings.Split(strings.Trim(goodPayload, "{}"), ",") {
		if !strings.HasPrefix(part, `"`+member+`":`) {
			out = append(out, part)
		}
	}
	if value != "" {
		out = append(out, `"`+member+`":`+value)
	}
	return "{" + strings.Join(out, ",") + "}"
}

func TestHeaders(t *testing.T) {
	material, key := generate(t, token.HS256)
	kid := material.ID
	header := func(members string) string { return fmt.Sprintf(`{"alg":"HS256","kid":%q,%s}`, kid, members) }
	for name, tc := range map[string]struct {
		header string
		good   bool
	}{
		"plain":                  {header(`"typ":"at+jwt"`), true},
		"full, mixed case":       {header(`"typ":"Application/AT+jwt"`), true},
		"own key, never looked":  {header(`"typ":"at+jwt","jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example","x5u":"https://evil.example","x5c":["AA"]`), true},
		"typ null":               {header(`"typ":null`), false},
		"unknown member twice":   {header(`"typ":"at+jwt","x":1,"x":2`), false},
		"nested member twice":    {header(`"typ":"at+jwt","x":{"y":1,"y":2}`), false},
		"crit null":              {header(`"typ":"at+jwt","crit":null`), false},
		"b64 without crit":       {header(`"typ":"at+jwt","b64":false`), false},
		"b64 true, as it is":     {header(`"typ":"at+jwt","b64":true`), true},
		"b64 null":               {header(`"typ":"at+jwt","b64":null`), false},
		"alg null":               {fmt.Sprintf(`{"alg":null,"kid":%q,"typ":"at+jwt"}`, kid), false},
		"not JSON":               {"hunter2", false},
		"byte order mark":        {"\ufeff" + header(`"typ":"at+jwt"`), false},
		"over 1 KiB":             {header(`"typ":"at+jwt","x":"` + strings.Repeat("x", 1000) + `"`), false},
		"lone surrogate":         {header(`"typ":"at+jwt","x":"\ud800"`), false},
		"deeply nested, too big": {header(`"typ":"at+jwt","x":` + strings.Repeat("[", 600)), false},
	} {
		t.Run(name, func(t *testing.T) {
			raw := forge(t, gojwt.SigningMethodHS256, material.Private, tc.header, goodPayload)
			if !tc.good {
				refused(t, raw, ring(key))
				return
			}
			if _, err := codec.Verify(raw, ring(key)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	material, key := generate(t, token.HS256)
	header := fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":"at+jwt"}`, material.ID)
	cases := map[string]bool{ // payload -> good
		goodPayload: true, with("aud", `["a","b"]`): true, with("exp", "1795429500.75"): true, with("exp", "1.7954295e9"): true,
		with("exp", "0"): true, with("nbf", "1"): true, with("scope", `"b:b a:a  a:a"`): true, with("unknown", `{"a":[null]}`): true, " \n" + goodPayload + "\t": true,

		with("aud", "[]"): false, with("aud", `[""]`): false, with("aud", `["a",1]`): false, with("aud", `[["a"]]`): false, with("aud", `[null]`): false,
		with("scope", "null"): false, with("scope", `["a:a"]`): false, with("scope", `"*"`): false, with("scope", `"a:a,b:b"`): false, with("scope", `"a:a\tb:b"`): false,
		with("nbf", "null"): false, with("nbf", `"1"`): false, with("roles", `{}`): false, with("roles", `[1]`): false, with("roles", `"admin"`): false, with("roles", `[""]`): false, with("username", "1"): false, with("sid", "null"): false,
		"": false, "{}": false, "[]": false, "null": false, "[" + goodPayload + "]": false, goodPayload + goodPayload: false, goodPayload[:len(goodPayload)-1]: false,
		goodPayload[:len(goodPayload)-1] + `,"sub":"admin"}`: false, goodPayload[:len(goodPayload)-1] + `,"x":1,"x":1}`: false,
		with("sub", "\"\xff\""): false, with("x", "\"\xff\""): false,
	}
	for _, required := range []string{"iss", "sub", "aud", "exp", "iat", "jti", "client_id"} {
		for _, value := range []string{"", "null", "true", `""`, "{}", strings.ToUpper(required)} {
			cases[with(required, value)] = false
		}
	}
	for _, text := range []string{"iss", "sub", "jti", "client_id"} {
		cases[with(text, "1")], cases[with(text, `["a"]`)] = false, false
	}
	for _, number := range []string{"exp", "iat", "nbf"} {
		for _, value := range []string{`"1795429500"`, "-1", "1e400", "-1e400", "253402300800", "9223372036854775808", "1e18", "[1]", "01", "0x1", "NaN", "Infinity"} {
			cases[with(number, value)] = false
		}
	}
	for payload, good := range cases {
		raw := forge(t, gojwt.SigningMethodHS256, material.Private, header, payload)
		if !good {
			refused(t, raw, ring(key))
		} else if _, err := codec.Verify(raw, ring(key)); err != nil {
			t.Errorf("Verify(%s) = %v", payload, err)
		}
	}
}

func TestOnlyTheRightKeyWillDo(t *testing.T) {
	for _, alg := range token.Algorithms() {
		_, key := generate(t, alg)
		_, other := generate(t, alg)
		raw := sign(t, key, userClaims())
		refused(t, raw, func(string) (outbound.Key, bool) { return other, true })
		refused(t, raw, func(string) (outbound.Key, bool) { return nil, true })
		refused(t, raw, func(string) (outbound.Key, bool) { return foreign{}, true })
		refused(t, raw, func(string) (outbound.Key, bool) { return key, false })
	}
}

func TestTokensAreBounded(t *testing.T) {
	material, key := generate(t, token.HS256)
	header := fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":"at+jwt"}`, material.ID)
	forged := func(filler int) string {
		return forge(t, gojwt.SigningMethodHS256, material.Private, header, with("x", `"`+strings.Repeat("x", filler)+`"`))
	}
	if raw := forged(12_000); len(raw) > 16<<10 {
		t.Fatalf("the test's good token has %d bytes", len(raw))
	} else if _, err := codec.Verify(raw, ring(key)); err != nil {
		t.Error(err)
	}
	refused(t, forged(12_288), ring(key))
}

func FuzzVerify(f *testing.F) {
	keys, signed := make([]outbound.Key, 0, 4), map[string]bool{}
	for _, alg := range token.Algorithms() {
		material, key := generate(f, alg)
		keys = append(keys, key)
		raw := sign(f, key, userClaims())
		signed[raw[:strings.LastIndexByte(raw, '.')]] = true
		f.Add(raw)
		f.Add(raw[:strings.IndexByte(raw, '.')])
		f.Add(b64.EncodeToString([]byte(`{"alg":"none","kid":"`+material.ID+`","typ":"at+jwt"}`)) + "." + b64.EncodeToString([]byte(goodPayload)) + ".")
		f.Add(forge(f, gojwt.SigningMethodHS256, []byte(nil), `{"alg":"HS256","kid":"`+material.ID+`","typ":"at+jwt"}`, goodPayload))
	}
	f.Add("..")
	f.Add(strings.Repeat("W", 1<<12) + ".e30.AA")
	find := ring(keys...)
	f.Fuzz(func(t *testing.T, raw string) {
		claims, err := codec.Verify(raw, find)
		switch e := domain.AsError(err); {
		case err == nil:
			// ECDSA lets anyone bend a signature (r, -s), never what is signed.
			if !signed[raw[:max(0, strings.LastIndexByte(raw, '.'))]] {
				t.Errorf("accepted %q as %+v", raw, claims)
			}
		case e.Kind != domain.KindUnauthenticated || e.Code != domain.CodeInvalidToken:
			t.Errorf("Verify(%q) = %v", raw, err)
		}
	})
}
