package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// sendTimeout bounds the delivery of one mail to the server.
const sendTimeout = 20 * time.Second

const (
	portSubmission  = 587 // RFC 6409
	portSubmissions = 465 // RFC 8314
)

// Sender brings mails to an SMTP server.
type Sender struct {
	composer *Composer
	host     string
	options  []mail.Option
}

var _ outbound.Mailer = (*Sender)(nil)

// NewSender reads smtp://user:pass@host:587 or smtps://user:pass@host:465.
// Without credentials smtp:// encrypts where the server can; with them it must,
// unless the server is on this machine.
func NewSender(server domain.Secret, composer *Composer) (*Sender, error) {
	u, err := url.Parse(server.Reveal())
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("smtp: the server's URL must be smtp://host or smtps://host")
	}
	s := &Sender{composer: composer, host: u.Hostname(), options: []mail.Option{mail.WithTimeout(sendTimeout)}}
	port := portSubmission
	if u.Scheme == "smtps" {
		port = portSubmissions
		s.options = append(s.options, mail.WithSSL())
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("smtp: the server's port is not a number")
		}
	}
	policy := mail.TLSOpportunistic
	if u.User != nil {
		password, _ := u.User.Password()
		s.options = append(s.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
		if !loopback(s.host) {
			policy = mail.TLSMandatory
		}
	}
	s.options = append(s.options, mail.WithTLSPolicy(policy), mail.WithPort(port)) // the port last: others set it too
	return s, nil
}

// Send implements the port, over a connection of its own.
func (s *Sender) Send(ctx context.Context, m outbound.Mail) error {
	message, err := s.composer.Compose(m)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(s.host, s.options...)
	if err != nil {
		return domain.Internal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, message); err != nil {
		return domain.Unavailable(fmt.Errorf("smtp: %w", withoutAddress(err)), sendTimeout)
	}
	return nil
}

// withoutAddress keeps what the server said of a recipient out of the log: the
// library's text lists whom the mail was for.
func withoutAddress(err error) error {
	var failed *mail.SendError
	if errors.As(err, &failed) {
		return fmt.Errorf("not accepted (%s, code %d, temporary: %t)", failed.Reason, failed.ErrorCode(), failed.IsTemp())
	}
	return err
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
