package grants

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

func TestDeviceIsLetIn(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "read:profile read:users")
	if len(codes.User) != 9 || codes.User[4] != '-' || strings.Trim(codes.User, userLetters+"-") != "" {
		t.Errorf("user code %q", codes.User)
	}
	for key, kept := range l.work.kept {
		if strings.Contains(key+kept.Data, codes.Device.Reveal()) || strings.Contains(key+kept.Data, strings.ReplaceAll(codes.User, "-", "")) {
			t.Error("a code is kept as it is")
		}
	}
	waiting, err := l.devices.Device(t.Context(), l.ada, strings.ToLower(strings.ReplaceAll(codes.User, "-", " ")))
	if err != nil || waiting.ClientID != "tv" || waiting.ClientName == "" || !cmp.Equal(waiting.Scope, scope.NewSet(scope.ReadProfile, scope.ReadUsers)) {
		t.Errorf("%+v, %v", waiting, err)
	}
	_, err = l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeAuthorizationPending)
	must(t, l.approve(t.Context(), l.ada, codes.User))
	answer, err := l.poll(t.Context(), "tv", codes.Device)
	must(t, err)
	if !cmp.Equal(answer.Scope, scope.NewSet(scope.ReadProfile)) || answer.UserID != l.ada.Principal.ID || answer.RefreshToken.Empty() || l.codec.signed.ClientID != "tv" {
		t.Errorf("%+v", answer) // no more than the one who let it in held
	}
	if l.work.events[0].Type != eventDeviceApproved || l.work.events[0].Actor.ID != l.ada.Principal.ID || l.work.events[0].Subject.ID != "tv" {
		t.Errorf("events %+v", l.work.events)
	}
	_, err = l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeInvalidGrant)
}

func TestDeviceIsKeptOut(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	must(t, l.devices.Deny(t.Context(), l.ada, codes.User))
	wantCode(t, l.approve(t.Context(), l.ada, codes.User), domain.CodeNotFound)
	_, err := l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeAccessDenied)
}

func TestDeviceSlowsDownAndExpires(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	for i, step := range []struct {
		after time.Duration
		code  domain.Code
	}{
		{0, domain.CodeAuthorizationPending}, {5 * time.Second, domain.CodeAuthorizationPending},
		{4 * time.Second, domain.CodeSlowDown}, {9 * time.Second, domain.CodeSlowDown}, // 10 s apart now, then 15 s
		{14 * time.Second, domain.CodeSlowDown}, {20 * time.Second, domain.CodeAuthorizationPending},
		{10 * time.Minute, domain.CodeExpiredToken},
	} {
		l.clock.now = l.clock.now.Add(step.after)
		_, err := l.poll(t.Context(), "tv", codes.Device)
		if !domain.HasCode(err, step.code) {
			t.Errorf("poll %d: %v, want %s", i, err, step.code)
		}
	}
	wantCode(t, l.approve(t.Context(), l.ada, codes.User), domain.CodeNotFound)
	late := l.codes(t, "")
	must(t, l.approve(t.Context(), l.ada, late.User))
	l.clock.now = l.clock.now.Add(10 * time.Minute)
	_, err := l.poll(t.Context(), "tv", late.Device)
	wantCode(t, err, domain.CodeExpiredToken)
}

// Another client's polls find nothing, and don't slow the device down; nobody
// but the user decides.
func TestDeviceIsNoStrangers(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	for range 3 {
		_, err := l.poll(t.Context(), "radio", codes.Device)
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	_, err := l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeAuthorizationPending)
	_, err = l.poll(t.Context(), "tv", domain.NewSecret("guess"))
	wantCode(t, err, domain.CodeInvalidGrant)
	acted, derived, elsewhere := l.ada, l.ada, l.ada
	elsewhere.Claims.ClientID = "app"
	acted.Claims.Actors = []token.Actor{{Subject: "support"}}
	derived.Claims.Sources = []token.Source{{ID: "1"}}
	for name, caller := range map[string]inbound.Caller{"a client": clientToken("app"), "who acts for her": acted, "an exchanged token": derived, "a login through an application": elsewhere} {
		if err := l.approve(t.Context(), caller, codes.User); !domain.HasCode(err, domain.CodeForbidden) {
			t.Errorf("%s: %v", name, err)
		}
		if err := l.devices.Deny(t.Context(), caller, codes.User); !domain.HasCode(err, domain.CodeForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, typed := range []string{"", "BCDF", "AEIO-UAEI", codes.User + "B", strings.Repeat("B", 300)} {
		wantCode(t, l.approve(t.Context(), l.ada, typed), domain.CodeNotFound)
	}
	if asked := l.prover.asked.Load(); asked != 0 {
		t.Errorf("%d passwords were tried for nothing", asked)
	}
}

// A token alone lets nothing in.
func TestDeviceNeedsThePassword(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	wantCode(t, l.devices.Approve(t.Context(), l.ada, codes.User, domain.Secret{}), domain.CodeInvalidInput)
	wantCode(t, l.devices.Approve(t.Context(), l.ada, codes.User, domain.NewSecret("a guess")), domain.CodeWrongPassword)
	changed := l.work.user
	l.work.user.PasswordChangedAt = given.Now // since it was shown
	wantCode(t, l.approve(t.Context(), l.ada, codes.User), domain.CodeWrongPassword)
	l.work.user = changed
	_, err := l.poll(t.Context(), "tv", codes.Device)
	wantCode(t, err, domain.CodeAuthorizationPending)
	must(t, l.approve(t.Context(), l.ada, codes.User))
	_, err = l.poll(t.Context(), "tv", codes.Device)
	must(t, err)
}

// Between the decision and the poll, what the decision rests on may end.
func TestApprovedDeviceFallsWithItsGround(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*living)
		code domain.Code
	}{
		"nothing happened": {func(*living) {}, ""},
		"logged out": {func(l *living) {
			for id, s := range l.work.sessions {
				s.EndedAt, s.EndReason = given.Now, token.EndedByLogout
				l.work.sessions[id] = s
			}
		}, domain.CodeInvalidGrant},
		"the login is gone":    {func(l *living) { clear(l.work.sessions) }, domain.CodeInvalidGrant},
		"another password":     {func(l *living) { l.work.user.PasswordChangedAt = given.Now }, domain.CodeInvalidGrant},
		"the account disabled": {func(l *living) { l.work.user.IsActive = false }, domain.CodeInvalidGrant},
	} {
		l := newLiving(t)
		codes := l.codes(t, "")
		must(t, l.approve(t.Context(), l.ada, codes.User))
		c.end(l)
		before := len(l.work.sessions)
		answer, err := l.poll(t.Context(), "tv", codes.Device)
		if c.code == "" && (err != nil || answer.RefreshToken.Empty()) || c.code != "" && (!domain.HasCode(err, c.code) || len(l.work.sessions) != before) {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

// Garbage costs no look-up.
func TestDeviceCodeOfAnotherShape(t *testing.T) {
	l := newLiving(t)
	before := l.work.units
	for _, code := range []string{"guess", "ksd_", token.NewOpaque(token.RefreshPrefix, random{}.Entropy()).Reveal()} {
		_, err := l.poll(t.Context(), "tv", domain.NewSecret(code))
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	if l.work.units != before {
		t.Errorf("%d units of work", l.work.units-before)
	}
}

// Whoever lets a device in with a token that holds nothing lets it do nothing.
func TestDeviceGetsNoMoreThanWasHeld(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	l.ada.Scopes = nil
	must(t, l.approve(t.Context(), l.ada, codes.User))
	answer, err := l.poll(t.Context(), "tv", codes.Device)
	if err != nil || len(answer.Scope) != 0 {
		t.Errorf("%+v, %v", answer, err)
	}
}

// Twenty polls with one code: one winner, one session. Twenty decisions: one.
func TestDeviceCodeIsSpentOnce(t *testing.T) {
	l := newLiving(t)
	codes := l.codes(t, "")
	race := func(try func(i int) error, lost domain.Code) {
		t.Helper()
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if err := try(i); err == nil {
					won.Add(1)
				} else if !domain.HasCode(err, lost) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d winners, want 1", won.Load())
		}
	}
	race(func(int) error { return l.approve(context.Background(), l.ada, codes.User) }, domain.CodeNotFound)
	race(func(int) error { _, err := l.poll(context.Background(), "tv", codes.Device); return err }, domain.CodeInvalidGrant)
	if got := len(l.work.sessions); got != 2 { // hers and the device's
		t.Errorf("%d sessions, want 2", got)
	}
}
