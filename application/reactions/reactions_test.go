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
	found *user.User
	err   error
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
	return NewVerificationMail(f, m, base)
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
