package smtp

import (
	"embed"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

//go:embed templates/*.txt
var templates embed.FS

// Composer makes messages of mails.
type Composer struct {
	from    *netmail.Address
	service string // what the mails call this installation
}

// NewComposer makes a composer of mails that come from an address such as
// `Keystone <no-reply@example.com>` and speak of the service by its name.
func NewComposer(from, service string) (*Composer, error) {
	address, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("smtp: the sender is not an address")
	}
	return &Composer{from: address, service: service}, nil
}

// Compose makes the message of a mail.
func (c *Composer) Compose(m outbound.Mail) (*mail.Msg, error) {
	words, err := c.words(m)
	if err != nil {
		return nil, domain.Internal(err)
	}
	// Lines of a message end in CRLF (RFC 5322, section 2.1).
	plain, page := strings.ReplaceAll(words.plain(), "\n", "\r\n"), strings.ReplaceAll(words.html(), "\n", "\r\n")
	// Unencoded where it can be: a link that a transfer encoding breaks into
	// lines is one that people copy wrongly.
	encoding := mail.NoEncoding
	if !ascii(plain + page) {
		encoding = mail.EncodingQP
	}
	message := mail.NewMsg(mail.WithEncoding(encoding), mail.WithNoDefaultUserAgent())
	message.FromMailAddress(c.from)
	message.ToMailAddress(&netmail.Address{Address: string(m.To)})
	message.Subject(words.subject)
	message.SetDateWithValue(m.At)
	_, host, _ := strings.Cut(c.from.Address, "@")
	message.SetMessageIDWithValue(m.ID + "." + string(m.Template) + "@" + host)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5
	message.SetBodyString(mail.TypeTextPlain, plain)
	message.AddAlternativeString(mail.TypeTextHTML, page)
	return message, nil
}

// words fills a template with the facts of a mail, in one pass: what is filled
// in is not looked at again.
func (c *Composer) words(m outbound.Mail) (words, error) {
	template, err := templates.ReadFile("templates/" + string(m.Template) + ".txt")
	if err != nil {
		return words{}, fmt.Errorf("smtp: there is no mail %q", m.Template)
	}
	filled := strings.NewReplacer(
		"{username}", string(m.Username), "{service}", c.service, "{valid}", spoken(m.ValidFor),
		"{at}", m.At.UTC().Format("2 January 2006, 15:04 UTC"),
	).Replace(string(template))
	subject, rest, _ := strings.Cut(filled, "\n\n")
	above, below, _ := strings.Cut(rest, "\n---\n")
	return words{
		subject: subject, above: paragraphs(above), below: paragraphs(below),
		link: m.Link.Reveal(), token: m.Token.Reveal(), service: c.service,
	}, nil
}

func paragraphs(s string) []string {
	var all []string
	for p := range strings.SplitSeq(s, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}

// spoken tells a whole number of hours or minutes.
func spoken(d time.Duration) string {
	n, unit := int(d/time.Minute), "minute"
	if d >= time.Hour {
		n, unit = int(d/time.Hour), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
