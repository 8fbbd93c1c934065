package users

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// broken names the fields of a refusal.
func broken(t *testing.T, err error) (names []string) {
	t.Helper()
	wantCode(t, err, domain.CodeInvalidInput)
	for _, field := range domain.AsError(err).Fields {
		names = append(names, field.Name+" "+field.Code)
	}
	return names
}

// A current password that was left out, or stands beside bad input, is no
// guess: it is refused with all else that is wrong, and nothing is counted.
func TestBadInputSpendsNoAttempt(t *testing.T) {
	d := newDesk(func(p *Policy, _ *user.Snapshot) { p.Passwords = user.PasswordPolicy{MinLength: 12, MaxLength: 128} })
	passwords := NewPasswords(d.policy, random{}, d.hasher, lenient{}, lenient{})
	o := NewOwnAccess(d.clock, passwords, d.Credentials, d.store, nil, d.store, nil)
	a := NewAddresses(d.clock, random{}, master{}, d.Credentials, d.store, true)
	caller := holding(scope.WriteProfile)
	caller.Claims.Subject, caller.Claims.SessionID = d.user.ID().String(), given.ID().String()
	lines := "two\nlines"
	change := func(email, password string) error {
		_, err := a.ChangeEmail(t.Context(), caller, inbound.EmailChange{Email: email, CurrentPassword: domain.NewSecret(password)}, user.ProfileChange{FirstName: &lines}, 0)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"delete":              {o.DeleteAccount(t.Context(), caller, domain.Secret{}, 0), []string{"current_password required"}},
		"change":              {o.ChangePassword(t.Context(), caller, domain.Secret{}, domain.NewSecret(wrong)), []string{"current_password required"}},
		"change to too short": {o.ChangePassword(t.Context(), caller, domain.Secret{}, domain.NewSecret("short")), []string{"current_password required", "new_password too_short"}},
		"wrong, to too short": {o.ChangePassword(t.Context(), caller, domain.NewSecret(wrong), domain.NewSecret("short")), []string{"new_password too_short"}},
		"address, nothing":    {change("none", ""), []string{"email format", "first_name characters", "current_password required"}},
		"address, wrong":      {change("new@example.com", wrong), []string{"first_name characters"}},
	} {
		if diff := cmp.Diff(c.want, broken(t, c.err)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if d.hasher.verified.Load() != 0 || len(d.store.stored().lockouts) != 0 {
		t.Errorf("hashed %d, counted %v", d.hasher.verified.Load(), d.store.stored().lockouts)
	}
}

func TestDeleteAccountOfAnotherVersion(t *testing.T) {
	d := newDesk(nil)
	o := NewOwnAccess(d.clock, nil, d.Credentials, d.store, nil, d.store, nil)
	caller := holding()
	caller.Claims.Subject, caller.Claims.SessionID = d.user.ID().String(), given.ID().String()
	err := o.DeleteAccount(t.Context(), caller, domain.NewSecret(right), d.user.Snapshot().Version+1)
	wantCode(t, err, domain.CodeVersion)
	if _, still := d.store.stored().users[d.user.ID()]; !still {
		t.Error("the account is gone")
	}
}
