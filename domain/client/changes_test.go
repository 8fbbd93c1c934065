package client_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/test/given"
)

var (
	editor = domain.Party{Kind: domain.PartyUser, ID: "editor"}
	later  = given.Now.Add(time.Hour)
)

// verbs are all that changes a client; each, on an active client that holds
// read:users, changes something the first time only.
var verbs = map[domain.EventType]func(*client.ServiceClient) (bool, error){
	domain.EventClientUpdated: func(c *client.ServiceClient) (bool, error) {
		name := "other"
		return c.Change(client.Change{Name: &name}, grants, editor, later)
	},
	domain.EventClientScopeGranted:   func(c *client.ServiceClient) (bool, error) { return c.Grant(scope.ReadAudit, editor, later) },
	domain.EventClientScopeWithdrawn: func(c *client.ServiceClient) (bool, error) { return c.Withdraw(scope.ReadUsers, editor, later) },
	domain.EventClientDeactivated:    func(c *client.ServiceClient) (bool, error) { return c.Deactivate(editor, later) },
}

func TestVerbs(t *testing.T) {
	for event, verb := range verbs {
		c := given.Client()
		before := c.Snapshot()
		changed, err := verb(c)
		events, after := c.Drain(), c.Snapshot()
		if err != nil || !changed || after.Version != before.Version+1 || !after.UpdatedAt.Equal(later) ||
			len(events) != 1 || events[0].Type != event || events[0].Actor != editor || events[0].Subject != c.Party() {
			t.Errorf("%s: %t, %v, version %d, events %v", event, changed, err, after.Version, events)
		}
		changed, err = verb(c)
		if err != nil || changed || len(c.Drain()) != 0 || !cmp.Equal(after, c.Snapshot()) {
			t.Errorf("%s again: %t, %v", event, changed, err)
		}
		builtin := given.Client(func(c *client.Snapshot) { c.IsFirstParty = true })
		if _, err := verb(builtin); !domain.HasCode(err, domain.CodeBuiltin) || len(builtin.Drain()) != 0 {
			t.Errorf("%s of the built-in client: %v", event, err)
		}
	}
}

func TestActivateAndDelete(t *testing.T) {
	c := given.Client(func(c *client.Snapshot) { c.IsActive = false })
	for _, want := range []bool{true, false} {
		if changed, err := c.Activate(editor, later); err != nil || changed != want || !c.IsActive() {
			t.Errorf("%t, %v", changed, err)
		}
	}
	if err := c.Delete(editor, later); err != nil {
		t.Error(err)
	}
	if events := c.Drain(); len(events) != 2 || events[0].Type != domain.EventClientActivated || events[1].Type != domain.EventClientDeleted {
		t.Errorf("events %v", events)
	}
	builtin := given.Client(func(c *client.Snapshot) { c.IsFirstParty, c.IsActive = true, false })
	_, activated := builtin.Activate(editor, later)
	for i, err := range []error{activated, builtin.Delete(editor, later), builtin.Rotate("hash", 0, editor, later)} {
		if !domain.HasCode(err, domain.CodeBuiltin) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestRotate(t *testing.T) {
	c := given.Client(func(c *client.Snapshot) { c.SecretHash = "first" })
	for _, grace := range []time.Duration{-1, client.MaxGrace + 1} {
		if err := c.Rotate("lost", grace, editor, later); !domain.HasCode(err, domain.CodeInvalidInput) || c.SecretHash() != "first" {
			t.Errorf("%s: %v", grace, err)
		}
	}
	for _, step := range []struct {
		hash, previous string
		grace          time.Duration
	}{{"second", "first", time.Minute}, {"third", "second", client.MaxGrace}, {"fourth", "", 0}} {
		if err := c.Rotate(step.hash, step.grace, editor, later); err != nil {
			t.Fatal(err)
		}
		end := later.Add(step.grace)
		if c.SecretHash() != step.hash || c.PreviousSecretHash(end.Add(-1)) != step.previous || c.PreviousSecretHash(end) != "" {
			t.Errorf("%s: %s beside %q", step.hash, c.SecretHash(), c.PreviousSecretHash(end.Add(-1)))
		}
	}
	if given.Client().PreviousSecretHash(given.Now) != "" {
		t.Error("a secret before the first")
	}
}

func TestChange(t *testing.T) {
	seconds, short := 90, 59
	to, unset, bad := &seconds, (*int)(nil), &short
	var none []string
	text, empty, long := "other", "", string(make([]byte, 101))
	scopes, granted, unknown := []string{"read:audit", "read:users"}, []string{"password"}, []string{"implicit"}
	legacy := func(c *client.Snapshot) { c.GrantTypes, c.AccessTokenLifetime = []string{"legacy"}, time.Hour }
	for name, tc := range map[string]struct {
		change client.Change
		want   func(*client.Snapshot)
		field  string
	}{
		"nothing":             {client.Change{}, func(*client.Snapshot) {}, ""},
		"name and text":       {client.Change{Name: &text, Description: &text}, func(s *client.Snapshot) { s.Name, s.Description = text, text }, ""},
		"scopes":              {client.Change{Scopes: &scopes}, func(s *client.Snapshot) { s.Scopes = scope.NewSet(scope.ReadAudit, scope.ReadUsers) }, ""},
		"no scopes":           {client.Change{Scopes: &none}, func(s *client.Snapshot) { s.Scopes = scope.Set{} }, ""},
		"grants":              {client.Change{GrantTypes: &granted}, func(s *client.Snapshot) { s.GrantTypes = granted }, ""},
		"the default grant":   {client.Change{GrantTypes: &none}, func(s *client.Snapshot) { s.GrantTypes = []string{"client_credentials"} }, ""},
		"a lifetime":          {client.Change{AccessTokenLifetime: &to}, func(s *client.Snapshot) { s.AccessTokenLifetime = 90 * time.Second }, ""},
		"no lifetime":         {client.Change{AccessTokenLifetime: &unset}, func(s *client.Snapshot) { s.AccessTokenLifetime = 0 }, ""},
		"too short a life":    {client.Change{AccessTokenLifetime: &bad}, nil, "access_token_lifetime"},
		"no name":             {client.Change{Name: &empty}, nil, "name"},
		"a long name":         {client.Change{Name: &long}, nil, "name"},
		"a grant not offered": {client.Change{GrantTypes: &unknown}, nil, "grant_types"},
		"what is no scope":    {client.Change{Scopes: &unknown}, nil, "scopes"},
	} {
		c := given.Client(legacy)
		want := c.Snapshot()
		changed, err := c.Change(tc.change, grants, editor, later)
		if tc.field != "" {
			if !domain.HasCode(err, domain.CodeInvalidInput) || domain.AsError(err).Fields[0].Name != tc.field || !cmp.Equal(want, c.Snapshot()) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		tc.want(&want)
		if changed {
			want.Version, want.UpdatedAt = want.Version+1, later
		}
		if diff := cmp.Diff(want, c.Snapshot()); diff != "" || err != nil || changed == (name == "nothing") {
			t.Errorf("%s: changed %t, %v\n%s", name, changed, err, diff)
		}
	}
}
