package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// clientAuthenticationType is the typ that RFC 7523bis, section 4, gives to assertions.
const clientAuthenticationType = "client-authentication+jwt"

// keyClient is a client that proves itself with a key.
type keyClient struct {
	ID  string
	key *ecdsa.PrivateKey
}

func newKey(t *testing.T) (*ecdsa.PrivateKey, map[string]any) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return key, map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "kid": "k", "x": b64(point[1:33]), "y": b64(point[33:])}}}
}

// newKeyClient registers a client that has a key and no secret.
func (s *Server) newKeyClient(t *testing.T, admin grant, scopes, grants []string) keyClient {
	t.Helper()
	key, jwks := newKey(t)
	draft := map[string]any{"name": "e2e " + random(), "scopes": append([]string{}, scopes...), "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
	if grants != nil {
		draft["grant_types"] = grants
	}
	made := s.want(t, http.StatusCreated, call{path: clientsPath, bearer: admin.Access, json: text(draft)})
	if made.text("client_secret") != "" {
		t.Error("a client with keys was given a secret")
	}
	return keyClient{made.text("client_id"), key}
}

// claims are those of a good assertion.
func (c keyClient) claims(s *Server) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{"iss": c.ID, "sub": c.ID, "aud": s.Issuer, "jti": random(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
}

func (c keyClient) sign(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	return c.signAs(t, "JWT", claims)
}

func (c keyClient) signAs(t *testing.T, typ string, claims jwt.MapClaims) string {
	t.Helper()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	unsigned.Header["kid"], unsigned.Header["typ"] = "k", typ
	raw, err := unsigned.SignedString(c.key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func asserting(assertion string, more ...string) call {
	return call{path: tokenPath, form: form(append([]string{"grant_type", "client_credentials", "client_assertion_type", assertionType, "client_assertion", assertion}, more...)...)}
}

func TestPrivateKeyJWT(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		admin := s.login(t, s.Admin)
		c, other := s.newKeyClient(t, admin, []string{"read:profile"}, nil), s.newKeyClient(t, admin, nil, nil)
		granted := s.want(t, http.StatusOK, asserting(c.sign(t, c.claims(s))))
		if s.want(t, http.StatusOK, call{path: introspectPath, form: form("token", granted.text("access_token"),
			"client_assertion_type", assertionType, "client_assertion", c.sign(t, c.claims(s)))}).text("sub") != c.ID {
			t.Error("it does not introspect its own token")
		}
		s.want(t, http.StatusOK, call{path: revokePath, form: form("token", granted.text("access_token"),
			"client_assertion_type", assertionType, "client_assertion", c.sign(t, c.claims(s)), "client_id", c.ID)})

		s.want(t, http.StatusOK, asserting(c.signAs(t, clientAuthenticationType, c.claims(s))))

		refused := func(name string, request call) {
			t.Helper()
			got := s.send(t, request)
			if got.status != http.StatusUnauthorized || got.text("error") != "invalid_client" || got.text("error_description") != "client authentication failed" {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		for name, claims := range map[string]jwt.MapClaims{
			"no jti": {"jti": nil}, "no exp": {"exp": nil}, "expired": {"exp": time.Now().Unix() - 1}, "for an hour": {"exp": time.Now().Add(time.Hour).Unix()},
			"for the token endpoint": {"aud": s.Issuer + tokenPath}, "for two": {"aud": []string{s.Issuer, "https://other.example"}}, "for another": {"aud": "https://other.example"},
			"by another": {"iss": other.ID}, "for a user": {"sub": "somebody"}, "not yet": {"nbf": time.Now().Add(time.Hour).Unix()}, "of tomorrow": {"iat": time.Now().Add(time.Hour).Unix()},
		} {
			all := c.claims(s)
			for claim, value := range claims {
				if all[claim] = value; value == nil {
					delete(all, claim)
				}
			}
			refused(name, asserting(c.sign(t, all), "client_id", c.ID))
		}
		refused("signed by another client", asserting(other.sign(t, c.claims(s))))
		refused("another client named", asserting(c.sign(t, c.claims(s)), "client_id", other.ID))
		unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, c.claims(s)).SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		refused("unsigned", asserting(unsigned))
		hmac, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c.claims(s)).SignedString([]byte(c.ID))
		if err != nil {
			t.Fatal(err)
		}
		refused("signed with a secret", asserting(hmac))
		refused("of another typ", asserting(c.signAs(t, "secevent+jwt", c.claims(s))))
		refused("an access token", asserting(granted.text("access_token")))
		refused("a secret in place of an assertion", call{path: tokenPath, basic: client{c.ID, "kss_" + random()}, form: form("grant_type", "client_credentials")})
	})
}

// Of 20 requests with one assertion one is answered.
func TestPrivateKeyJWTIsUsedOnce(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		c := s.newKeyClient(t, s.login(t, s.Admin), nil, nil)
		request := asserting(c.sign(t, c.claims(s)))
		statuses := make([]int, 20)
		var race sync.WaitGroup
		for i := range statuses {
			race.Go(func() { statuses[i] = s.send(t, request).status })
		}
		race.Wait()
		won := 0
		for _, status := range statuses {
			switch status {
			case http.StatusOK:
				won++
			case http.StatusUnauthorized:
			default:
				t.Errorf("status %d", status)
			}
		}
		if won != 1 {
			t.Errorf("%d winners, want 1: %v", won, statuses)
		}
	})
}

func TestClientKeysAreChecked(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		admin := s.login(t, s.Admin)
		_, jwks := newKey(t)
		private := map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}}}
		for name, draft := range map[string]map[string]any{
			"private keys":   {"name": "n", "jwks": private},
			"no keys":        {"name": "n", "token_endpoint_auth_method": "private_key_jwt"},
			"a wrong type":   {"name": "n", "jwks": "keys"},
			"unknown method": {"name": "n", "jwks": jwks, "token_endpoint_auth_method": "tls_client_auth"},
		} {
			if got := s.send(t, call{path: clientsPath, bearer: admin.Access, json: text(draft)}); got.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		made := s.newClient(t, admin, nil, nil)
		one := call{method: http.MethodPatch, path: clientsPath + "/" + made.ID, bearer: admin.Access, json: text(map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks})}
		s.want(t, http.StatusOK, one)
		if got := s.send(t, call{path: tokenPath, basic: made, form: form("grant_type", "client_credentials")}); got.status != http.StatusUnauthorized {
			t.Errorf("its old secret still counts: %d", got.status)
		}
		if got := s.send(t, call{path: clientsPath + "/" + made.ID + "/secret", bearer: admin.Access}); got.status != http.StatusConflict {
			t.Errorf("a secret beside keys: %d %s", got.status, got.body)
		}
	})
}

// TestClientOfKeysByCommand makes one on the command line, which shows no secret.
func TestClientOfKeysByCommand(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		key, jwks := newKey(t)
		create := []string{"client", "create", "--name", "signer", "--scope", "read:profile", "--auth-method", "private_key_jwt", "--jwks", "-"}
		shown, found := strings.CutPrefix(s.wantRun(t, text(jwks)+"\n", create...), "client_id: ")
		c := keyClient{strings.TrimSpace(shown), key}
		if !found || strings.ContainsAny(c.ID, " \n") {
			t.Fatalf("it says %q", shown)
		}
		s.want(t, http.StatusOK, asserting(c.sign(t, c.claims(s)), "scope", "read:profile"))
		for name, keys := range map[string]string{"no keys": "", "no set": "7", "half a one": `{"keys":[`} {
			if got := s.run(t, keys, create...); got.code != 1 || !strings.Contains(got.errors, "jwks") {
				t.Errorf("%s: exit code %d, %s", name, got.code, got.errors)
			}
		}
	})
}

// TestPrivateKeyJWTWithStockClients has clients that others wrote prove themselves.
func TestPrivateKeyJWTWithStockClients(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		s.node(t, "private_key_jwt.mjs", map[string]string{"ADMIN_TOKEN": s.login(t, s.Admin).Access})
	})
}
