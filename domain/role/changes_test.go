package role_test

import (
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/test/given"
)

func TestEveryChangeIsRecorded(t *testing.T) {
	r, err := role.New(given.ID(), "auditor", "d", domain.System, given.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if changed, err := r.Describe("other", domain.System, given.Now); err != nil || changed != want {
			t.Errorf("described: %t, %v", changed, err)
		}
		if r.Grant(scope.ReadAudit, domain.System, given.Now) != want {
			t.Error("granted twice")
		}
	}
	for _, want := range []bool{true, false} {
		if r.Withdraw(scope.ReadAudit, domain.System, given.Now) != want {
			t.Error("withdrawn twice")
		}
	}
	if _, err := r.Describe(strings.Repeat("x", 1001), domain.System, given.Now); !domain.HasCode(err, domain.CodeInvalidInput) {
		t.Errorf("a long text: %v", err)
	}
	if err := r.Delete(domain.System, given.Now); err != nil {
		t.Error(err)
	}
	var got []string
	for _, event := range r.Drain() {
		if event.Subject != (domain.Party{Kind: domain.PartyRole, ID: "auditor", Name: "auditor"}) {
			t.Errorf("subject %v", event.Subject)
		}
		got = append(got, string(event.Type)+" "+event.Reason)
	}
	want := "role.created |role.updated |role.scope_granted read:audit|role.scope_withdrawn read:audit|role.deleted "
	if strings.Join(got, "|") != want || r.Snapshot().Version != domain.FirstVersion(given.Now)+3 {
		t.Errorf("version %d, events %q", r.Snapshot().Version, got)
	}
	for _, name := range []role.Name{role.User, role.Admin} {
		builtin := given.Role(func(s *role.Snapshot) { s.Name = name })
		if err := builtin.Delete(domain.System, given.Now); !domain.HasCode(err, domain.CodeBuiltin) || !builtin.IsBuiltin() || len(builtin.Drain()) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
