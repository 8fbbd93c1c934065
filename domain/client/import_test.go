package client_test

import (
	"testing"

	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/test/given"
)

// A secret is adopted only where it can be what the client proves itself by.
func TestAdoptSecret(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*client.Snapshot)
		hash   string
		want   bool
	}{
		"no secret yet":          {func(s *client.Snapshot) { s.SecretHash = "" }, "h", true},
		"none, sent otherwise":   {func(s *client.Snapshot) { s.SecretHash, s.AuthMethod = "", "client_secret_post" }, "h", true},
		"nothing to adopt":       {func(s *client.Snapshot) { s.SecretHash = "" }, "", false},
		"a secret of its own":    {func(s *client.Snapshot) { s.SecretHash = "own" }, "h", false},
		"a client of keys":       {func(s *client.Snapshot) { s.SecretHash, s.AuthMethod, s.Keys = "", "private_key_jwt", "keys" }, "h", false},
		"a public client":        {func(s *client.Snapshot) { s.SecretHash, s.AuthMethod = "", "none" }, "h", false},
		"the first-party client": {func(s *client.Snapshot) { s.SecretHash, s.IsFirstParty = "", true }, "h", false},
	} {
		made := given.Client(c.change)
		before := made.SecretHash()
		got := made.AdoptSecret(c.hash, editor, later)
		if got != c.want || (made.SecretHash() == c.hash) != c.want && c.hash != before || len(made.Drain()) == 1 != c.want {
			t.Errorf("%s: %v, now %q", name, got, made.SecretHash())
		}
	}
}
