package user_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// person is a stored user, changed as a case wants.
func person(change ...func(*user.Snapshot)) *user.User {
	s := user.Snapshot{Username: "alice", Email: "alice@example.com", PasswordHash: "old", IsActive: true, Version: 3}
	for _, c := range change {
		c(&s)
	}
	return user.Rehydrate(s)
}

func TestIssuingKeepsTheLatestRequest(t *testing.T) {
	for name, issue := range map[string]func(*user.User, string, time.Time) bool{
		"verification": (*user.User).IssueVerification, "reset": (*user.User).IssueReset,
	} {
		u := person()
		for i, step := range []struct {
			digest string
			asked  time.Time
			due    bool
		}{
			{"k.one", start, true},
			{"k.one", start, true}, // the mail is tried again
			{"k.two", start.Add(time.Second), true},
			{"k.one", start, false}, // replaced
			{"k.two", start.Add(time.Second), true},
			{"k.other", start.Add(time.Second), false},
		} {
			if got := issue(u, step.digest, step.asked); got != step.due {
				t.Errorf("%s, step %d: due %t, want %t", name, i, got, step.due)
			}
		}
		if u.Snapshot().Version != 3 || len(u.Drain()) > 0 {
			t.Errorf("%s: issuing counts as a change", name)
		}
	}
	// What was used is not mailed again, should its mail be tried again.
	u := person()
	u.IssueVerification("k.one", start)
	if err := u.VerifyEmail("k.one", start); err != nil {
		t.Fatal(err)
	}
	if u.IssueVerification("k.one", start) {
		t.Error("a used token was issued again")
	}
}

func TestVerifyEmail(t *testing.T) {
	issued := func(s *user.Snapshot) { s.EmailVerificationToken, s.EmailVerificationSentAt = "k.one", start }
	for name, tc := range map[string]struct {
		user   *user.User
		digest string
		at     time.Time
		fails  bool
	}{
		"in time":         {person(issued), "k.one", start.Add(24*time.Hour - time.Microsecond), false},
		"too late":        {person(issued), "k.one", start.Add(24 * time.Hour), true},
		"another":         {person(issued), "k.two", start, true},
		"none was issued": {person(), "", start, true},
	} {
		before := tc.user.Snapshot()
		err := tc.user.VerifyEmail(tc.digest, tc.at)
		if domain.HasCode(err, domain.CodeInvalidVerification) != tc.fails {
			t.Errorf("%s: %v", name, err)
		}
		if tc.fails {
			if diff := cmp.Diff(before, tc.user.Snapshot()); diff != "" {
				t.Errorf("%s: a refusal changed something:\n%s", name, diff)
			}
			continue
		}
		if s := tc.user.Snapshot(); !s.IsVerified || s.EmailVerificationToken != "" || s.Version != before.Version+1 {
			t.Errorf("%s: %+v", name, s)
		}
		if events := tc.user.Drain(); len(events) != 1 || events[0].Type != domain.EventEmailVerified {
			t.Errorf("%s: events %+v", name, events)
		}
		if err := tc.user.VerifyEmail(tc.digest, tc.at); !domain.HasCode(err, domain.CodeInvalidVerification) {
			t.Errorf("%s: twice: %v", name, err)
		}
	}
}

func TestVerifyingTheAddressThatWaits(t *testing.T) {
	u := person(func(s *user.Snapshot) {
		s.EmailVerificationToken, s.EmailVerificationSentAt = "k.one", start
		s.PendingEmail, s.PasswordResetToken = "new@example.com", "k.reset"
	})
	if to, due := u.VerificationAddress(); to != "new@example.com" || !due {
		t.Errorf("verifies %s, %t", to, due)
	}
	if err := u.VerifyEmail("k.one", start); err != nil {
		t.Fatal(err)
	}
	if s := u.Snapshot(); s.Email != "new@example.com" || s.PendingEmail != "" || !s.IsVerified || s.PasswordResetToken != "" {
		t.Errorf("%+v", s)
	}
	if events := u.Drain(); len(events) != 1 || events[0].Type != domain.EventEmailChanged {
		t.Errorf("events %+v", events)
	}
}

func TestWhoIsMailed(t *testing.T) {
	for name, tc := range map[string]struct {
		user          *user.User
		verify, reset bool
	}{
		"unverified":               {person(), true, true},
		"verified":                 {person(func(s *user.Snapshot) { s.IsVerified = true }), false, true},
		"disabled":                 {person(func(s *user.Snapshot) { s.IsActive = false }), false, false},
		"disabled, with a pending": {person(func(s *user.Snapshot) { s.IsActive, s.PendingEmail = false, "new@example.com" }), false, false},
	} {
		_, verify := tc.user.VerificationAddress()
		to, reset := tc.user.ResetAddress()
		if verify != tc.verify || reset != tc.reset || to != "alice@example.com" {
			t.Errorf("%s: verification %t, reset %t to %s", name, verify, reset, to)
		}
	}
}

func TestSpendReset(t *testing.T) {
	issued := func(s *user.Snapshot) {
		s.PasswordResetToken, s.PasswordResetSentAt = "k.one", start
		s.FailedLoginAttempts, s.LockedUntil = 5, start.Add(time.Hour)
		s.PendingEmail, s.EmailVerificationToken = "thief@example.com", "k.change"
	}
	disabled := func(s *user.Snapshot) { s.IsActive = false }
	for name, tc := range map[string]struct {
		user   *user.User
		digest string
		at     time.Time
	}{
		"too late":        {person(issued), "k.one", start.Add(time.Hour)},
		"another":         {person(issued), "k.two", start},
		"the wrong kind":  {person(issued), "k.change", start},
		"none was issued": {person(), "", start},
		"disabled":        {person(issued, disabled), "k.one", start},
	} {
		before := tc.user.Snapshot()
		if err := tc.user.SpendReset(tc.digest, tc.at); !domain.HasCode(err, domain.CodeInvalidReset) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, tc.user.Snapshot()); diff != "" {
			t.Errorf("%s: a refusal changed something:\n%s", name, diff)
		}
	}
	u, now := person(issued), start.Add(time.Hour-time.Microsecond)
	if err := u.SpendReset("k.one", now); err != nil {
		t.Fatal(err)
	}
	if s := u.Snapshot(); s.FailedLoginAttempts != 0 || !s.LockedUntil.IsZero() || s.PasswordResetToken != "" {
		t.Errorf("%+v", s)
	}
	if events := u.Drain(); len(events) != 1 || events[0].Type != domain.EventPasswordReset {
		t.Errorf("events %+v", events)
	}
	if err := u.SpendReset("k.one", now); !domain.HasCode(err, domain.CodeInvalidReset) {
		t.Errorf("twice: %v", err)
	}
}

func TestANewPasswordVoidsWhatWasMailed(t *testing.T) {
	u := person(func(s *user.Snapshot) {
		s.PasswordResetToken, s.PasswordResetSentAt = "k.one", start
		s.PendingEmail, s.EmailVerificationToken, s.EmailVerificationSentAt = "thief@example.com", "k.change", start
	})
	u.SetPassword("new", u.Party(), start)
	if s := u.Snapshot(); s.PendingEmail != "" || s.EmailVerificationToken != "" || s.PasswordResetToken != "" {
		t.Errorf("something that was mailed before still works: %+v", s)
	}
	if u.IssueReset("k.one", start) || u.IssueVerification("k.change", start) {
		t.Error("a mail that waited renewed it")
	}
	unverified := person(func(s *user.Snapshot) { s.EmailVerificationToken = "k.own" })
	unverified.SetPassword("new", unverified.Party(), start)
	if unverified.Snapshot().EmailVerificationToken != "k.own" {
		t.Error("the account's own address can no longer be verified")
	}
}

func TestALockIsToldOnce(t *testing.T) {
	u := person()
	locked := fail(t, user.NewLockout("k"), policy.Attempts, start)
	told := 0
	for range 3 { // the others were in flight as the lock began
		u.LoginFailed(locked, start)
		for _, e := range u.Drain() {
			if e.Type == domain.EventUserLocked {
				told++
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

func TestParsePhone(t *testing.T) {
	for typed, want := range map[string]user.Phone{
		"+4312345678": "+4312345678", "+1 (555) 010-0100": "+15550100100", "+49.151.12345678": "+4915112345678", "+6834000": "+6834000",
		"": "", "4312345678": "", "+0431234567": "", "+43": "", "+1234567890123456": "", "+43 123 456x7": "", "+44 (0)20 7946 0000": "",
		"++4312345678": "", "+43\n12345678": "", "+４３12345678": "", "+43 12345678                                        ": "",
	} {
		got, bad := user.ParsePhone(typed)
		if got != want || (len(bad) > 0) != (want == "") {
			t.Errorf("%q gives %q, %v", typed, got, bad)
		}
	}
}

func TestAskEmailChange(t *testing.T) {
	u := person(func(s *user.Snapshot) { s.IsVerified = true })
	if u.AskEmailChange("ALICE@example.com", start) || u.Snapshot().Version != 3 {
		t.Error("the address that the account has is a change")
	}
	for _, email := range []user.Email{"new@example.com", "newer@example.com"} {
		if !u.AskEmailChange(email, start) {
			t.Fatal("no change")
		}
		if s := u.Snapshot(); s.PendingEmail != email || s.Email != "alice@example.com" || !s.IsVerified || s.EmailVerificationToken != "" {
			t.Errorf("%+v", s)
		}
		if events := u.Drain(); len(events) != 1 || events[0].Type != domain.EventEmailChangeAsked {
			t.Errorf("events %+v", events)
		}
		if u.IssueVerification("k.earlier", start.Add(-time.Microsecond)) || !u.IssueVerification("k.now", start) {
			t.Error("an earlier request is answered in place of this one")
		}
	}
	if !u.AskEmailChange("alice@example.com", start) || u.Snapshot().PendingEmail != "" {
		t.Error("the change was not called off")
	}
	if err := u.VerifyEmail("", start); !domain.HasCode(err, domain.CodeInvalidVerification) {
		t.Errorf("verified by nothing: %v", err)
	}
}
