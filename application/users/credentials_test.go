package users

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

const right, wrong = "correct horse battery staple", "wrong horse battery staple"

// desk is Credentials over fakes, with one user whose password is right.
type desk struct {
	*Credentials
	clock   *clock
	hasher  *hasher
	store   *store
	budgets *budgets
	user    *user.User
}

func newDesk(change func(*Policy, *user.Snapshot)) *desk {
	policy := Policy{MaxWaiting: 500, Lockout: user.LockoutPolicy{Attempts: 5, Durations: []time.Duration{5 * time.Minute, 15 * time.Minute}}}
	d := &desk{clock: &clock{now: given.Now}, hasher: &hasher{}}
	d.user = given.User(func(s *user.Snapshot) {
		s.PasswordHash = hashOf(right)
		if change != nil {
			change(&policy, s)
		}
	})
	d.store = newStore(d.user)
	d.budgets = &budgets{store: d.store}
	d.Credentials = NewCredentials(policy, d.clock, names, d.hasher, d.store, d.budgets, d.store)
	return d
}

func (d *desk) name() string    { return string(d.user.Username()) }
func (d *desk) address() string { return string(d.user.Snapshot().Email) }

// change makes the stored user another.
func (d *desk) change(f func(*user.Snapshot)) {
	s := d.store.stored().users[d.user.ID()]
	f(&s)
	d.store.users[d.user.ID()] = s
}

func (d *desk) try(t *testing.T, identifier, password string) (Login, error) {
	t.Helper()
	return d.VerifyPassword(t.Context(), identifier, domain.NewSecret(password))
}

// login tries and records, as the session's unit of work does.
func (d *desk) login(t *testing.T, identifier, password string) error {
	t.Helper()
	login, err := d.try(t, identifier, password)
	if err != nil {
		return err
	}
	return d.store.Do(t.Context(), login.Record)
}

func (d *desk) budget() user.LockoutSnapshot {
	return d.store.stored().lockouts["user:"+d.user.ID().String()]
}

func types(events []domain.Event) []domain.EventType {
	var all []domain.EventType
	for _, e := range events {
		all = append(all, e.Type)
	}
	return all
}

// asTold is all of a refusal that a caller could see.
func asTold(err error, now time.Time) domain.Error {
	e := domain.AsError(err)
	told := domain.Error{Kind: e.Kind, Code: e.Code, Message: e.Message, Reason: e.Reason, RetryAfter: e.RetryAfter}
	if !e.LockedUntil.IsZero() {
		told.LockedUntil = time.Unix(0, int64(e.LockedUntil.Sub(now)))
	}
	return told
}

// Wrong, unknown and passwordless are one answer after the same work, before
// and after the lock (contract 3.1).
func TestVerifyPasswordTellsNothing(t *testing.T) {
	var want []domain.Error
	for _, who := range []string{"username", "address", "unknown name", "unknown address", "no password set"} {
		d := newDesk(func(_ *Policy, s *user.Snapshot) {
			if who == "no password set" {
				s.PasswordHash = ""
			}
		})
		identifier := map[string]string{"address": d.address(), "unknown name": "nobody", "unknown address": "nobody@example.com"}[who]
		if identifier == "" {
			identifier = d.name()
		}
		var told []domain.Error
		for range 7 {
			_, err := d.try(t, identifier, wrong)
			told = append(told, asTold(err, d.clock.Now()))
		}
		if got := d.hasher.verified.Load(); got != 5 {
			t.Errorf("%s: evaluated %d guesses, want 5", who, got)
		}
		if want == nil {
			want = told
		}
		if diff := cmp.Diff(want, told, cmp.AllowUnexported(domain.Error{})); diff != "" {
			t.Errorf("%s is answered otherwise:\n%s", who, diff)
		}
	}
	if want[4].Code != domain.CodeInvalidGrant || want[4].Reason != "" || want[5].Reason != domain.ReasonAccountLocked || want[5].RetryAfter != 5*time.Minute {
		t.Errorf("answers: %+v", want)
	}
}

func TestVerifyPasswordSharesOneBudget(t *testing.T) {
	d := newDesk(nil)
	for _, identifier := range []string{d.name(), d.address(), d.name(), "  ", d.address(), d.name()} {
		_, err := d.try(t, identifier, wrong)
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	_, err := d.try(t, d.address(), right)
	if domain.AsError(err).Reason != domain.ReasonAccountLocked {
		t.Fatalf("got %v after five failures by either name", err)
	}
	// The lock ends by itself; the right password forgets everything.
	d.clock.advance(5 * time.Minute)
	must(t, d.login(t, d.name(), right))
	if b := d.budget(); b.Failures != 0 || b.Level != 0 || b.Pending != 0 {
		t.Errorf("budget %+v", b)
	}
}

func TestVerifyPasswordKeepsTheFailureColumns(t *testing.T) {
	d := newDesk(nil)
	for range 4 {
		_, _ = d.try(t, d.name(), wrong)
	}
	if s := d.store.stored().users[d.user.ID()]; s.FailedLoginAttempts != 4 || !s.LockedUntil.IsZero() {
		t.Errorf("after four: %d failures, locked until %s", s.FailedLoginAttempts, s.LockedUntil)
	}
	_, _ = d.try(t, d.name(), wrong)
	if s := d.store.stored().users[d.user.ID()]; s.FailedLoginAttempts != 5 || !s.LockedUntil.Equal(d.clock.Now().Add(5*time.Minute)) {
		t.Errorf("after five: %d failures, locked until %s", s.FailedLoginAttempts, s.LockedUntil)
	}
	want := slicesOf(5, domain.EventLoginFailed, domain.EventUserLocked)
	if diff := cmp.Diff(want, types(d.store.stored().events)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	d.clock.advance(5 * time.Minute)
	must(t, d.login(t, d.name(), right))
	if s := d.store.stored().users[d.user.ID()]; s.FailedLoginAttempts != 0 || !s.LockedUntil.IsZero() || !s.LastLogin.Equal(d.clock.Now()) || s.Version != d.user.Snapshot().Version {
		t.Errorf("after a login: %+v", s)
	}
}

func slicesOf(n int, e, last domain.EventType) []domain.EventType {
	var all []domain.EventType
	for range n {
		all = append(all, e)
	}
	return append(all, last)
}

func TestVerifyPasswordOfNobodyIsRecordedKeyed(t *testing.T) {
	d := newDesk(nil)
	_, err := d.try(t, "nobody@example.com", wrong)
	wantCode(t, err, domain.CodeInvalidGrant)
	events := d.store.stored().events
	if len(events) != 1 || events[0].Subject.Kind != domain.PartyUnknown || len(events[0].Subject.ID) != len("name:")+64 || events[0].Subject.Name != "" {
		t.Errorf("events %+v", events)
	}
}

func TestVerifyPasswordAdmission(t *testing.T) {
	for reason, change := range map[string]func(*Policy, *user.Snapshot){
		domain.ReasonAccountDisabled: func(_ *Policy, s *user.Snapshot) { s.IsActive = false },
		domain.ReasonEmailUnverified: func(p *Policy, s *user.Snapshot) { p.Admission.RequireVerifiedEmail, s.IsVerified = true, false },
		domain.ReasonPasswordExpired: func(p *Policy, s *user.Snapshot) {
			p.Admission.PasswordMaxAge, s.PasswordChangedAt = time.Hour, given.Now.Add(-time.Hour)
		},
	} {
		d := newDesk(change)
		_, err := d.try(t, d.name(), right)
		if domain.AsError(err).Reason != reason || domain.AsError(err).Code != domain.CodeInvalidGrant {
			t.Errorf("%s: got %v", reason, err)
		}
		if events := d.store.stored().events; len(events) != 1 || events[0].Reason != reason || events[0].Outcome != domain.Failed {
			t.Errorf("%s: the refusal is not on record: %+v", reason, events)
		}
		_, err = d.try(t, d.name(), wrong)
		if told := domain.AsError(err); told.Reason != "" || told.Code != domain.CodeInvalidGrant {
			t.Errorf("%s: told without the right password", reason)
		}
	}
}

// What happens between the proof and the session's unit of work.
func TestLoginRecordLooksAgain(t *testing.T) {
	for name, change := range map[string]func(*user.Snapshot){
		"disabled": func(s *user.Snapshot) { s.IsActive = false },
		"the password changed": func(s *user.Snapshot) {
			s.PasswordHash, s.PasswordChangedAt = hashOf("new"), given.Now.Add(time.Second)
		},
	} {
		d := newDesk(nil)
		login, err := d.try(t, d.name(), right)
		must(t, err)
		s := d.store.users[d.user.ID()]
		change(&s)
		d.store.users[d.user.ID()] = s
		if err := d.store.Do(t.Context(), login.Record); !domain.HasCode(err, domain.CodeInvalidGrant) {
			t.Errorf("%s meanwhile: got %v", name, err)
		}
	}
	d := newDesk(nil)
	login, err := d.try(t, d.name(), right)
	must(t, err)
	clear(d.store.users)
	wantCode(t, d.store.Do(t.Context(), login.Record), domain.CodeInvalidGrant)
}

func TestVerifyPasswordRehashes(t *testing.T) {
	d := newDesk(nil)
	d.hasher.outdated = true
	must(t, d.login(t, d.name(), right))
	events := types(d.store.stored().events)
	if diff := cmp.Diff([]domain.EventType{domain.EventLoginSucceeded, domain.EventPasswordRehashed}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if s := d.store.stored().users[d.user.ID()]; s.PasswordHash != hashOf(right) || !s.PasswordChangedAt.Equal(given.Now) {
		t.Errorf("a rehash is no change of password: %+v", s)
	}
	// Another login of the same moment still counts.
	d.hasher.outdated = false
	must(t, d.login(t, d.name(), right))
	// No room to rehash: the login counts, and the next one tries again.
	d.hasher.outdated, d.hasher.failHash = true, busy()
	before := len(d.store.stored().events)
	must(t, d.login(t, d.name(), right))
	if got := len(d.store.stored().events) - before; got != 1 {
		t.Errorf("%d events, want the login only", got)
	}
	d.hasher.failHash = nil
	_, err := d.try(t, d.name(), wrong)
	wantCode(t, err, domain.CodeInvalidGrant)
	if got := d.hasher.hashed.Load(); got != 2 {
		t.Errorf("hashed %d times; a wrong guess is never rehashed", got)
	}
}

var _ func(context.Context, outbound.Repositories) error = Login{}.Record

// What a login changes is noted on the account as it was read, so that it can be
// stored at once; its version stands.
func TestLoginsComeWithTheirAccount(t *testing.T) {
	for _, outdated := range []bool{false, true} {
		d := newDesk(func(_ *Policy, s *user.Snapshot) { s.FailedLoginAttempts, s.Version = 2, 7 })
		d.hasher.outdated = outdated
		login, err := d.try(t, d.name(), right)
		must(t, err)
		s := login.Account.Snapshot()
		if s.ID != d.user.ID() || !s.LastLogin.Equal(d.clock.Now()) || s.FailedLoginAttempts != 0 || s.Revision != 7 || s.Version != 7 {
			t.Errorf("account %+v", s)
		}
		if login.Rehashed != outdated {
			t.Errorf("rehashed: %v, want %v", login.Rehashed, outdated)
		}
	}
}
