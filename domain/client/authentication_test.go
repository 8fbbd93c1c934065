package client_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/test/given"
)

func TestAuthenticationOfANewClient(t *testing.T) {
	for name, tc := range map[string]struct {
		grants []string
		auth   client.Authentication
		field  string // of the refusal
		method string
		secret bool
	}{
		"by default":             {nil, client.Authentication{}, "", "client_secret_basic", true},
		"a secret in the form":   {nil, client.Authentication{Method: "client_secret_post"}, "", "client_secret_post", true},
		"keys":                   {nil, client.Authentication{Method: "private_key_jwt", By: client.ByKeys, Keys: "{}"}, "", "private_key_jwt", false},
		"keys that are not used": {nil, client.Authentication{Keys: "{}"}, "", "client_secret_basic", true},
		"keys that are missing":  {nil, client.Authentication{Method: "private_key_jwt", By: client.ByKeys}, "jwks", "", false},
		"nothing":                {[]string{"password"}, client.Authentication{Method: "none", By: client.ByNothing}, "", "none", false},
		"nothing, by default":    {nil, client.Authentication{Method: "none", By: client.ByNothing}, "grant_types", "", false},
		"no method on offer":     {nil, client.Authentication{Method: "tls", By: client.ByUnknown}, "token_endpoint_auth_method", "", false},
	} {
		c, err := client.New(given.ID(), "id", "hash", client.Draft{Name: "n", GrantTypes: tc.grants, Authentication: tc.auth}, grants, domain.System, given.Now)
		if tc.field != "" {
			if e := domain.AsError(err); e.Code != domain.CodeInvalidInput || len(e.Fields) != 1 || e.Fields[0].Name != tc.field {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || c.AuthMethod() != tc.method || c.ProvesBySecret() != tc.secret || (c.SecretHash() != "") != tc.secret ||
			string(c.Keys()) != tc.auth.Keys || c.IsPublic() != (tc.method == "none") {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

// A client that turns to keys leaves no secret behind, and one that turns back
// has none until it is given one.
func TestAuthenticationChanges(t *testing.T) {
	c := given.Client()
	if err := c.Rotate("next", time.Hour, editor, later); err != nil {
		t.Fatal(err)
	}
	method, keys, back := "private_key_jwt", "{}", "client_secret_basic"
	if changed, err := c.Change(client.Change{AuthMethod: &method, By: client.ByKeys}, grants, editor, later); err == nil || changed {
		t.Errorf("without keys: %t, %v", changed, err)
	}
	for _, want := range []bool{true, false} {
		changed, err := c.Change(client.Change{AuthMethod: &method, Keys: &keys, By: client.ByKeys}, grants, editor, later)
		if err != nil || changed != want {
			t.Errorf("%t, %v", changed, err)
		}
	}
	if s := c.Snapshot(); s.SecretHash != "" || s.PreviousSecretHash != "" || !s.PreviousSecretUntil.IsZero() || c.ProvesBySecret() {
		t.Errorf("a secret is left: %+v", s)
	}
	if err := c.Rotate("hash", 0, editor, later); !domain.HasCode(err, domain.CodeConflict) {
		t.Errorf("a secret for a client with keys: %v", err)
	}
	if changed, err := c.Change(client.Change{AuthMethod: &back}, grants, editor, later); err != nil || !changed || c.SecretHash() != "" {
		t.Errorf("back: %t, %v", changed, err)
	}
	if err := c.Rotate("hash", 0, editor, later); err != nil || c.SecretHash() != "hash" {
		t.Errorf("a secret again: %v", err)
	}
	other := "{ }"
	if changed, err := c.Change(client.Change{Keys: &other}, grants, editor, later); err != nil || !changed {
		t.Errorf("other keys: %t, %v", changed, err)
	}
	// The trail tells each time that who comes as the client is another.
	var told []string
	for _, e := range c.Drain() {
		if e.Type == domain.EventClientSecretRotated {
			told = append(told, e.Reason)
		}
	}
	if want := []string{"", method, back, "", "jwks"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
