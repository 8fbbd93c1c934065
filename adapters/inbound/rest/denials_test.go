package rest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// TestDenialsAreKept: who was refused what, of whom, and why (ADM-26).
func TestDenialsAreKept(t *testing.T) {
	const bare, full = "Authorization: Bearer " + bareToken, "Authorization: Bearer " + fullToken
	forbidding := func(p *ports) {
		p.change = func(context.Context, inbound.Caller, user.ProfileChange, int64) (inbound.Account, error) {
			return inbound.Account{}, domain.Forbidden("no")
		}
	}
	type kept struct {
		Tried   string
		Subject domain.Party
		Code    domain.Code
	}
	target := func(kind domain.PartyKind, id string) domain.Party { return domain.Party{Kind: kind, ID: id} }
	for name, tc := range map[string]struct {
		method, path, header, body string
		with                       func(*ports)
		want                       []kept
	}{
		"a user":       {method: "DELETE", path: "/api/v1/admin/users/" + alice, header: bare, want: []kept{{"delete-user", target(domain.PartyUser, alice), domain.CodeInsufficientScope}}},
		"a role of it": {method: "PUT", path: "/api/v1/admin/users/" + alice + "/roles/admin", header: bare, want: []kept{{"assign-role admin", target(domain.PartyUser, alice), domain.CodeInsufficientScope}}},
		"a scope":      {method: "DELETE", path: "/api/v1/admin/scopes/read%3Ausers", header: bare, want: []kept{{"delete-scope", target(domain.PartyScope, "read:users"), domain.CodeInsufficientScope}}},
		"a client":     {method: "PUT", path: "/api/v1/clients/ksc_1/scopes/admin:system", header: bare, want: []kept{{"grant-to-client admin:system", target(domain.PartyClient, "ksc_1"), domain.CodeInsufficientScope}}},
		"a list":       {method: "GET", path: "/api/v1/admin/audit", header: bare, want: []kept{{"list-audit", domain.System, domain.CodeInsufficientScope}}},
		"no name":      {method: "DELETE", path: "/api/v1/admin/users/%0Aforged", header: bare, want: []kept{{"delete-user", target(domain.PartyUser, ""), domain.CodeInsufficientScope}}},
		"a use case's": {method: "PATCH", path: "/api/v1/users/me", header: full, body: `{"bio":"x"}`, with: forbidding, want: []kept{{"change-me", domain.System, domain.CodeForbidden}}},
		"nobody":       {method: "DELETE", path: "/api/v1/admin/users/" + alice},
		"allowed":      {method: "GET", path: "/api/v1/users/me", header: full},
		"bad input":    {method: "PATCH", path: "/api/v1/users/me", header: full, body: `{"bi":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := obliging()
			if tc.with != nil {
				tc.with(p)
			}
			s, _ := serve(t, p, configured())
			ask(s, exampleCase{method: tc.method, path: tc.path, headers: []string{tc.header, jsonType}, body: tc.body}.request())
			var got []kept
			for _, d := range p.denied {
				if d.Caller.Claims.Subject != alice {
					t.Errorf("by %q", d.Caller.Claims.Subject)
				}
				got = append(got, kept{d.Tried, d.Subject, d.Code})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

// A store that is away changes no refusal; the log tells of it.
func TestDenialsThatCannotBeKept(t *testing.T) {
	p := obliging()
	p.undenied = domain.Unavailable(nil, time.Second)
	s, logs := serve(t, p, configured())
	w := ask(s, exampleCase{method: "DELETE", path: "/api/v1/admin/users/" + alice, headers: []string{"Authorization: Bearer " + bareToken}}.request())
	if line := logs.FilterMessage("request").All(); w.Code != http.StatusForbidden || len(line) != 1 || line[0].ContextMap()["error"] == nil {
		t.Errorf("%d, log %v", w.Code, line)
	}
}
