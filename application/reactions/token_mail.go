package reactions

import (
	"context"
	"net/url"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Tokens makes the tokens that mails carry; false where none is due any more.
type Tokens interface {
	Verification(ctx context.Context, o domain.Occurrence) (user.Mailed, bool, error)
	Reset(ctx context.Context, o domain.Occurrence) (user.Mailed, bool, error)
}

// The pages that links lead to, below the base (contract, section 1).
const (
	verificationPage = "/verify-email"
	resetPage        = "/reset-password"
)

func link(base, page string, raw domain.Secret) domain.Secret {
	return domain.NewSecret(base + page + "?token=" + url.QueryEscape(raw.Reveal()))
}

// VerificationMail asks a person to confirm an address.
type VerificationMail struct {
	tokens   Tokens
	users    outbound.UserDirectory
	mailer   outbound.Mailer
	linkBase string
}

var _ inbound.Reaction = (*VerificationMail)(nil)

// NewVerificationMail makes the reaction.
func NewVerificationMail(tokens Tokens, users outbound.UserDirectory, mailer outbound.Mailer, linkBase string) *VerificationMail {
	return &VerificationMail{tokens: tokens, users: users, mailer: mailer, linkBase: linkBase}
}

// Name implements inbound.Reaction.
func (*VerificationMail) Name() string { return "verification_mail" }

// On implements inbound.Reaction.
func (*VerificationMail) On() []domain.EventType {
	return []domain.EventType{domain.EventUserRegistered, domain.EventVerificationAsked, domain.EventEmailChangeAsked}
}

// React implements inbound.Reaction. An address that has an account is told of
// that instead: whoever asked for it learns nothing.
func (v *VerificationMail) React(ctx context.Context, o domain.Occurrence) error {
	mailed, due, err := v.tokens.Verification(ctx, o)
	if err != nil || !due {
		return err
	}
	template := outbound.MailVerification
	if mailed.IsChange {
		template = outbound.MailEmailChange
		switch owner, err := v.users.ByLogin(ctx, mailed.To.Folded(), true); {
		case err == nil:
			s := owner.Snapshot()
			return v.mailer.Send(ctx, outbound.Mail{ID: o.ID.String(), Template: outbound.MailAccountExists, To: s.Email, Username: s.Username, At: o.OccurredAt})
		case domain.AsError(err).Kind != domain.KindNotFound:
			return err
		}
	}
	return v.mailer.Send(ctx, outbound.Mail{
		ID: o.ID.String(), Template: template, To: mailed.To, Username: mailed.Username, At: o.OccurredAt,
		Token: mailed.Token, Link: link(v.linkBase, verificationPage, mailed.Token), ValidFor: mailed.ValidFor,
	})
}

// ResetMail brings a person the way to a new password.
type ResetMail struct {
	tokens   Tokens
	mailer   outbound.Mailer
	linkBase string
}

var _ inbound.Reaction = (*ResetMail)(nil)

// NewResetMail makes the reaction.
func NewResetMail(tokens Tokens, mailer outbound.Mailer, linkBase string) *ResetMail {
	return &ResetMail{tokens: tokens, mailer: mailer, linkBase: linkBase}
}

// Name implements inbound.Reaction.
func (*ResetMail) Name() string { return "reset_mail" }

// On implements inbound.Reaction.
func (*ResetMail) On() []domain.EventType { return []domain.EventType{domain.EventResetAsked} }

// React implements inbound.Reaction.
func (r *ResetMail) React(ctx context.Context, o domain.Occurrence) error {
	mailed, due, err := r.tokens.Reset(ctx, o)
	if err != nil || !due {
		return err
	}
	return r.mailer.Send(ctx, outbound.Mail{
		ID: o.ID.String(), Template: outbound.MailPasswordReset, To: mailed.To, Username: mailed.Username, At: o.OccurredAt,
		Token: mailed.Token, Link: link(r.linkBase, resetPage, mailed.Token), ValidFor: mailed.ValidFor,
	})
}
