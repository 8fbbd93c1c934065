package clients

import (
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
)

func wantField(t *testing.T, name string, err error, field string) {
	t.Helper()
	if e := domain.AsError(err); err == nil || e.Code != domain.CodeInvalidInput || len(e.Fields) != 1 || e.Fields[0].Name != field {
		t.Errorf("%s: got %v, want a refusal of %s", name, err, field)
	}
}

func TestClientsRegisterKeys(t *testing.T) {
	s, _ := newService()
	for name, tc := range map[string]struct {
		draft client.Draft
		field string
	}{
		"bad keys":              {client.Draft{Authentication: client.Authentication{Keys: "bad"}}, "jwks"},
		"no keys":               {client.Draft{Authentication: client.Authentication{Method: "private_key_jwt"}}, "jwks"},
		"an unknown method":     {client.Draft{Authentication: client.Authentication{Method: "tls_client_auth"}}, "token_endpoint_auth_method"},
		"public, for a service": {client.Draft{GrantTypes: []string{"client_credentials"}, Authentication: client.Authentication{Method: "none"}}, "grant_types"},
	} {
		tc.draft.Name = "n"
		_, err := s.Create(t.Context(), holding(scope.WriteClients), tc.draft)
		wantField(t, name, err, tc.field)
	}
	made, err := s.Create(t.Context(), holding(scope.WriteClients), client.Draft{Name: "n", Authentication: client.Authentication{Method: "private_key_jwt", Keys: "mine"}})
	if err != nil || !made.Secret.Empty() || made.Client.SecretHash != "" || made.Client.Keys != "kept mine" {
		t.Errorf("by keys: %+v, %v", made, err)
	}
	made, err = s.Create(t.Context(), holding(scope.WriteClients), client.Draft{Name: "n", GrantTypes: []string{"password"}, Authentication: client.Authentication{Method: "none"}})
	if err != nil || !made.Secret.Empty() || made.Client.SecretHash != "" {
		t.Errorf("public: %+v, %v", made, err)
	}
}

func TestClientsChangeTheirKeys(t *testing.T) {
	s, _, shelf := newShelf(func(c *client.Snapshot) { c.Scopes = nil })
	method, keys, none, public := "private_key_jwt", "mine", "", "none"
	_, err := s.Change(t.Context(), holding(scope.WriteClients), "c", client.Change{AuthMethod: &method}, 0)
	wantField(t, "no keys", err, "jwks")
	_, err = s.Change(t.Context(), holding(scope.WriteClients), "c", client.Change{AuthMethod: &public}, 0)
	wantField(t, "public, with client_credentials", err, "grant_types")
	after, err := s.Change(t.Context(), holding(scope.WriteClients), "c", client.Change{AuthMethod: &method, Keys: &keys}, 0)
	if err != nil || after.Keys != "kept mine" || shelf.kept.SecretHash != "" {
		t.Errorf("by keys: %+v, %v", after, err)
	}
	name := "another"
	after, err = s.Change(t.Context(), holding(scope.WriteClients), "c", client.Change{Name: &name}, 0)
	if err != nil || after.Keys != "kept mine" || after.AuthMethod != method {
		t.Errorf("another name: %+v, %v", after, err)
	}
	_, err = s.Change(t.Context(), holding(scope.WriteClients), "c", client.Change{Keys: &none}, 0)
	wantField(t, "keys away", err, "jwks")
	if _, err := s.RotateSecret(t.Context(), holding(scope.WriteClients), "c", 0, 0); !domain.HasCode(err, domain.CodeConflict) {
		t.Errorf("a secret beside keys: %v", err)
	}
}
