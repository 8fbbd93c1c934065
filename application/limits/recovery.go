package limits

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Recovery limits the mails that are asked for from an address of the network
// (recover_ip) and to an address of mail (recover_address). What is beyond the
// second is answered alike and goes no further: the answer tells nothing, and
// the token that was mailed last stays good.
func (g *Guard) Recovery(inner inbound.Recovery) inbound.Recovery { return recovery{inner, g} }

type recovery struct {
	inbound.Recovery
	guard *Guard
}

func (r recovery) RequestVerification(ctx context.Context, email string) error {
	return r.request(ctx, email, r.Recovery.RequestVerification)
}

func (r recovery) RequestReset(ctx context.Context, email string) error {
	return r.request(ctx, email, r.Recovery.RequestReset)
}

func (r recovery) request(ctx context.Context, email string, ask func(context.Context, string) error) error {
	if err := r.guard.CountHidden(ctx, domain.LimitRecoverIP, site(ctx)); err != nil {
		return err
	}
	err := r.guard.CountHidden(ctx, domain.LimitRecoverAddress, user.Email(email).Folded())
	if domain.HasCode(err, domain.CodeRateLimited) {
		return nil
	}
	if err != nil {
		return err
	}
	return ask(ctx, email)
}

// Mailer limits the mails that strangers have sent to an address by registering
// with it (recover_address); those beyond it are dropped. No other mail is: what
// carries a token was counted as it was asked for, and what warns must arrive.
func (g *Guard) Mailer(inner outbound.Mailer) outbound.Mailer { return mailer{inner, g} }

type mailer struct {
	inner outbound.Mailer
	guard *Guard
}

func (m mailer) Send(ctx context.Context, mail outbound.Mail) error {
	if mail.Template != outbound.MailAccountExists {
		return m.inner.Send(ctx, mail)
	}
	giveBack, err := m.guard.reserve(ctx, domain.LimitRecoverAddress, mail.To.Folded())
	if domain.HasCode(err, domain.CodeRateLimited) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := m.inner.Send(ctx, mail); err != nil {
		giveBack() // it is tried again
		return err
	}
	return nil
}
