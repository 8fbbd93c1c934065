package outbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// MailTemplate names the words of a mail.
type MailTemplate string

// The mails. The first three carry a token and its link, the others tell
// something.
const (
	MailVerification    MailTemplate = "verification"     // confirm the address of an account
	MailEmailChange     MailTemplate = "email_change"     // confirm the address an account is to change to
	MailPasswordReset   MailTemplate = "password_reset"   // set a new password
	MailAccountExists   MailTemplate = "account_exists"   // someone registered with this address, which has an account
	MailPasswordChanged MailTemplate = "password_changed" // the password is another now
	MailTokenReuse      MailTemplate = "token_reuse"      // a refresh token was presented twice; its session is over
	MailAccountLocked   MailTemplate = "account_locked"   // too many wrong passwords
	MailEmailChanging   MailTemplate = "email_changing"   // to the old address: a change was asked for
	MailEmailChanged    MailTemplate = "email_changed"    // to the old address: the change was made
)

// MailTemplates lists every template, for adapters and the suite that holds
// them to knowing all.
func MailTemplates() []MailTemplate {
	return []MailTemplate{
		MailVerification, MailEmailChange, MailPasswordReset, MailAccountExists, MailPasswordChanged,
		MailTokenReuse, MailAccountLocked, MailEmailChanging, MailEmailChanged,
	}
}

// Mail is one message to one person.
type Mail struct {
	ID       string // letters, digits and `-`; with Template the same again where the same mail is sent again
	Template MailTemplate
	To       user.Email
	Username user.Username
	At       time.Time     // of what the mail tells
	Token    domain.Secret // with the first three templates
	Link     domain.Secret // the page that takes the token, the token in it
	ValidFor time.Duration // the token
}

// Mailer delivers mails.
type Mailer interface {
	// Send hands a mail over to the next hop, or fails; then the caller tries
	// again later, and the mail may arrive twice. It MUST have exactly one
	// recipient and its headers MUST be safe whatever To and Username hold.
	// Neither an error nor a log of it holds the token, the link or the content.
	// Unreachable: KindUnavailable.
	Send(ctx context.Context, m Mail) error
}

// Text is a code by SMS to one number.
type Text struct {
	ID   string // letters, digits and `-`; the same again where the same text is sent again
	To   user.Phone
	Code domain.Secret
}

// Texter delivers SMS.
type Texter interface {
	// Send hands a text over to the gateway; failures, secrecy and repetition
	// as Mailer.Send.
	Send(ctx context.Context, t Text) error
}
