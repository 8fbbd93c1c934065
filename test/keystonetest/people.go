package keystonetest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// User is an account of a server.
type User struct {
	ID       string // empty for the first superuser
	Username string
	Email    string
	Password string

	server *Server
}

// Client is a service client of a server. It proves itself with its secret or
// its key; with neither it is a public one.
type Client struct {
	ID     string
	Secret string
	Key    ed25519.PrivateKey

	server *Server
}

// Tokens are what the token endpoint gave.
type Tokens struct {
	Access    string
	Refresh   string // empty where none was issued
	Scope     []string
	ExpiresIn time.Duration
}

// UserOption changes who NewUser makes.
type UserOption func(*newcomer)

type newcomer struct {
	roles, scopes         []string
	superuser, unverified bool
}

// Roles gives the user roles, which have to exist.
func Roles(names ...string) UserOption {
	return func(n *newcomer) { n.roles = append(n.roles, names...) }
}

// Scopes gives the user scopes, by a role of its own; those that do not exist
// are made.
func Scopes(names ...string) UserOption {
	return func(n *newcomer) { n.scopes = append(n.scopes, names...) }
}

// Superuser makes the user one.
func Superuser() UserOption { return func(n *newcomer) { n.superuser = true } }

// Unverified leaves the user's address unverified.
func Unverified() UserOption { return func(n *newcomer) { n.unverified = true } }

// NewUser makes an active user with a verified address and a name of its own.
func (s *Server) NewUser(t testing.TB, options ...UserOption) *User {
	t.Helper()
	var n newcomer
	for _, option := range options {
		option(&n)
	}
	name := fresh("user")
	u := &User{Username: name, Email: name + "@example.com", Password: Password, server: s}
	var made struct{ ID string }
	s.must(t, http.MethodPost, "/api/v1/admin/users", map[string]any{
		"username": u.Username, "email": u.Email, "password": u.Password, "is_superuser": n.superuser,
	}, http.StatusCreated).Decode(t, &made)
	u.ID = made.ID
	path := "/api/v1/admin/users/" + u.ID
	if !n.unverified {
		s.must(t, http.MethodPatch, path, map[string]any{"is_verified": true}, http.StatusOK)
	}
	if len(n.scopes) > 0 {
		n.roles = append(n.roles, s.NewRole(t, n.scopes...))
	}
	for _, role := range n.roles {
		s.must(t, http.MethodPut, path+"/roles/"+role, nil, http.StatusNoContent)
	}
	return u
}

// NewRole makes a role with the scopes and gives its name; scopes that do not
// exist are made.
func (s *Server) NewRole(t testing.TB, scopes ...string) string {
	t.Helper()
	role := fresh("role")
	s.must(t, http.MethodPost, "/api/v1/admin/roles", map[string]any{"name": role}, http.StatusCreated)
	s.needScopes(t, scopes)
	for _, scope := range scopes {
		s.must(t, http.MethodPut, "/api/v1/admin/roles/"+role+"/scopes/"+scope, nil, http.StatusNoContent)
	}
	return role
}

func (s *Server) needScopes(t testing.TB, scopes []string) {
	t.Helper()
	for _, scope := range scopes {
		s.must(t, http.MethodPost, "/api/v1/admin/scopes", map[string]any{"name": scope}, http.StatusCreated, http.StatusConflict)
	}
}

// NewClient makes a confidential client that may use the grants, of no name
// client_credentials, and holds the scopes; those that do not exist are made.
func (s *Server) NewClient(t testing.TB, grants []string, scopes ...string) *Client {
	t.Helper()
	return s.newClient(t, grants, scopes, map[string]any{})
}

// NewPublicClient makes a client that proves nothing, and may use the grants.
func (s *Server) NewPublicClient(t testing.TB, grants []string, scopes ...string) *Client {
	t.Helper()
	return s.newClient(t, grants, scopes, map[string]any{"token_endpoint_auth_method": "none"})
}

// NewKeyClient is NewClient for one that proves itself by private_key_jwt (RFC
// 7523, section 2.2), with an Ed25519 key of its own.
func (s *Server) NewKeyClient(t testing.TB, grants []string, scopes ...string) *Client {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	jwk := map[string]string{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k", "x": base64.RawURLEncoding.EncodeToString(public)}
	c := s.newClient(t, grants, scopes, map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks": map[string]any{"keys": []any{jwk}}})
	c.Key = key
	return c
}

func (s *Server) newClient(t testing.TB, grants, scopes []string, draft map[string]any) *Client {
	t.Helper()
	s.needScopes(t, scopes)
	draft["name"], draft["scopes"] = fresh("client"), scopes
	if len(grants) > 0 {
		draft["grant_types"] = grants
	}
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	s.must(t, http.MethodPost, "/api/v1/clients", draft, http.StatusCreated).Decode(t, &made)
	return &Client{ID: made.ID, Secret: made.Secret, server: s}
}

// Assertion is the client's word about a subject, itself or a user's id, signed
// with its key: good for a minute of the server's clock, once.
func (c *Client) Assertion(t testing.TB, subject string) string {
	t.Helper()
	now := c.server.Clock.Now()
	claims, err := json.Marshal(map[string]any{"iss": c.ID, "sub": subject, "aud": c.server.URL, "jti": fresh("assertion"),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()})
	if err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	encoded := base64.RawURLEncoding
	signed := encoded.EncodeToString([]byte(`{"alg":"EdDSA","kid":"k"}`)) + "." + encoded.EncodeToString(claims)
	return signed + "." + encoded.EncodeToString(ed25519.Sign(c.Key, []byte(signed)))
}

// Login opens a session of the user's through the built-in client.
func (u *User) Login(t testing.TB, scopes ...string) Tokens {
	t.Helper()
	return u.server.tokens(t, nil, withScope(url.Values{"grant_type": {"password"}, "username": {u.Username}, "password": {u.Password}}, scopes))
}

// Login opens a session of a user's through the client.
func (c *Client) Login(t testing.TB, u *User, scopes ...string) Tokens {
	t.Helper()
	return c.server.tokens(t, c, withScope(url.Values{"grant_type": {"password"}, "username": {u.Username}, "password": {u.Password}}, scopes))
}

// Token gives the client a token of its own.
func (c *Client) Token(t testing.TB, scopes ...string) Tokens {
	t.Helper()
	return c.server.tokens(t, c, withScope(url.Values{"grant_type": {"client_credentials"}}, scopes))
}

// Refresh spends the refresh token of a session that was opened through the
// built-in client.
func (s *Server) Refresh(t testing.TB, of Tokens) Tokens {
	t.Helper()
	return s.tokens(t, nil, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {of.Refresh}})
}

// Refresh spends the refresh token of a session that was opened through the client.
func (c *Client) Refresh(t testing.TB, of Tokens) Tokens {
	t.Helper()
	return c.server.tokens(t, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {of.Refresh}})
}

// tokens asks for tokens, which must be given.
func (s *Server) tokens(t testing.TB, as *Client, form url.Values) Tokens {
	t.Helper()
	answer := s.Token(t, as, form)
	if answer.Status != http.StatusOK {
		t.Fatalf("keystonetest: %s gives %d %s", form.Get("grant_type"), answer.Status, answer.Body)
	}
	var given struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Scope   string `json:"scope"`
		Seconds int    `json:"expires_in"`
	}
	answer.Decode(t, &given)
	return Tokens{Access: given.Access, Refresh: given.Refresh, Scope: strings.Fields(given.Scope), ExpiresIn: time.Duration(given.Seconds) * time.Second}
}

func withScope(form url.Values, scopes []string) url.Values {
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	return form
}

func fresh(word string) string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never returns an error since Go 1.24
	return word + "-" + hex.EncodeToString(b[:])
}
