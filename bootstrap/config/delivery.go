package config

import (
	"errors"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"github.com/keystone-auth/keystone/domain"
)

// developmentMailDir takes mails where development has no server for them.
const developmentMailDir = "./keystone-mail"

func smtpURL(c *Config, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" || !validPort(u.Port()) {
		return errors.New("must be smtp://user:pass@host:587 or smtps://user:pass@host:465, reserved characters percent-encoded")
	}
	c.Delivery.SMTPURL = domain.NewSecret(s)
	return nil
}

func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n > 0 && n <= 65535
}

func mailFrom(c *Config, s string) error {
	if _, err := mail.ParseAddress(s); err != nil || strings.ContainsAny(s, "\r\n") {
		return errors.New("must be one e-mail address, such as Keystone <no-reply@example.com>")
	}
	c.Delivery.From = s
	return nil
}

func smsURL(c *Config, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || !validPort(u.Port()) {
		return errors.New("must be https://account:token@host/path?From=…")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return errors.New("must be https: what is sent there are codes")
	}
	c.Delivery.SMSURL = domain.NewSecret(s)
	return nil
}

func linkBase(c *Config, s string) error {
	if _, err := webURL(s); err != nil {
		return errors.New("must be an http or https URL without query or fragment")
	}
	c.Delivery.LinkBase = strings.TrimSuffix(s, "/")
	return nil
}

// CanText tells whether there is somewhere to send SMS to.
func (d Delivery) CanText() bool { return !d.SMSURL.Empty() || d.MailDir != "" }

// complete fills in what follows from other values.
func (d *Delivery) complete(c *Config) {
	if d.LinkBase == "" {
		d.LinkBase = c.HTTP.Issuer.String()
	}
	if d.From == "" {
		host := c.HTTP.Issuer.Hostname()
		if net.ParseIP(host) != nil {
			host = "localhost" // an address literal is not worth its brackets
		}
		d.From = (&mail.Address{Name: "Keystone", Address: "no-reply@" + host}).String()
	}
	if d.MailDir == "" && c.Env == Development && d.SMTPURL.Empty() {
		d.MailDir = developmentMailDir
	}
}
