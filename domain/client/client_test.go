package client_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/test/given"
)

var grants = []string{"client_credentials", "password", "refresh_token"}

func TestNew(t *testing.T) {
	lifetime := 60
	d := client.Draft{
		Name: "A client", Description: "line\nline", Scopes: []string{"write:users", "read:users", "read:users"},
		GrantTypes: []string{"refresh_token", "password", "password"}, AccessTokenLifetime: &lifetime,
	}
	c, err := client.New(given.ID(), "id", "hash", d, grants, domain.System, given.Now)
	if err != nil {
		t.Fatal(err)
	}
	want := client.Snapshot{
		ID: c.Snapshot().ID, ClientID: "id", SecretHash: "hash", AuthMethod: "client_secret_basic", Name: "A client", Description: "line\nline", IsActive: true,
		Scopes: scope.NewSet(scope.ReadUsers, scope.WriteUsers), GrantTypes: []string{"password", "refresh_token"},
		AccessTokenLifetime: time.Minute, Version: domain.FirstVersion(given.Now), CreatedAt: given.Now, UpdatedAt: given.Now,
	}
	if diff := cmp.Diff(want, c.Snapshot()); diff != "" {
		t.Error(diff)
	}
	if events := c.Drain(); len(events) != 1 || events[0].Type != domain.EventClientCreated || events[0].Subject.ID != "id" {
		t.Errorf("events %v", events)
	}
	if c.IsPublic() || !c.MayUse("password") || c.MayUse("client_credentials") {
		t.Error("it may what it should not")
	}
	plain, err := client.New(given.ID(), "id", "hash", client.Draft{Name: "n"}, grants, domain.System, given.Now)
	if err != nil || !cmp.Equal(plain.Snapshot().GrantTypes, []string{"client_credentials"}) || plain.AccessTokenLifetime(time.Hour) != time.Hour {
		t.Errorf("the defaults: %+v, %v", plain, err)
	}
}

func TestNewNamesEachBrokenField(t *testing.T) {
	number := func(n int) *int { return &n }
	good := client.Draft{Name: "n"}
	cases := map[string]struct {
		change func(*client.Draft)
		fields []string
	}{
		"no name":              {func(d *client.Draft) { d.Name = "" }, []string{"name"}},
		"a name of spaces":     {func(d *client.Draft) { d.Name = " \u00a0 " }, []string{"name"}},
		"a name of two lines":  {func(d *client.Draft) { d.Name = "a\nb" }, []string{"name"}},
		"a long name":          {func(d *client.Draft) { d.Name = strings.Repeat("x", 101) }, []string{"name"}},
		"a broken name":        {func(d *client.Draft) { d.Name = "\xff" }, []string{"name"}},
		"a long description":   {func(d *client.Draft) { d.Description = strings.Repeat("x", 1001) }, []string{"description"}},
		"a bidi description":   {func(d *client.Draft) { d.Description = "\u202e" }, []string{"description"}},
		"no scope":             {func(d *client.Draft) { d.Scopes = []string{"read:users", "*"} }, []string{"scopes"}},
		"an unknown grant":     {func(d *client.Draft) { d.GrantTypes = []string{"password", "implicit"} }, []string{"grant_types"}},
		"a short lifetime":     {func(d *client.Draft) { d.AccessTokenLifetime = number(59) }, []string{"access_token_lifetime"}},
		"a long lifetime":      {func(d *client.Draft) { d.AccessTokenLifetime = number(86401) }, []string{"access_token_lifetime"}},
		"no lifetime":          {func(d *client.Draft) { d.AccessTokenLifetime = number(0) }, []string{"access_token_lifetime"}},
		"a lifetime overflown": {func(d *client.Draft) { d.AccessTokenLifetime = number(math.MaxInt) }, []string{"access_token_lifetime"}},
		"a negative lifetime":  {func(d *client.Draft) { d.AccessTokenLifetime = number(math.MinInt) }, []string{"access_token_lifetime"}},
		"all at once": {func(d *client.Draft) {
			*d = client.Draft{Description: "\x00", Scopes: []string{"x"}, GrantTypes: []string{"x"}, AccessTokenLifetime: number(1)}
		}, []string{"name", "description", "scopes", "grant_types", "access_token_lifetime"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := good
			c.change(&d)
			_, err := client.New(given.ID(), "id", "hash", d, grants, domain.System, given.Now)
			if !domain.HasCode(err, domain.CodeInvalidInput) {
				t.Fatalf("got %v", err)
			}
			var fields []string
			for _, f := range domain.AsError(err).Fields {
				fields = append(fields, f.Name)
			}
			if diff := cmp.Diff(c.fields, fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCeiling(t *testing.T) {
	held := scope.NewSet(scope.ReadUsers, scope.WriteUsers, scope.ReadAudit)
	own := given.Client(func(s *client.Snapshot) { s.Scopes = scope.NewSet(scope.AdminUsers) })
	if diff := cmp.Diff(scope.NewSet(scope.ReadUsers, scope.WriteUsers), own.Ceiling(held)); diff != "" {
		t.Error(diff)
	}
	first := given.Client(func(s *client.Snapshot) { s.IsFirstParty, s.Scopes = true, nil })
	if diff := cmp.Diff(held, first.Ceiling(held)); diff != "" {
		t.Error(diff)
	}
}
