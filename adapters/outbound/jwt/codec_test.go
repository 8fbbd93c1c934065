package jwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/adapters/outbound/jwt"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	codec    = jwt.NewCodec(system.NewRandom())
	issuedAt = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)
)

func userClaims() token.AccessClaims {
	return token.AccessClaims{
		Issuer: "https://auth.example", Subject: "0193e5b0-7d1a-7c11-8000-0123456789ab",
		Audience: []string{"https://auth.example", "https://api.example"}, IssuedAt: issuedAt, ExpiresAt: issuedAt.Add(15 * time.Minute),
		ID: "0193e5b0-7d1a-7c11-8000-ba9876543210", ClientID: "keystone", Scope: scope.NewSet("read:profile", "write:profile"),
		Username: "alice", Roles: []string{"user"}, SessionID: "0193e5b0-7d1a-7c11-8000-00000000000f",
	}
}

func clientClaims() token.AccessClaims {
	return token.AccessClaims{
		Issuer: "https://auth.example", Subject: "ci-runner", Audience: []string{"https://auth.example"}, IssuedAt: issuedAt,
		ExpiresAt: issuedAt.Add(time.Hour), ID: "0193e5b0-7d1a-7c11-8000-ba9876543210", ClientID: "ci-runner",
	}
}

func generate(t testing.TB, alg token.Algorithm) (outbound.KeyMaterial, outbound.Key) {
	t.Helper()
	material, err := codec.Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	key, err := codec.Load(material.ID, alg, material.Private)
	if err != nil {
		t.Fatal(err)
	}
	if key.ID() != material.ID || key.Algorithm() != alg {
		t.Fatalf("loaded %s %s, want %s %s", key.ID(), key.Algorithm(), material.ID, alg)
	}
	return material, key
}

// ring finds keys by kid.
func ring(keys ...outbound.Key) func(string) (outbound.Key, bool) {
	return func(kid string) (outbound.Key, bool) {
		for _, key := range keys {
			if key.ID() == kid {
				return key, true
			}
		}
		return nil, false
	}
}

func sign(t testing.TB, key outbound.Key, claims token.AccessClaims) string {
	t.Helper()
	raw, err := codec.Sign(context.Background(), key, claims)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAnyTextSurvives(t *testing.T) {
	_, key := generate(t, token.HS256)
	rapid.Check(t, func(t *rapid.T) {
		claims := userClaims()
		claims.Issuer = rapid.StringN(1, 50, -1).Draw(t, "iss")
		claims.Username = rapid.String().Draw(t, "username")
		claims.Roles = rapid.SliceOfN(rapid.StringN(1, 20, -1), 1, 5).Draw(t, "roles")
		claims.ExpiresAt = time.Unix(rapid.Int64Range(0, 253402300799).Draw(t, "exp"), 0).UTC()
		raw, err := codec.Sign(context.Background(), key, claims)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Verify(raw, ring(key))
		claims.KeyID = key.ID()
		if diff := cmp.Diff(claims, got); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}

func TestPayloadAsWritten(t *testing.T) {
	_, key := generate(t, token.HS256)
	for want, claims := range map[string]token.AccessClaims{
		`{"iss":"https://auth.example","sub":"0193e5b0-7d1a-7c11-8000-0123456789ab","aud":["https://auth.example","https://api.example"],` +
			`"exp":1795428900,"iat":1795428000,"jti":"0193e5b0-7d1a-7c11-8000-ba9876543210","client_id":"keystone","scope":"read:profile write:profile",` +
			`"username":"alice","roles":["user"],"sid":"0193e5b0-7d1a-7c11-8000-00000000000f"}`: userClaims(),
		`{"iss":"https://auth.example","sub":"ci-runner","aud":["https://auth.example"],"exp":1795431600,"iat":1795428000,` +
			`"jti":"0193e5b0-7d1a-7c11-8000-ba9876543210","client_id":"ci-runner"}`: clientClaims(),
	} {
		parts := strings.Split(sign(t, key, claims), ".")
		if got := decoded(t, parts[1]); got != want {
			t.Errorf("payload\n got %s\nwant %s", got, want)
		}
		if got, want := decoded(t, parts[0]), fmt.Sprintf(`{"alg":"HS256","kid":"%s","typ":"at+jwt"}`, key.ID()); got != want {
			t.Errorf("header\n got %s\nwant %s", got, want)
		}
	}
}

// Another implementation reads our keys and checks our signatures.
func TestOthersVerifyWithThePublishedKey(t *testing.T) {
	for _, alg := range []token.Algorithm{token.RS256, token.ES256, token.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			material, key := generate(t, alg)
			jwks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if _, err := fmt.Fprintf(w, `{"keys":[%s]}`, material.PublicJWK); err != nil {
					t.Error(err)
				}
			}))
			defer jwks.Close()
			payload, err := oidc.NewRemoteKeySet(context.Background(), jwks.URL).VerifySignature(context.Background(), sign(t, key, userClaims()))
			if err != nil || !strings.Contains(string(payload), `"username":"alice"`) {
				t.Errorf("VerifySignature() = %s, %v", payload, err)
			}
			for _, want := range []string{`"use":"sig"`, `"alg":"` + string(alg) + `"`, `"kid":"` + material.ID + `"`} {
				if !strings.Contains(string(material.PublicJWK), want) {
					t.Errorf("the published key lacks %s: %s", want, material.PublicJWK)
				}
			}
			if strings.Contains(string(material.PublicJWK), `"d"`) || strings.Contains(string(material.PublicJWK), `"p"`) {
				t.Error("the published key holds private members")
			}
		})
	}
}

func TestGenerateAndLoadRefuse(t *testing.T) {
	if _, err := codec.Generate("none"); !domain.HasCode(err, domain.CodeInternal) {
		t.Errorf("Generate(none) = %v", err)
	}
	material := map[token.Algorithm][]byte{}
	for _, alg := range token.Algorithms() {
		m, _ := generate(t, alg)
		material[alg] = m.Private
	}
	load := func(kid string, alg token.Algorithm, private []byte) {
		t.Helper()
		if key, err := codec.Load(kid, alg, private); key != nil || !domain.HasCode(err, domain.CodeInternal) {
			t.Errorf("Load(%q, %s, %d bytes) = %v, %v", kid, alg, len(private), key, err)
		}
	}
	for _, alg := range []token.Algorithm{token.RS256, token.ES256, token.EdDSA} {
		for of, private := range material {
			if of != alg {
				load("k", alg, private)
			}
		}
		load("k", alg, nil)
		load("k", alg, material[alg][1:])
	}
	load("k", token.HS256, material[token.HS256][1:])
	load("k", "none", nil)
	load("k", "none", material[token.ES256])
	load("", token.HS256, material[token.HS256])
	load(strings.Repeat("k", 129), token.HS256, material[token.HS256])
	load("\xff", token.HS256, material[token.HS256])
}

func TestLoadKeepsNothingOfTheCallers(t *testing.T) {
	material, _ := generate(t, token.HS256)
	kept, changed := append([]byte(nil), material.Private...), material.Private
	key, err := codec.Load("k", token.HS256, changed)
	if err != nil {
		t.Fatal(err)
	}
	clear(changed)
	same, err := codec.Load("k", token.HS256, kept)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := codec.Verify(sign(t, key, clientClaims()), ring(same)); err != nil {
		t.Errorf("the key changed with the caller's bytes: %v", err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, key); printed != "key k" {
			t.Errorf("%s prints %q", verb, printed)
		}
	}
}

type foreign struct{}

func (foreign) ID() string                 { return "foreign" }
func (foreign) Algorithm() token.Algorithm { return token.HS256 }

func TestSignRefuses(t *testing.T) {
	_, key := generate(t, token.HS256)
	ctx, cancel := context.WithCancel(context.Background())
	for _, with := range []outbound.Key{nil, foreign{}} {
		if raw, err := codec.Sign(ctx, with, userClaims()); raw != "" || !domain.HasCode(err, domain.CodeInternal) {
			t.Errorf("Sign(%T) = %q, %v", with, raw, err)
		}
	}
	for name, change := range map[string]func(*token.AccessClaims){
		"not UTF-8": func(c *token.AccessClaims) { c.Username = "\xff" },
		"too long":  func(c *token.AccessClaims) { c.Username = strings.Repeat("a", 13000) },
	} {
		claims := userClaims()
		change(&claims)
		if raw, err := codec.Sign(ctx, key, claims); raw != "" || !domain.HasCode(err, domain.CodeInternal) {
			t.Errorf("Sign(%s) = %d bytes, %v", name, len(raw), err)
		}
	}
	cancel()
	if _, err := codec.Sign(ctx, key, userClaims()); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign(ended context) = %v", err)
	}
}
