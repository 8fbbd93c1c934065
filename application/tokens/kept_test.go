package tokens

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
)

// fullClaims has something in every field, and a text longer than any token.
func fullClaims() token.AccessClaims {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	return token.AccessClaims{
		Issuer: "https://id.example", Subject: "s", Audience: []string{"https://id.example", "other"},
		IssuedAt: at, NotBefore: at.Add(time.Second), ExpiresAt: at.Add(time.Minute), ID: "jti", ClientID: "shop",
		Scope: scope.Set{"orders:read", "users:read"}, Username: "zoë\x00", Roles: []string{"admin", ""}, SessionID: "sid",
		Actors: []token.Actor{{Subject: "a", ClientID: "b"}, {Subject: "c", ClientID: "d"}}, MayAct: "m",
		Sources:       []token.Source{{ID: "x", ClientID: "y", SessionID: "z"}, {ID: strings.Repeat("long", maxBearer), ClientID: "v", SessionID: "w"}},
		Impersonators: []string{"i"}, KeyID: "kid",
	}
}

func TestKeptClaimsAreWhole(t *testing.T) {
	full := fullClaims()
	wantFilled(t, reflect.ValueOf(full))
	for name, want := range map[string]token.AccessClaims{"full": full, "empty": {}} {
		if diff := cmp.Diff(want, keep(want).claims()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// wantFilled holds a struct, and those in its slices, to have something in each field.
func wantFilled(t *testing.T, of reflect.Value) {
	t.Helper()
	for i := range of.NumField() {
		field := of.Field(i)
		if field.IsZero() {
			t.Fatalf("%s of %s is empty: the test must have something in it", of.Type().Field(i).Name, of.Type())
		}
		if field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct {
			for n := range field.Len() {
				wantFilled(t, field.Index(n))
			}
		}
	}
}

// What is kept gives each caller slices of its own.
func TestKeptClaimsAreNotShared(t *testing.T) {
	kept := keep(fullClaims())
	changed := kept.claims()
	changed.Scope[0], changed.Roles[0], changed.Audience[0] = "other:write", "other", "elsewhere"
	if diff := cmp.Diff(fullClaims(), kept.claims()); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkKeptClaims(b *testing.B) {
	full := fullClaims()
	full.Actors, full.Sources, full.Impersonators = nil, nil, nil
	kept := keep(full)
	b.ReportAllocs()
	for b.Loop() {
		kept.claims()
	}
}
