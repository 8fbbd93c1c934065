package extension

import (
	"net/http"
	"time"

	"github.com/keystone-auth/keystone/bootstrap"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Config is what the additions need to know.
type Config struct {
	MailEndpoint string            // takes mails as JSON
	Numbers      map[string]string // username by personnel number, both in lower case
	TerminalKey  domain.Secret     // shared with the door terminals
	Announce     func(name string)
}

// Options are the additions, for bootstrap.New, bootstrap.Main or a test.
func Options(c Config) []bootstrap.Option {
	return []bootstrap.Option{
		bootstrap.Replace[outbound.Mailer](NewMailer(c.MailEndpoint, &http.Client{Timeout: 10 * time.Second})),
		bootstrap.Decorate(func(next outbound.UserDirectory) outbound.UserDirectory { return NewDirectory(next, c.Numbers) }),
		bootstrap.WithGrant(func(k bootstrap.Kit) *Voucher { return NewVoucher(k, c.TerminalKey) }),
		bootstrap.WithReaction(func(k bootstrap.Kit) *Welcome { return NewWelcome(k.Users, c.Announce) }),
	}
}
