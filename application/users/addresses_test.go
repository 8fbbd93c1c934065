package users

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// prover takes the password `right` for the user it holds.
type prover struct{ user *user.User }

func (p prover) ProvePassword(_ context.Context, _ domain.ID, password domain.Secret) (Proven, error) {
	if password.Reveal() != right {
		return Proven{}, wrongPassword()
	}
	s := p.user.Snapshot()
	return Proven{user: s, changedAt: s.PasswordChangedAt}, nil
}

// office is Addresses over fakes, beside the counter that verifies.
type office struct {
	*counter
	*Addresses
	caller inbound.Caller
}

func newOffice() *office {
	o := &office{counter: newCounter(func(s *user.Snapshot) { s.IsVerified = true })}
	o.Addresses = NewAddresses(o.post.clock, random{}, master{}, prover{o.user}, o.post.store, true)
	o.caller = holding(scope.WriteProfile)
	o.caller.Claims.Subject = o.user.ID().String()
	return o
}

func (o *office) change(t *testing.T, email, password string) (inbound.Account, error) {
	t.Helper()
	return o.ChangeEmail(t.Context(), o.caller, inbound.EmailChange{Email: email, CurrentPassword: domain.NewSecret(password)}, user.ProfileChange{}, 0)
}

// last gives the newest event as a reaction is told of it.
func (o *office) last() domain.Occurrence {
	events := o.post.store.stored().events
	return domain.Occurrence{ID: given.ID(), Event: events[len(events)-1]}
}

func TestChangeEmail(t *testing.T) {
	o := newOffice()
	old := o.user.Snapshot().Email
	for name, tc := range map[string]struct {
		email, password string
		code            domain.Code
	}{
		"no address":     {"nonsense", right, domain.CodeInvalidInput},
		"no password":    {"new@example.com", "", domain.CodeInvalidInput},
		"wrong password": {"new@example.com", wrong, domain.CodeWrongPassword},
	} {
		if _, err := o.change(t, tc.email, tc.password); !domain.HasCode(err, tc.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	reader := o.caller
	reader.Scopes = scope.NewSet(scope.ReadProfile)
	_, err := o.ChangeEmail(t.Context(), reader, inbound.EmailChange{Email: "new@example.com", CurrentPassword: domain.NewSecret(right)}, user.ProfileChange{}, 0)
	wantCode(t, err, domain.CodeInsufficientScope)
	acted := o.caller
	acted.Claims.Actors = []token.Actor{{Subject: "app", ClientID: "app"}}
	_, err = o.ChangeEmail(t.Context(), acted, inbound.EmailChange{Email: "new@example.com", CurrentPassword: domain.NewSecret(right)}, user.ProfileChange{}, 0)
	wantCode(t, err, domain.CodeForbidden)
	bio := "a bio"
	_, err = o.ChangeEmail(t.Context(), o.caller, inbound.EmailChange{Email: "new@example.com", CurrentPassword: domain.NewSecret(right)}, user.ProfileChange{Bio: &bio}, 99)
	wantCode(t, err, domain.CodeVersion)
	if o.row().PendingEmail != "" || o.row().Bio != "" {
		t.Fatalf("a refusal changed %+v", o.row())
	}

	account, err := o.ChangeEmail(t.Context(), o.caller, inbound.EmailChange{Email: "new@example.com", CurrentPassword: domain.NewSecret(right)}, user.ProfileChange{Bio: &bio}, o.row().Version)
	must(t, err)
	if account.User.PendingEmail != "new@example.com" || account.User.Email != old || o.row().Bio != bio {
		t.Errorf("%+v", account.User)
	}
	mailed := o.issue(t, verificationToken, o.last())
	if mailed.To != "new@example.com" || !mailed.IsChange {
		t.Errorf("mailed to %s", mailed.To)
	}
	must(t, o.VerifyEmail(t.Context(), mailed.Token))
	if row := o.row(); row.Email != "new@example.com" || row.PendingEmail != "" || !row.IsVerified {
		t.Errorf("%+v", row)
	}
	changed := o.last()
	former, known, err := o.Former(t.Context(), changed)
	if err != nil || !known || former != old {
		t.Errorf("former %s, %t, %v", former, known, err)
	}
	changed.OccurredAt = changed.OccurredAt.Add(-time.Hour) // of an earlier change
	if _, known, err := o.Former(t.Context(), changed); known || err != nil {
		t.Errorf("an earlier change: %t, %v", known, err)
	}
	changed.Subject = given.User().Party()
	if _, known, err := o.Former(t.Context(), changed); known || err != nil {
		t.Errorf("who changed nothing: %t, %v", known, err)
	}
}

func (o *office) code(t *testing.T) domain.Secret {
	t.Helper()
	text, due, err := o.Code(t.Context(), o.last())
	if err != nil || !due {
		t.Fatalf("due %t, %v", due, err)
	}
	return text.Code
}

func other(code domain.Secret) domain.Secret {
	if strings.HasPrefix(code.Reveal(), "0") {
		return domain.NewSecret("1" + code.Reveal()[1:])
	}
	return domain.NewSecret("0" + code.Reveal()[1:])
}

func TestPhone(t *testing.T) {
	o := newOffice()
	must(t, o.RequestPhone(t.Context(), o.caller, "+43 1 234-5678"))
	text, due, err := o.Code(t.Context(), o.last())
	if err != nil || !due || text.To != "+4312345678" || len(text.Code.Reveal()) != 6 || strings.Trim(text.Code.Reveal(), "0123456789") != "" {
		t.Fatalf("%+v, %t, %v", text, due, err)
	}
	if again := o.code(t); !again.Equal(text.Code) {
		t.Error("the second attempt at a text has another code")
	}
	for _, ticket := range o.post.store.stored().tickets {
		if strings.Contains(ticket.Digest+ticket.ID.String(), text.Code.Reveal()) {
			t.Error("the store holds the code")
		}
	}
	if o.row().Phone != "" {
		t.Error("a number that nobody has verified is on the account")
	}
	wantCode(t, o.VerifyPhone(t.Context(), o.caller, other(text.Code)), domain.CodeInvalidCode)
	must(t, o.VerifyPhone(t.Context(), o.caller, text.Code))
	if o.row().Phone != "+4312345678" || o.last().Type != domain.EventPhoneVerified {
		t.Errorf("%+v", o.row())
	}
	wantCode(t, o.VerifyPhone(t.Context(), o.caller, text.Code), domain.CodeInvalidCode)
}

func TestPhoneCodesEnd(t *testing.T) {
	asked := func(t *testing.T) (*office, domain.Secret, domain.Occurrence) {
		o := newOffice()
		must(t, o.RequestPhone(t.Context(), o.caller, "+4312345678"))
		return o, o.code(t), o.last()
	}
	t.Run("after five wrong tries", func(t *testing.T) {
		o, code, _ := asked(t)
		for range codeTries {
			wantCode(t, o.VerifyPhone(t.Context(), o.caller, other(code)), domain.CodeInvalidCode)
		}
		wantCode(t, o.VerifyPhone(t.Context(), o.caller, code), domain.CodeInvalidCode)
	})
	t.Run("after ten minutes", func(t *testing.T) {
		o, code, event := asked(t)
		o.post.clock.advance(codeLife)
		wantCode(t, o.VerifyPhone(t.Context(), o.caller, code), domain.CodeInvalidCode)
		if _, due, err := o.Code(t.Context(), event); due || err != nil {
			t.Errorf("an expired code is due: %v", err)
		}
	})
	t.Run("as another is asked for", func(t *testing.T) {
		o, code, event := asked(t)
		o.post.clock.advance(time.Second)
		must(t, o.RequestPhone(t.Context(), o.caller, "+4387654321"))
		if _, due, err := o.Code(t.Context(), event); due || err != nil {
			t.Errorf("a replaced code is due: %v", err)
		}
		if fresh := o.code(t); !fresh.Equal(code) { // one in a million is the same
			wantCode(t, o.VerifyPhone(t.Context(), o.caller, code), domain.CodeInvalidCode)
		}
	})
	t.Run("for another user", func(t *testing.T) {
		_, code, _ := asked(t)
		stranger := newOffice()
		wantCode(t, stranger.VerifyPhone(t.Context(), stranger.caller, code), domain.CodeInvalidCode)
	})
}

func TestPhoneRefusals(t *testing.T) {
	o := newOffice()
	wantCode(t, o.RequestPhone(t.Context(), o.caller, "nonsense"), domain.CodeInvalidInput)
	machine := inbound.Caller{Claims: token.AccessClaims{Subject: "ksc_x"}, Scopes: scope.Builtin()}
	wantCode(t, o.RequestPhone(t.Context(), machine, "+4312345678"), domain.CodeForbidden)
	wantCode(t, o.VerifyPhone(t.Context(), machine, domain.NewSecret("123456")), domain.CodeForbidden)
	o.canText = false
	wantCode(t, o.RequestPhone(t.Context(), o.caller, "+4312345678"), domain.CodeUnavailable)
	if len(o.post.store.stored().events)+len(o.post.store.stored().tickets) > 0 {
		t.Error("a refusal left something")
	}
}
