package contract

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// DeliveredMail is a mail as the next hop got it, decoded.
type DeliveredMail struct {
	Recipients []string            // of the envelope, Cc and Bcc included
	Header     map[string][]string // by canonical names; empty where the next hop takes none
	Text       string              // the plain part
}

// Mailer is a mailer under test.
type Mailer struct {
	Mailer    outbound.Mailer
	Away      outbound.Mailer        // the same, whose next hop can't be reached
	Delivered func() []DeliveredMail // what the next hop got so far, in any order
}

const mailedToken = "ksv_0123456789-abcdefghij"

func letter(template outbound.MailTemplate) outbound.Mail {
	name := given.Name("user")
	m := outbound.Mail{ID: given.ID().String(), Template: template, To: user.Email(name + "@example.com"), Username: user.Username(name), At: given.Now}
	if slices.Contains([]outbound.MailTemplate{outbound.MailVerification, outbound.MailEmailChange, outbound.MailPasswordReset}, template) {
		m.Token = domain.NewSecret(mailedToken)
		m.Link = domain.NewSecret("https://id.example.com/page?token=" + mailedToken)
		m.ValidFor = 24 * time.Hour
	}
	return m
}

// RunMailer holds an implementation to outbound.Mailer.
func RunMailer(t *testing.T, open func(t *testing.T) Mailer) {
	m := open(t)
	to := func(recipient user.Email) []DeliveredMail {
		return slices.DeleteFunc(m.Delivered(), func(d DeliveredMail) bool {
			return !slices.ContainsFunc(d.Recipients, func(r string) bool { return strings.Contains(r, string(recipient)) })
		})
	}
	t.Run("behaviour", func(t *testing.T) {
		for _, template := range outbound.MailTemplates() {
			t.Run("every template leaves for its one recipient "+string(template), func(t *testing.T) {
				mail := letter(template)
				ok(t, m.Mailer.Send(within(t), mail))
				got := to(mail.To)
				if len(got) != 1 || len(got[0].Recipients) != 1 || got[0].Recipients[0] != string(mail.To) {
					t.Fatalf("delivered %+v, want one mail to %s alone", got, mail.To)
				}
				for _, said := range []string{string(mail.Username), mail.Token.Reveal(), mail.Link.Reveal()} {
					if !strings.Contains(got[0].Text, said) {
						t.Errorf("the mail does not say %q:\n%s", said, got[0].Text)
					}
				}
			})
		}
		t.Run("a name adds no header and no recipient", func(t *testing.T) {
			mail := letter(outbound.MailAccountLocked)
			mail.Username += "\r\nBcc: eve@example.net\r\nX-Eve: 1"
			if err := m.Mailer.Send(within(t), mail); err != nil {
				return // refusing is safe
			}
			for _, got := range to(mail.To) {
				wantPlain(t, got)
			}
		})
		t.Run("an address adds no header and no recipient", func(t *testing.T) {
			mail := letter(outbound.MailAccountLocked)
			mail.To = "\"x\r\nBcc: eve@example.net\r\nX-Eve: 1\r\n\"@example.com, eve@example.net"
			before := len(m.Delivered())
			if err := m.Mailer.Send(within(t), mail); err != nil {
				return
			}
			for _, got := range m.Delivered()[min(before, len(m.Delivered())):] {
				wantPlain(t, got)
			}
		})
		t.Run("an unreachable hop is unavailable and the error tells nothing", func(t *testing.T) {
			mail := letter(outbound.MailVerification)
			err := m.Away.Send(within(t), mail)
			wantKind(t, err, domain.KindUnavailable)
			wantSilent(t, err, mailedToken, mail.Link.Reveal(), string(mail.To), string(mail.Username))
		})
		t.Run("an ended context delivers nothing", func(t *testing.T) {
			mail := letter(outbound.MailVerification)
			wantStopped(t, "Send", m.Mailer.Send(ended(t), mail))
			if got := to(mail.To); len(got) > 0 {
				t.Errorf("delivered %+v", got)
			}
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("20 mails at once: each arrives once", func(t *testing.T) {
			mails := make([]outbound.Mail, 20)
			for i := range mails {
				mails[i] = letter(outbound.MailPasswordReset)
			}
			wantAll(t, race(len(mails), func(i int) error { return m.Mailer.Send(within(t), mails[i]) }))
			for i, mail := range mails {
				if got := to(mail.To); len(got) != 1 || !strings.Contains(got[0].Text, string(mail.Username)) {
					t.Errorf("mail %d was delivered as %+v", i, got)
				}
			}
		})
	})
}

func wantPlain(t testing.TB, got DeliveredMail) {
	t.Helper()
	if len(got.Recipients) != 1 || slices.Contains(got.Recipients, "eve@example.net") {
		t.Errorf("delivered to %q", got.Recipients)
	}
	for _, name := range []string{"Bcc", "Cc", "X-Eve"} {
		if value, set := got.Header[name]; set {
			t.Errorf("a header %s: %q", name, value)
		}
	}
}

// wantSilent holds an error to tell none of the words.
func wantSilent(t testing.TB, err error, hidden ...string) {
	t.Helper()
	for _, word := range hidden {
		if err != nil && word != "" && strings.Contains(fmt.Sprintf("%v %+v", err, err), word) {
			t.Errorf("the error tells %q: %v", word, err)
		}
	}
}

// DeliveredText is an SMS as the gateway got it.
type DeliveredText struct{ To, Body string }

// Texter is a texter under test.
type Texter struct {
	Texter    outbound.Texter
	Away      outbound.Texter        // the same, whose gateway can't be reached
	Delivered func() []DeliveredText // what the gateway got so far, in any order
}

// RunTexter holds an implementation to outbound.Texter.
func RunTexter(t *testing.T, open func(t *testing.T) Texter) {
	x := open(t)
	var made sync.Mutex
	n := 0
	text := func() outbound.Text {
		made.Lock()
		defer made.Unlock()
		n++
		return outbound.Text{ID: given.ID().String(), To: user.Phone(fmt.Sprintf("+4366012345%02d", n)), Code: domain.NewSecret(fmt.Sprintf("7310%02d", n))}
	}
	to := func(phone user.Phone) []DeliveredText {
		return slices.DeleteFunc(x.Delivered(), func(d DeliveredText) bool { return d.To != string(phone) })
	}
	t.Run("behaviour", func(t *testing.T) {
		t.Run("the code leaves for its number", func(t *testing.T) {
			sent := text()
			ok(t, x.Texter.Send(within(t), sent))
			if got := to(sent.To); len(got) != 1 || !strings.Contains(got[0].Body, sent.Code.Reveal()) {
				t.Errorf("delivered %+v, want one with %s", got, sent.Code.Reveal())
			}
		})
		t.Run("an unreachable gateway is unavailable and the error tells nothing", func(t *testing.T) {
			sent := text()
			err := x.Away.Send(within(t), sent)
			wantKind(t, err, domain.KindUnavailable)
			wantSilent(t, err, sent.Code.Reveal(), string(sent.To))
		})
		t.Run("an ended context delivers nothing", func(t *testing.T) {
			sent := text()
			wantStopped(t, "Send", x.Texter.Send(ended(t), sent))
			if got := to(sent.To); len(got) > 0 {
				t.Errorf("delivered %+v", got)
			}
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("20 texts at once: each arrives once", func(t *testing.T) {
			sent := make([]outbound.Text, 20)
			for i := range sent {
				sent[i] = text()
			}
			wantAll(t, race(len(sent), func(i int) error { return x.Texter.Send(within(t), sent[i]) }))
			for _, one := range sent {
				if got := to(one.To); len(got) != 1 || !strings.Contains(got[0].Body, one.Code.Reveal()) {
					t.Errorf("%s got %+v", one.To, got)
				}
			}
		})
	})
}
