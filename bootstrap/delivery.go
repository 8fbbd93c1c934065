package bootstrap

import (
	"context"

	"github.com/keystone-auth/keystone/adapters/outbound/sms"
	"github.com/keystone-auth/keystone/adapters/outbound/smtp"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// newMailer chooses where mails go: to a server, else into a folder. Production
// has a server (see config), so that no mail is ever lost to a folder by mistake.
func newMailer(cfg *config.Config) (outbound.Mailer, error) {
	composer, err := smtp.NewComposer(cfg.Delivery.From, cfg.HTTP.Issuer.Host)
	if err != nil {
		return nil, err
	}
	if !cfg.Delivery.SMTPURL.Empty() {
		return smtp.NewSender(cfg.Delivery.SMTPURL, composer)
	}
	return smtp.NewFolder(cfg.Delivery.MailDir, composer), nil
}

// newTexter chooses where SMS go: to a gateway, else into the folder, else
// nowhere.
func newTexter(cfg *config.Config) (outbound.Texter, error) {
	switch {
	case !cfg.Delivery.SMSURL.Empty():
		return sms.NewGateway(cfg.Delivery.SMSURL, cfg.HTTP.Issuer.Host)
	case cfg.Delivery.MailDir != "":
		return sms.NewFolder(cfg.Delivery.MailDir, cfg.HTTP.Issuer.Host), nil
	}
	return noTexter{}, nil
}

// noTexter stands where there is neither a gateway nor a folder.
type noTexter struct{}

// Send refuses.
func (noTexter) Send(context.Context, outbound.Text) error {
	return domain.E(domain.KindUnavailable, domain.CodeUnavailable, "no SMS gateway is configured")
}
