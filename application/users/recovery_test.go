package users

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

var inADay = given.Now.Add(24 * time.Hour)

// ended notes whose sessions were ended.
type ended struct {
	Logins
	all []domain.ID
}

func (e *ended) EndAll(_ context.Context, _ outbound.Repositories, id domain.ID, reason token.EndReason, _ domain.Party) error {
	if reason != token.EndedByPassword {
		return domain.Internal(nil)
	}
	e.all = append(e.all, id)
	return nil
}

// counter is Recovery over fakes, beside the post that mails its tokens.
type counter struct {
	*Recovery
	*post
	hasher *hasher
	ended  *ended
}

func newCounter(change ...func(*user.Snapshot)) *counter {
	c := &counter{post: newPost(change...), hasher: &hasher{}, ended: &ended{}}
	policy := Policy{Passwords: user.PasswordPolicy{MinLength: 15, MaxLength: 256}}
	passwords := NewPasswords(policy, random{}, c.hasher, lenient{}, lenient{})
	c.Recovery = NewRecovery(c.post.clock, random{}, names, passwords, c.post.MailedTokens, c.post.store, c.post.store, c.ended)
	return c
}

func (c *counter) verification(t *testing.T) domain.Secret {
	t.Helper()
	return c.issue(t, verificationToken, c.asked(domain.EventVerificationAsked, c.post.clock.Now())).Token
}

func (c *counter) reset(t *testing.T) domain.Secret {
	t.Helper()
	return c.issue(t, resetToken, c.asked(domain.EventResetAsked, c.post.clock.Now())).Token
}

func TestAskingIsOneEventWhoeverItIs(t *testing.T) {
	c := newCounter()
	for _, ask := range []func(context.Context, string) error{c.RequestVerification, c.RequestReset} {
		for _, email := range []string{string(c.user.Snapshot().Email), "nobody@example.com", "no address"} {
			must(t, ask(t.Context(), email))
		}
	}
	type line struct {
		kind    domain.EventType
		subject domain.PartyKind
	}
	var got []line
	for _, e := range c.post.store.stored().events {
		got = append(got, line{e.Type, e.Subject.Kind})
		if e.Subject.Kind == domain.PartyUnknown && (e.Subject.Name != "" || len(e.Subject.ID) != len("name:")+64) {
			t.Errorf("an address of nobody is on record: %+v", e.Subject)
		}
	}
	want := []line{
		{domain.EventVerificationAsked, domain.PartyUser}, {domain.EventVerificationAsked, domain.PartyUnknown}, {domain.EventVerificationAsked, domain.PartyUnknown},
		{domain.EventResetAsked, domain.PartyUser}, {domain.EventResetAsked, domain.PartyUnknown}, {domain.EventResetAsked, domain.PartyUnknown},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
	c.post.store.fail = unavailable()
	wantCode(t, c.RequestReset(t.Context(), "nobody@example.com"), domain.CodeUnavailable)
}

func TestVerifyEmailOnce(t *testing.T) {
	c := newCounter()
	raw := c.verification(t)
	must(t, c.VerifyEmail(t.Context(), raw))
	if !c.row().IsVerified {
		t.Error("not verified")
	}
	wantCode(t, c.VerifyEmail(t.Context(), raw), domain.CodeInvalidVerification)
}

func TestTokensThatAreNotValidAreOneAnswer(t *testing.T) {
	for name, spoil := range map[string]func(c *counter, verification, reset domain.Secret) (domain.Secret, domain.Secret){
		"crossed": func(_ *counter, v, r domain.Secret) (domain.Secret, domain.Secret) { return r, v },
		"expired": func(c *counter, v, r domain.Secret) (domain.Secret, domain.Secret) {
			c.post.clock.advance(24 * time.Hour)
			return v, r
		},
		"nonsense": func(*counter, domain.Secret, domain.Secret) (domain.Secret, domain.Secret) {
			return domain.NewSecret("ksv_"), domain.NewSecret("ksp_")
		},
		"of another": func(*counter, domain.Secret, domain.Secret) (domain.Secret, domain.Secret) {
			other := newCounter()
			return other.verification(t), other.reset(t)
		},
		"replaced": func(c *counter, v, r domain.Secret) (domain.Secret, domain.Secret) {
			c.post.clock.advance(time.Second)
			c.verification(t)
			c.reset(t)
			return v, r
		},
	} {
		c := newCounter()
		verification, reset := spoil(c, c.verification(t), c.reset(t))
		before := c.row()
		for _, err := range []error{c.VerifyEmail(t.Context(), verification)} {
			if told := domain.AsError(err); told.Code != domain.CodeInvalidVerification || told.Message != domain.AsError(user.InvalidVerification()).Message {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantCode(t, c.ResetPassword(t.Context(), reset, domain.NewSecret("short")), domain.CodeInvalidInput) // whatever the token is
		err := c.ResetPassword(t.Context(), reset, domain.NewSecret("weak but long enough"))
		if told := domain.AsError(err); told.Code != domain.CodeInvalidReset || told.Message != domain.AsError(user.InvalidReset()).Message {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, c.row()); diff != "" || c.hasher.hashed.Load() > 0 {
			t.Errorf("%s: something was done:\n%s", name, diff)
		}
	}
}

func TestResetPassword(t *testing.T) {
	c := newCounter(func(s *user.Snapshot) { s.FailedLoginAttempts, s.LockedUntil = 5, inADay })
	key := budgetOf(c.user.ID())
	c.post.store.lockouts[key] = user.LockoutSnapshot{Key: key, Failures: 5, Level: 2, LockedUntil: inADay, Pending: 1, PendingAt: c.post.clock.Now(), Version: 1}
	raw := c.reset(t)
	// What the policy refuses spends nothing.
	wantCode(t, c.ResetPassword(t.Context(), raw, domain.NewSecret("too short")), domain.CodeInvalidInput)
	must(t, c.ResetPassword(t.Context(), raw, domain.NewSecret("a longer password than that")))
	row := c.row()
	if row.PasswordHash != hashOf("a longer password than that") || row.FailedLoginAttempts != 0 || !row.LockedUntil.IsZero() || row.IsVerified {
		t.Errorf("%+v", row)
	}
	if b := c.post.store.stored().lockouts[key]; !b.LockedUntil.IsZero() || b.Level != 0 || b.Pending != 1 {
		t.Errorf("budget %+v", b)
	}
	if diff := cmp.Diff([]domain.ID{c.user.ID()}, c.ended.all); diff != "" {
		t.Errorf("sessions of %v ended", c.ended.all)
	}
	if diff := cmp.Diff([]domain.EventType{domain.EventPasswordReset, domain.EventPasswordChanged}, types(c.post.store.stored().events)); diff != "" {
		t.Error(diff)
	}
	wantCode(t, c.ResetPassword(t.Context(), raw, domain.NewSecret("another password, longer")), domain.CodeInvalidReset)
}
