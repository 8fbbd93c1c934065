package user_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/test/given"
)

func types(events []domain.Event) []domain.EventType {
	var out []domain.EventType
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}

func TestRegistrationReportsAllBreachesAtOnce(t *testing.T) {
	r := user.Registration{Username: "a", Email: "b", Profile: user.Profile{
		FirstName: "a\nb", LastName: strings.Repeat("x", 101), DisplayName: "\u202e", Bio: strings.Repeat("x", 1001),
	}}
	_, err := r.Check(domain.NewSecret("short"), user.PasswordPolicy{MinLength: 15, MaxLength: 256})
	if !domain.HasCode(err, domain.CodeInvalidInput) {
		t.Fatalf("got %v", err)
	}
	var names []string
	for _, f := range domain.AsError(err).Fields {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"username", "email", "password", "first_name", "last_name", "display_name", "bio"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestNewAccounts(t *testing.T) {
	u := user.Register(given.ID(), given.Checked(), "hash", start)
	s := u.Snapshot()
	if !s.IsActive || s.IsVerified || s.IsSuperuser || s.Version != 1 || s.Revision != 0 || !cmp.Equal(s.Roles, []role.Name{role.User}) || s.PasswordChangedAt != start {
		t.Errorf("registered as %+v", s)
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventUserRegistered}, types(u.Drain())); diff != "" {
		t.Error(diff)
	}
	boss := user.NewSuperuser(given.ID(), given.Checked(), "hash", start)
	if s := boss.Snapshot(); !s.IsActive || !s.IsVerified || !s.IsSuperuser {
		t.Errorf("made as %+v", s)
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventUserCreated}, types(boss.Drain())); diff != "" {
		t.Error(diff)
	}
}

func TestAdmit(t *testing.T) {
	strict := user.AdmissionRules{RequireVerifiedEmail: true, PasswordMaxAge: time.Hour}
	cases := []struct {
		name   string
		change func(*user.Snapshot)
		rules  user.AdmissionRules
		after  time.Duration
		reason string
	}{
		{"all well", func(*user.Snapshot) {}, strict, time.Minute, ""},
		{"disabled", func(s *user.Snapshot) { s.IsActive = false }, user.AdmissionRules{}, 0, domain.ReasonAccountDisabled},
		{"disabled before all else", func(s *user.Snapshot) { s.IsActive, s.IsVerified = false, false }, strict, 2 * time.Hour, domain.ReasonAccountDisabled},
		{"unverified, required", func(s *user.Snapshot) { s.IsVerified = false }, strict, 0, domain.ReasonEmailUnverified},
		{"unverified, optional", func(s *user.Snapshot) { s.IsVerified = false }, user.AdmissionRules{}, 0, ""},
		{"password in its last microsecond", func(*user.Snapshot) {}, strict, time.Hour - time.Microsecond, ""},
		{"password expired", func(*user.Snapshot) {}, strict, time.Hour, domain.ReasonPasswordExpired},
		{"password never expires", func(*user.Snapshot) {}, user.AdmissionRules{}, 1e6 * time.Hour, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := given.User(c.change).Admit(c.rules, given.Now.Add(c.after))
			if c.reason == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !domain.HasCode(err, domain.CodeInvalidGrant) || domain.AsError(err).Reason != c.reason {
				t.Errorf("got %v, want the reason %s", err, c.reason)
			}
		})
	}
}

func TestChangeProfile(t *testing.T) {
	text := func(s string) *string { return &s }
	later := given.Now.Add(time.Hour)
	t.Run("sets what is given and leaves the rest", func(t *testing.T) {
		u := given.User(func(s *user.Snapshot) { s.FirstName, s.Bio = "old", "bio" })
		want := u.Snapshot()
		want.FirstName, want.LastName, want.Version, want.UpdatedAt = "new", "", 2, later
		if err := u.ChangeProfile(user.ProfileChange{FirstName: text("new"), LastName: text("")}, u.Party(), later); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, u.Snapshot()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]domain.EventType{domain.EventUserUpdated}, types(u.Drain())); diff != "" {
			t.Error(diff)
		}
	})
	for name, change := range map[string]user.ProfileChange{
		"nothing given": {}, "nothing different": {Bio: text("bio")}, "one bad among good": {FirstName: text("good"), LastName: text("a\x00")},
	} {
		t.Run(name+" changes nothing", func(t *testing.T) {
			u := given.User(func(s *user.Snapshot) { s.Bio = "bio" })
			want := u.Snapshot()
			err := u.ChangeProfile(change, u.Party(), later)
			if isBad := change.LastName != nil; isBad != (err != nil) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(want, u.Snapshot()); diff != "" {
				t.Error(diff)
			}
			if events := u.Drain(); len(events) > 0 {
				t.Errorf("it records %v", types(events))
			}
		})
	}
}

func TestLoginBookkeepingLeavesTheVersionAlone(t *testing.T) {
	u := given.User()
	l := fail(t, user.NewLockout("k"), policy.Attempts-1, start)
	u.LoginFailed(l, start)
	if s := u.Snapshot(); s.FailedLoginAttempts != policy.Attempts-1 || !s.LockedUntil.IsZero() {
		t.Errorf("after failures: %d, %v", s.FailedLoginAttempts, s.LockedUntil)
	}
	l = fail(t, l, 1, start)
	u.LoginFailed(l, start)
	if s := u.Snapshot(); !s.LockedUntil.Equal(start.Add(5 * time.Minute)) {
		t.Errorf("locked until %v", s.LockedUntil)
	}
	u.LoginRefused(domain.ReasonAccountDisabled, start)
	u.Rehashed("new", start)
	u.LoggedIn(start.Add(time.Hour))
	s := u.Snapshot()
	if s.FailedLoginAttempts != 0 || !s.LockedUntil.IsZero() || !s.LastLogin.Equal(start.Add(time.Hour)) || s.PasswordHash != "new" {
		t.Errorf("after a login: %+v", s)
	}
	if s.Version != 1 || s.UpdatedAt != given.Now {
		t.Errorf("version %d of %v: a login is no edit", s.Version, s.UpdatedAt)
	}
	want := []domain.EventType{domain.EventLoginFailed, domain.EventLoginFailed, domain.EventUserLocked, domain.EventLoginFailed, domain.EventPasswordRehashed, domain.EventLoginSucceeded}
	if diff := cmp.Diff(want, types(u.Drain())); diff != "" {
		t.Error(diff)
	}
}

func TestCollisionHoldsTheNameForADay(t *testing.T) {
	c := given.Checked()
	want := user.PendingRegistration{Username: c.Username(), Email: c.Email(), PasswordHash: "hash", ExpiresAt: start.Add(24 * time.Hour)}
	if diff := cmp.Diff(want, user.Collide(c, "hash", start)); diff != "" {
		t.Error(diff)
	}
}
