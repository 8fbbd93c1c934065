package reactions

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// tokens gives what it holds for every event.
type tokens struct {
	mailed user.Mailed
	due    bool
	err    error
}

func (f tokens) Verification(context.Context, domain.Occurrence) (user.Mailed, bool, error) {
	return f.mailed, f.due, f.err
}

func (f tokens) Reset(context.Context, domain.Occurrence) (user.Mailed, bool, error) {
	return f.mailed, f.due, f.err
}

// mailer keeps what it is given.
type mailer struct {
	sent []outbound.Mail
	err  error
}

func (m *mailer) Send(_ context.Context, mail outbound.Mail) error {
	m.sent = append(m.sent, mail)
	return m.err
}

type directory struct {
	outbound.UserDirectory
	found, taken *user.User
	err          error
}

func (d directory) ByLogin(context.Context, string, bool) (*user.User, error) {
	if d.taken == nil {
		return nil, domain.NotFound("no such user")
	}
	return d.taken, d.err
}

func (d directory) ByID(context.Context, domain.ID) (*user.User, error) { return d.found, d.err }

func occurrence(u *user.User, kind domain.EventType) domain.Occurrence {
	return domain.Occurrence{ID: given.ID(), Event: domain.Event{Type: kind, Subject: u.Party(), OccurredAt: given.Now}}
}

var errAway = errors.New("away")

func TestTokenMails(t *testing.T) {
	u := given.User()
	mailed := user.Mailed{Username: u.Username(), To: "alice@example.com", Token: domain.NewSecret("ksv_a+b"), ValidFor: time.Hour}
	change := mailed
	change.IsChange = true
	for _, tc := range []struct {
		name     string
		react    func(Tokens, outbound.Mailer, string) inbound.Reaction
		mailed   user.Mailed
		template outbound.MailTemplate
		link     string
	}{
		{"verification", newVerification, mailed, outbound.MailVerification, "https://id.example.com/verify-email?token=ksv_a%2Bb"},
		{"change", newVerification, change, outbound.MailEmailChange, "https://id.example.com/verify-email?token=ksv_a%2Bb"},
		{"reset", newReset, mailed, outbound.MailPasswordReset, "https://id.example.com/reset-password?token=ksv_a%2Bb"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := occurrence(u, domain.EventResetAsked)
			var out mailer
			if err := tc.react(tokens{tc.mailed, true, nil}, &out, "https://id.example.com").React(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			want := []outbound.Mail{{
				ID: o.ID.String(), Template: tc.template, To: "alice@example.com", Username: u.Username(), At: given.Now,
				Token: tc.mailed.Token, Link: domain.NewSecret(tc.link), ValidFor: time.Hour,
			}}
			if diff := cmp.Diff(want, out.sent, cmp.Comparer(domain.Secret.Equal)); diff != "" {
				t.Error(diff)
			}
			out = mailer{err: errAway}
			if err := tc.react(tokens{tc.mailed, true, nil}, &out, "").React(t.Context(), o); !errors.Is(err, errAway) {
				t.Errorf("a mailer that is away: %v", err)
			}
			out = mailer{}
			if err := tc.react(tokens{tc.mailed, true, errAway}, &out, "").React(t.Context(), o); !errors.Is(err, errAway) || len(out.sent) > 0 {
				t.Errorf("a store that is away: %v, %d mails", err, len(out.sent))
			}
			if err := tc.react(tokens{tc.mailed, false, nil}, &out, "").React(t.Context(), o); err != nil || len(out.sent) > 0 {
				t.Errorf("none is due: %v, %d mails", err, len(out.sent))
			}
		})
	}
}

func newVerification(f Tokens, m outbound.Mailer, base string) inbound.Reaction {
	return NewVerificationMail(f, directory{}, m, base)
}

// Who asks for a change to an address that is taken learns nothing; its owner does.
func TestChangeToATakenAddressIsToldToItsOwner(t *testing.T) {
	u, owner := given.User(), given.User()
	mailed := user.Mailed{Username: u.Username(), To: owner.Snapshot().Email, IsChange: true, Token: domain.NewSecret("ksv_x")}
	o := occurrence(u, domain.EventEmailChangeAsked)
	var out mailer
	if err := NewVerificationMail(tokens{mailed, true, nil}, directory{taken: owner}, &out, "").React(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []outbound.Mail{{ID: o.ID.String(), Template: outbound.MailAccountExists, To: owner.Snapshot().Email, Username: owner.Username(), At: given.Now}}
	if diff := cmp.Diff(want, out.sent, cmp.Comparer(domain.Secret.Equal)); diff != "" {
		t.Error(diff)
	}
	if err := NewVerificationMail(tokens{mailed, true, nil}, directory{taken: owner, err: errAway}, &out, "").React(t.Context(), o); !errors.Is(err, errAway) {
		t.Errorf("a store that is away: %v", err)
	}
}

type former struct {
	email user.Email
	err   error
}

func (f former) Former(context.Context, domain.Occurrence) (user.Email, bool, error) {
	return f.email, f.email != "", f.err
}

func TestEmailChangeIsToldToTheOldAddress(t *testing.T) {
	changing := given.User(func(s *user.Snapshot) { s.PendingEmail = "new@example.com" })
	changed := given.User()
	for name, tc := range map[string]struct {
		user   *user.User
		kind   domain.EventType
		former user.Email
		to     user.Email
		what   outbound.MailTemplate
	}{
		"asked for":             {changing, domain.EventEmailChangeAsked, "", changing.Snapshot().Email, outbound.MailEmailChanging},
		"called off meanwhile":  {changed, domain.EventEmailChangeAsked, "", "", ""},
		"made":                  {changed, domain.EventEmailChanged, "old@example.com", "old@example.com", outbound.MailEmailChanged},
		"made, and again since": {changed, domain.EventEmailChanged, "", "", ""},
	} {
		var out mailer
		if err := NewEmailChange(former{email: tc.former}, directory{found: tc.user}, &out).React(t.Context(), occurrence(tc.user, tc.kind)); err != nil {
			t.Fatal(err)
		}
		if tc.to == "" && len(out.sent) == 0 {
			continue
		}
		if len(out.sent) != 1 || out.sent[0].To != tc.to || out.sent[0].Template != tc.what {
			t.Errorf("%s: sent %+v", name, out.sent)
		}
	}
	var out mailer
	if err := NewEmailChange(former{err: errAway}, directory{found: changed}, &out).React(t.Context(), occurrence(changed, domain.EventEmailChanged)); !errors.Is(err, errAway) {
		t.Errorf("a store that is away: %v", err)
	}
}

// codes gives a text where one is due; sent notes what left.
type codes struct {
	due bool
	err error
}

func (c codes) Code(_ context.Context, o domain.Occurrence) (outbound.Text, bool, error) {
	return outbound.Text{ID: o.ID.String(), To: "+4312345678"}, c.due, c.err
}

type texter struct{ sent []outbound.Text }

func (x *texter) Send(_ context.Context, t outbound.Text) error {
	x.sent = append(x.sent, t)
	return nil
}

func TestPhoneCode(t *testing.T) {
	o := occurrence(given.User(), domain.EventPhoneAsked)
	var out texter
	for _, c := range []codes{{due: true}, {due: false}, {due: true, err: errAway}} {
		if err := NewPhoneCode(c, &out).React(t.Context(), o); !errors.Is(err, c.err) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if len(out.sent) != 1 || out.sent[0].ID != o.ID.String() {
		t.Errorf("sent %v", out.sent)
	}
}

func newReset(f Tokens, m outbound.Mailer, base string) inbound.Reaction {
	return NewResetMail(f, m, base)
}

func TestNotice(t *testing.T) {
	u := given.User()
	o := occurrence(u, domain.EventUserLocked)
	var out mailer
	notice := func(d directory) *Notice {
		return NewNotice(outbound.MailAccountLocked, d, &out, domain.EventUserLocked)
	}
	if err := notice(directory{found: u}).React(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := []outbound.Mail{{ID: o.ID.String(), Template: outbound.MailAccountLocked, To: u.Snapshot().Email, Username: u.Username(), At: given.Now}}
	if diff := cmp.Diff(want, out.sent, cmp.Comparer(domain.Secret.Equal)); diff != "" {
		t.Error(diff)
	}
	out = mailer{}
	if err := notice(directory{err: domain.NotFound("gone")}).React(t.Context(), o); err != nil || len(out.sent) > 0 {
		t.Errorf("who is gone: %v, %d mails", err, len(out.sent))
	}
	if err := notice(directory{err: errAway}).React(t.Context(), o); !errors.Is(err, errAway) {
		t.Errorf("a store that is away: %v", err)
	}
	o.Subject.ID = "nobody"
	if err := notice(directory{found: u}).React(t.Context(), o); err == nil {
		t.Error("a subject that is no id passed")
	}
}
