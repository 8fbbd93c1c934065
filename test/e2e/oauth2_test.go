package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// libraryContext hands the test's HTTP client to golang.org/x/oauth2 and to go-oidc.
func (s *Server) libraryContext(t *testing.T) context.Context {
	return oidc.ClientContext(context.WithValue(t.Context(), oauth2.HTTPClient, s.http), s.http)
}

// builtin is the configuration of an application without a client of its own.
func (s *Server) builtin() *oauth2.Config {
	return &oauth2.Config{ClientID: "keystone", Endpoint: oauth2.Endpoint{TokenURL: s.URL + tokenPath, AuthStyle: oauth2.AuthStyleInParams}}
}

func TestOAuth2Password(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		a := s.register(t)
		token, err := s.builtin().PasswordCredentialsToken(s.libraryContext(t), a.Username, a.Password)
		if err != nil {
			t.Fatal(err)
		}
		s.secrets.keep(token.AccessToken, token.RefreshToken)
		if !token.Valid() || token.Type() != "Bearer" || token.RefreshToken == "" || token.Extra("user_id") == "" {
			t.Errorf("a token of type %q, expiring at %s, with members missing", token.Type(), token.Expiry)
		}

		_, err = s.builtin().PasswordCredentialsToken(s.libraryContext(t), a.Username, newPassword())
		var refused *oauth2.RetrieveError
		if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" || refused.Response.StatusCode != http.StatusBadRequest {
			t.Errorf("a wrong password: %v", err)
		}
	})
}

func TestOAuth2ClientCredentials(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		c := s.newClient(t, s.login(t, s.Admin), []string{"read:users", "read:roles"}, nil)
		for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "params": oauth2.AuthStyleInParams, "detected": oauth2.AuthStyleAutoDetect} {
			config := clientcredentials.Config{ClientID: c.ID, ClientSecret: c.Secret, TokenURL: s.URL + tokenPath, Scopes: []string{"read:users"}, AuthStyle: style}
			token, err := config.Token(s.libraryContext(t))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			s.secrets.keep(token.AccessToken)
			if !token.Valid() || token.RefreshToken != "" || token.Extra("scope") != "read:users" {
				t.Errorf("%s: scope %v, refresh token %t", name, token.Extra("scope"), token.RefreshToken != "")
			}
			config.ClientSecret = c.Secret[:len(c.Secret)-1] + "~"
			var refused *oauth2.RetrieveError
			if _, err := config.Token(s.libraryContext(t)); !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" {
				t.Errorf("%s, a wrong secret: %v", name, err)
			}
		}
	})
}

// TestOAuth2Refresh has tokens that the library takes for expired at once, so
// that every request refreshes.
func TestOAuth2Refresh(t *testing.T) {
	eachStore(t, settings{"ACCESS_TOKEN_TTL": "5s"}, func(t *testing.T, s *Server) {
		a, ctx := s.register(t), s.libraryContext(t)
		token, err := s.builtin().PasswordCredentialsToken(ctx, a.Username, a.Password)
		if err != nil {
			t.Fatal(err)
		}
		source := s.builtin().TokenSource(ctx, token)
		application := &http.Client{Transport: &oauth2.Transport{Source: source, Base: s.http.Transport}, Timeout: time.Minute}
		seen := map[string]bool{token.RefreshToken: true}
		for range 3 {
			response, err := application.Get(s.URL + mePath)
			if err != nil {
				t.Fatal(err)
			}
			var account map[string]any
			err = json.NewDecoder(response.Body).Decode(&account)
			if closing := response.Body.Close(); err != nil || closing != nil {
				t.Fatal(err, closing)
			}
			if response.StatusCode != http.StatusOK || account["username"] != a.Username {
				t.Fatalf("status %d, account %v", response.StatusCode, account)
			}
			now, err := source.Token() // refreshes once more
			if err != nil {
				t.Fatal(err)
			}
			if seen[now.RefreshToken] {
				t.Error("the refresh token was not rotated")
			}
			seen[now.RefreshToken] = true
			s.secrets.keep(now.AccessToken, now.RefreshToken)
		}
	})
}

// signingAlgorithms are those whose verification keys are public.
var signingAlgorithms = []string{"ES256", "RS256", "EdDSA"}

// TestSigningAlgorithms has the access tokens of each verified by libraries
// that know nothing but the published keys.
func TestSigningAlgorithms(t *testing.T) {
	if program == "" {
		s := deployment(t)
		admin := s.login(t, s.Admin)
		algorithm, _ := claims(t, admin.Access, 0)["alg"].(string)
		if !slices.Contains(signingAlgorithms, algorithm) {
			t.Skipf("the deployment signs with %s", algorithm)
		}
		s.verified(t, algorithm, admin)
		return
	}
	t.Parallel()
	for _, algorithm := range signingAlgorithms {
		t.Run(algorithm, func(t *testing.T) {
			eachStore(t, settings{"JWT_ALGORITHM": algorithm}, func(t *testing.T, s *Server) { s.verified(t, algorithm, s.login(t, s.Admin)) })
		})
	}
}

func (s *Server) verified(t *testing.T, algorithm string, admin grant) {
	t.Helper()
	if header := claims(t, admin.Access, 0); header["alg"] != algorithm {
		t.Errorf("signed with %v", header["alg"])
	}
	ctx := s.libraryContext(t)
	keys := oidc.NewRemoteKeySet(ctx, s.URL+"/.well-known/jwks.json")
	payload, err := keys.VerifySignature(ctx, admin.Access)
	if err != nil {
		t.Fatal(err)
	}
	var claimed map[string]any
	if err := json.Unmarshal(payload, &claimed); err != nil || claimed["iss"] != s.Issuer || claimed["username"] != s.Admin.Username {
		t.Errorf("claims %s: %v", payload, err)
	}
	if _, err := keys.VerifySignature(ctx, admin.Access[:len(admin.Access)-8]+"AAAAAAAA"); err == nil {
		t.Error("a forged signature was accepted")
	}
	s.node(t, "jose.mjs", map[string]string{"ALGORITHM": algorithm, "ACCESS_TOKEN": admin.Access, "SUBJECT": admin.UserID})
}

// TestSharedSecretAlgorithm: the key of HS256 is no public one.
func TestSharedSecretAlgorithm(t *testing.T) {
	eachStore(t, settings{"JWT_ALGORITHM": "HS256"}, func(t *testing.T, s *Server) {
		s.want(t, http.StatusOK, me(s.login(t, s.Admin).Access))
		if keys, ok := s.get(t, "/.well-known/jwks.json").member("keys").([]any); !ok || len(keys) != 0 {
			t.Errorf("published keys: %v", keys)
		}
	})
}
