package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

func delivery(t *testing.T, environ ...string) config.Delivery {
	t.Helper()
	cfg, err := config.Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Delivery
}

func TestDeliveryDefaultsFollowFromTheRest(t *testing.T) {
	d := delivery(t)
	if d.MailDir != "./keystone-mail" || d.LinkBase != "http://localhost:8080" || d.From != `"Keystone" <no-reply@localhost>` || !d.CanText() {
		t.Errorf("bare: %+v", d)
	}
	d = delivery(t, "KEYSTONE_ISSUER=https://id.example.com/auth", "KEYSTONE_SMTP_URL=smtp://u:p%40ss@mail.example.com:587")
	if d.MailDir != "" || d.LinkBase != "https://id.example.com/auth" || d.From != `"Keystone" <no-reply@id.example.com>` || d.CanText() {
		t.Errorf("with a server: %+v", d)
	}
	d = delivery(t, "KEYSTONE_ISSUER=http://127.0.0.1:8080", "KEYSTONE_LINK_BASE_URL=https://app.example.com/", "KEYSTONE_MAIL_DIR=/tmp/mail", "KEYSTONE_SMS_URL=https://AC1:t@sms.example.com/x?From=%2B1")
	if d.MailDir != "/tmp/mail" || d.LinkBase != "https://app.example.com" || d.From != `"Keystone" <no-reply@localhost>` || !d.CanText() {
		t.Errorf("given: %+v", d)
	}
}

func TestDeliveryIsValidatedAndRedacted(t *testing.T) {
	for name, values := range map[string][]string{
		"SMTP_URL":      {"http://m", "smtp://:25", "smtp://m:x", "smtp://m/inbox", "smtp://m?tls=no"},
		"MAIL_FROM":     {"nobody", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"},
		"SMS_URL":       {"sms://x", "https://:1", "http://sms.example.com/x"},
		"LINK_BASE_URL": {"app.example.com", "https://app.example.com?x=1", "https://app.example.com#x", "https://u@app.example.com"},
	} {
		for _, value := range values {
			_, err := config.Load("", []string{"KEYSTONE_" + name + "=" + value})
			if err == nil || !strings.HasPrefix(err.Error(), "KEYSTONE_"+name+" ") || strings.Contains(err.Error(), value+" ") {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
	cfg, err := config.Load("", []string{"KEYSTONE_SMTP_URL=smtp://u:pass-word@m.example", "KEYSTONE_SMS_URL=https://AC1:to-ken@s.example"})
	if err != nil {
		t.Fatal(err)
	}
	printed := cfg.Print()
	if !slices.Contains(printed, "KEYSTONE_SMTP_URL=[redacted]") || strings.Contains(strings.Join(printed, "\n"), "to-ken") {
		t.Errorf("printed %q", printed)
	}
	for _, want := range []string{"KEYSTONE_LINK_BASE_URL=http://localhost:8080", `KEYSTONE_MAIL_FROM="Keystone" <no-reply@localhost>`, "KEYSTONE_MAIL_DIR=", "KEYSTONE_LOG_FORMAT=json"} {
		if !slices.Contains(printed, want) {
			t.Errorf("%q is not printed: %q", want, printed)
		}
	}
	if plain, err := config.Load("", []string{"KEYSTONE_LOG_FORMAT=console"}); err != nil || !slices.Contains(plain.Print(), "KEYSTONE_MAIL_DIR=./keystone-mail") || !slices.Contains(plain.Print(), "KEYSTONE_LOG_FORMAT=console") {
		t.Errorf("printed %q, %v", plain.Print(), err)
	}
	if warnings := cfg.Warnings(); len(warnings) > 0 {
		t.Errorf("warns %q", warnings)
	}
}
