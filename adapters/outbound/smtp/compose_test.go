package smtp

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

const secret = "ksv_0123456789"

func composer(t *testing.T) *Composer {
	t.Helper()
	c, err := NewComposer("Keystone <no-reply@id.example.com>", "id.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func letter(template outbound.MailTemplate) outbound.Mail {
	m := outbound.Mail{ID: given.ID().String(), Template: template, To: "alice@example.com", Username: "alice", At: given.Now}
	switch template {
	case outbound.MailVerification, outbound.MailEmailChange, outbound.MailPasswordReset:
		m.Token = domain.NewSecret(secret)
		m.Link = domain.NewSecret("https://id.example.com/page?token=" + secret + "&a=b")
		m.ValidFor = 24 * time.Hour
	}
	return m
}

// parsed reads a message back as a mail program would: headers and parts.
func parsed(t *testing.T, raw []byte) (mail.Header, map[string]string) {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for reader := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return message.Header, parts
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		media, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
		parts[media] = string(content)
	}
}

func compose(t *testing.T, m outbound.Mail) (mail.Header, map[string]string) {
	t.Helper()
	message, err := composer(t).Compose(m)
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := message.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	return parsed(t, raw.Bytes())
}

func TestEveryTemplateMakesAMailOfTwoParts(t *testing.T) {
	for _, template := range outbound.MailTemplates() {
		t.Run(string(template), func(t *testing.T) {
			m := letter(template)
			header, parts := compose(t, m)
			if header.Get("Subject") == "" || header.Get("From") != `"Keystone" <no-reply@id.example.com>` || header.Get("To") != "<alice@example.com>" {
				t.Errorf("header %v", header)
			}
			if want := "<" + m.ID + "." + string(template) + "@id.example.com>"; header.Get("Message-Id") != want {
				t.Errorf("Message-ID %q, want %q: a mail that is sent again must be recognised", header.Get("Message-Id"), want)
			}
			for media, part := range parts {
				if !strings.Contains(part, "alice") || !strings.Contains(part, "id.example.com") {
					t.Errorf("%s does not say to whom and from where:\n%s", media, part)
				}
				if strings.ContainsAny(part, "{}") {
					t.Errorf("%s has a place that was not filled:\n%s", media, part)
				}
				if got, want := strings.Contains(part, secret), !m.Token.Empty(); got != want {
					t.Errorf("%s has the token: %t, want %t", media, got, want)
				}
			}
			if len(parts) != 2 {
				t.Fatalf("parts %v", parts)
			}
			if m.Token.Empty() {
				return
			}
			// The token alone on a line, and the link unbroken.
			for _, line := range []string{m.Token.Reveal(), m.Link.Reveal()} {
				if !strings.Contains(parts["text/plain"], "\r\n\r\n"+line+"\r\n\r\n") {
					t.Errorf("no line %q in:\n%s", line, parts["text/plain"])
				}
			}
			if !strings.Contains(parts["text/html"], `<a href="https://id.example.com/page?token=`+secret+`&amp;a=b"`) {
				t.Errorf("no link in:\n%s", parts["text/html"])
			}
		})
	}
	if _, err := composer(t).Compose(letter("unknown")); domain.AsError(err).Kind != domain.KindInternal {
		t.Errorf("an unknown mail: %v", err)
	}
}

// What a user typed is never header syntax, never markup, and never a second
// recipient; the domain lets none of this through, and need not be trusted to.
func TestNothingTypedBecomesSyntax(t *testing.T) {
	for _, hostile := range []string{
		"a@b.example\r\nBcc: victim@example.com", "a@b.example, victim@example.com", "a@b.example>\r\n\r\nbody", "a\"@b.example",
	} {
		m := letter(outbound.MailAccountExists)
		m.To, m.Username = user.Email(hostile), user.Username("<b>{service}</b>\r\nBcc: victim@example.com")
		message, err := composer(t).Compose(m)
		if err != nil {
			continue
		}
		var raw bytes.Buffer
		if _, err := message.WriteTo(&raw); err != nil {
			continue
		}
		head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			if strings.HasPrefix(strings.ToLower(line), "bcc") || strings.HasPrefix(strings.ToLower(line), "cc:") {
				t.Errorf("%q added a header: %s", hostile, line)
			}
		}
		recipients, err := message.GetRecipients()
		if err == nil && len(recipients) > 1 {
			t.Errorf("%q has recipients %q", hostile, recipients)
		}
		if strings.Contains(raw.String(), "<b>") && strings.Contains(raw.String()[strings.Index(raw.String(), "text/html"):], "<b>") {
			t.Errorf("%q became markup", m.Username)
		}
	}
}

func TestTextBeyondASCIIArrives(t *testing.T) {
	m := letter(outbound.MailVerification)
	m.Username = "ålice"
	_, parts := compose(t, m)
	for media, part := range parts {
		if !strings.Contains(part, "ålice") || !strings.Contains(part, secret) {
			t.Errorf("%s: %s", media, part)
		}
	}
}
