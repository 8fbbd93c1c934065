package clients

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// verbs are all that changes a client, each with the event it leaves.
func verbs(service *Service, control *Control) map[domain.EventType]func(ctx context.Context, caller inbound.Caller, id string) error {
	name := "other"
	return map[domain.EventType]func(context.Context, inbound.Caller, string) error{
		domain.EventClientUpdated: func(ctx context.Context, caller inbound.Caller, id string) error {
			_, err := service.Change(ctx, caller, id, client.Change{Name: &name}, 0)
			return err
		},
		domain.EventClientDeleted: func(ctx context.Context, caller inbound.Caller, id string) error {
			return service.Delete(ctx, caller, id, 0)
		},
		domain.EventClientSecretRotated: func(ctx context.Context, caller inbound.Caller, id string) error {
			secret, err := service.RotateSecret(ctx, caller, id, 60, 0)
			if (err == nil) != token.WellFormed(token.SecretPrefix, secret.Reveal()) {
				panic("a secret without a rotation, or the other way round")
			}
			return err
		},
		domain.EventClientScopeGranted: func(ctx context.Context, caller inbound.Caller, id string) error {
			return service.Grant(ctx, caller, id, "read:profile", 0)
		},
		domain.EventClientScopeWithdrawn: func(ctx context.Context, caller inbound.Caller, id string) error {
			return service.Withdraw(ctx, caller, id, "read:audit", 0)
		},
		domain.EventClientDeactivated: func(ctx context.Context, caller inbound.Caller, id string) error {
			return control.Deactivate(ctx, caller, id, 0)
		},
	}
}

// TestWhoMayChangeClients asks every verb of the same callers.
func TestWhoMayChangeClients(t *testing.T) {
	callers := map[string]struct {
		caller inbound.Caller
		code   domain.Code // empty: may
	}{
		"holds all of it":              {holding(scope.AdminClients, scope.ReadAudit, scope.ReadProfile), ""},
		"a superuser with the system":  {superuser(), ""},
		"reads clients":                {holding(scope.ReadClients, scope.ReadAudit, scope.ReadProfile), domain.CodeInsufficientScope},
		"holds less than the client":   {holding(scope.AdminClients, scope.ReadProfile), domain.CodeForbidden},
		"the system, but no superuser": {holding(scope.AdminSystem, scope.AdminClients, scope.ReadProfile), domain.CodeForbidden},
	}
	audited := func(c *client.Snapshot) { c.Scopes = scope.NewSet(scope.ReadAudit) }
	for event := range verbs(nil, &Control{}) {
		for who, c := range callers {
			t.Run(string(event)+"/"+who, func(t *testing.T) {
				service, control, s := newShelf(audited)
				before := s.kept
				err := verbs(service, control)[event](t.Context(), c.caller, "c")
				if c.code != "" {
					if !domain.HasCode(err, c.code) || !cmp.Equal(before, s.kept) || len(s.signals)+len(s.events)+len(s.ended) != 0 {
						t.Fatalf("got %v, want %s", err, c.code)
					}
					return
				}
				if err != nil || len(s.events) != 1 || s.events[0].Type != event || s.events[0].Actor.ID != "caller" || s.events[0].Subject.ID != "c" {
					t.Fatalf("got %v with %v", err, s.events)
				}
				kinds := map[token.SignalKind]int{}
				for _, signal := range s.signals {
					kinds[signal.Kind]++
					if signal.ID != "c" || signal.Kind == token.SignalClientRevoked && (!signal.Before.Equal(given.Now) || !signal.ExpiresAt.Equal(given.Now.Add(time.Hour))) {
						t.Errorf("signal %+v", signal)
					}
				}
				want := map[token.SignalKind]int{token.SignalPrincipalChanged: 1}
				if event == domain.EventClientDeleted || event == domain.EventClientDeactivated {
					want[token.SignalClientRevoked] = 1
				}
				if diff := cmp.Diff(want, kinds); diff != "" || len(s.ended) != want[token.SignalClientRevoked] {
					t.Errorf("sessions of %v ended; signals (-want +got):\n%s", s.ended, diff)
				}
			})
		}
		t.Run(string(event)+"/the built-in client", func(t *testing.T) {
			service, control, s := newShelf(func(c *client.Snapshot) { c.IsFirstParty = true })
			if err := verbs(service, control)[event](t.Context(), superuser(), "c"); !domain.HasCode(err, domain.CodeBuiltin) || len(s.events) != 0 {
				t.Errorf("got %v", err)
			}
		})
		t.Run(string(event)+"/no such client", func(t *testing.T) {
			service, control, _ := newShelf()
			if err := verbs(service, control)[event](t.Context(), superuser(), "d"); !domain.HasCode(err, domain.CodeNotFound) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestChangeOfScopes(t *testing.T) {
	caller := holding(scope.WriteClients, scope.ReadUsers, scope.ReadAudit)
	for name, c := range map[string]struct {
		scopes []string
		code   domain.Code
	}{
		"one more that is held":  {[]string{"read:users", "read:audit"}, ""},
		"none":                   {nil, ""},
		"one that is not held":   {[]string{"read:users", "write:users"}, domain.CodeForbidden},
		"an unknown one":         {[]string{"read:users", "read:nothing"}, domain.CodeInvalidInput},
		"no scope":               {[]string{"*"}, domain.CodeInvalidInput},
		"the one it had already": {[]string{"read:users"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			service, _, s := newShelf() // holds read:users
			after, err := service.Change(t.Context(), caller, "c", client.Change{Scopes: &c.scopes}, 1)
			if c.code != "" {
				if !domain.HasCode(err, c.code) || s.kept.Version != 1 {
					t.Fatalf("got %v, version %d", err, s.kept.Version)
				}
				return
			}
			if err != nil || len(after.Scopes) != len(c.scopes) || len(s.kept.Scopes) != len(c.scopes) {
				t.Errorf("got %v, %v", after.Scopes, err)
			}
		})
	}
	service, _, _ := newShelf()
	if _, err := service.Change(t.Context(), superuser(), "c", client.Change{}, 2); !domain.HasCode(err, domain.CodeVersion) {
		t.Errorf("another version: %v", err)
	}
	if err := service.Delete(t.Context(), superuser(), "c", 2); !domain.HasCode(err, domain.CodeVersion) {
		t.Errorf("another version: %v", err)
	}
	unknown := []string{"read:nothing"}
	if _, err := service.Change(t.Context(), superuser(), "c", client.Change{Scopes: &unknown}, 0); !domain.HasCode(err, domain.CodeInvalidInput) {
		t.Errorf("an unknown scope, by a superuser: %v", err)
	}
	for name, code := range map[string]domain.Code{"read:nothing": domain.CodeNotFound, "write:users": domain.CodeForbidden} {
		if err := service.Grant(t.Context(), caller, "c", name, 0); !domain.HasCode(err, code) {
			t.Errorf("%s: %v, want %s", name, err, code)
		}
	}
	if err := service.Withdraw(t.Context(), caller, "c", "read:nothing", 0); !domain.HasCode(err, domain.CodeNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestRotationsOverlap(t *testing.T) {
	service, _, s := newShelf()
	old := s.kept.SecretHash
	secret, err := service.RotateSecret(t.Context(), superuser(), "c", 60, 0)
	if err != nil || s.kept.SecretHash != string(token.DigestOf(secret)) || s.kept.PreviousSecretHash != old || !s.kept.PreviousSecretUntil.Equal(given.Now.Add(time.Minute)) {
		t.Fatalf("kept %+v, %v", s.kept, err)
	}
	for _, grace := range []int{-1, 86401, -1 << 62, 1 << 62} {
		if _, err := service.RotateSecret(t.Context(), superuser(), "c", grace, 0); !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Errorf("%d: %v", grace, err)
		}
	}
	if _, err := service.RotateSecret(t.Context(), superuser(), "c", 0, 0); err != nil || s.kept.PreviousSecretHash != "" || !s.kept.PreviousSecretUntil.IsZero() {
		t.Errorf("without grace: kept %+v, %v", s.kept, err)
	}
}

func TestControl(t *testing.T) {
	_, control, s := newShelf()
	boss := holding(scope.AdminClients, scope.ReadUsers)
	for range 2 {
		if err := control.Deactivate(t.Context(), boss, "c", 0); err != nil || s.kept.IsActive {
			t.Fatalf("active %t, %v", s.kept.IsActive, err)
		}
	}
	for range 2 {
		if err := control.Activate(t.Context(), boss, "c", 0); err != nil || !s.kept.IsActive || s.kept.Version != 3 {
			t.Fatalf("kept %+v, %v", s.kept, err)
		}
	}
	if len(s.signals) != 0 {
		t.Errorf("activating an active client tells %v", s.signals)
	}
	_, control, s = newShelf(func(c *client.Snapshot) { c.IsActive = false })
	if err := control.Activate(t.Context(), boss, "c", 0); err != nil || len(s.signals) != 2 || s.signals[0].Kind != token.SignalClientRevoked || !s.signals[0].Before.Before(given.Now) {
		t.Errorf("signals %v, %v", s.signals, err)
	}
	writer := holding(scope.WriteClients, scope.ReadUsers)
	_, list := control.List(t.Context(), writer, domain.Page{})
	for i, err := range []error{control.Activate(t.Context(), writer, "c", 0), control.Deactivate(t.Context(), writer, "c", 0), list} {
		if !domain.HasCode(err, domain.CodeInsufficientScope) {
			t.Errorf("refusal %d: %v", i, err)
		}
	}
	got, err := control.List(t.Context(), boss, domain.Page{Limit: 1, After: "next"})
	if err != nil || len(got.Items) != 1 || !got.Items[0].LastUsedAt.Equal(given.Now) || got.Next != "next" {
		t.Errorf("listed %+v, %v", got, err)
	}
	service, _, _ := newShelf()
	if _, err := service.Get(t.Context(), holding(scope.ReadUsers), "c"); !domain.HasCode(err, domain.CodeInsufficientScope) {
		t.Errorf("got %v", err)
	}
	if found, err := service.Get(t.Context(), holding(scope.ReadClients), "c"); err != nil || found.ClientID != "c" {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := service.Get(t.Context(), holding(scope.ReadClients), "d"); !domain.HasCode(err, domain.CodeNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestChangesAreJudgedFirst: what is wrong with a change by itself is told before
// anything about the client is.
func TestChangesAreJudgedFirst(t *testing.T) {
	text, life := func(s string) *string { return &s }, new(int)
	for name, c := range map[string]struct {
		change client.Change
		fields string
	}{
		"a name and a life":       {client.Change{Name: text(""), AccessTokenLifetime: &life}, "name, access_token_lifetime"},
		"an unknown scope":        {client.Change{Name: text(""), Scopes: &[]string{"read:nothing"}}, "name, scopes"},
		"a method not on offer":   {client.Change{AuthMethod: text("tls")}, "token_endpoint_auth_method"},
		"keys, and a name":        {client.Change{Keys: text("bad"), Name: text("")}, "jwks, name"},
		"a grant, as it may be":   {client.Change{GrantTypes: &[]string{"implicit"}}, ""},
		"keys that it may have":   {client.Change{AuthMethod: text("private_key_jwt")}, ""},
		"grants that it may have": {client.Change{AuthMethod: text("none")}, ""},
	} {
		for id, otherwise := range map[string]domain.Code{"nobody": domain.CodeNotFound, "c": domain.CodeVersion} {
			service, _, _ := newShelf(func(s *client.Snapshot) { s.IsFirstParty = true })
			_, err := service.Change(t.Context(), superuser(), id, c.change, 4711)
			want := domain.CodeInvalidInput
			if c.fields == "" {
				want = otherwise
			}
			if got := fieldsOf(err); got != c.fields || !domain.HasCode(err, want) {
				t.Errorf("%s of %s: %v, names %s", name, id, err, got)
			}
		}
		service, _, _ := newShelf()
		if _, err := service.Change(t.Context(), holding(scope.ReadClients), "c", c.change, 0); !domain.HasCode(err, domain.CodeInsufficientScope) {
			t.Errorf("%s, without the scope: %v", name, err)
		}
	}
}
