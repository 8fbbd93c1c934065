package smtp

import (
	"net/mail"
	"os"
	"path/filepath"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/contract"
)

func TestContract(t *testing.T) {
	t.Run("a server", func(t *testing.T) {
		contract.RunMailer(t, func(t *testing.T) contract.Mailer {
			box := &mailbox{}
			return contract.Mailer{
				Mailer: sender(t, box.serve(t)), Away: sender(t, domain.NewSecret("smtp://127.0.0.1:1")),
				Delivered: func() []contract.DeliveredMail { return box.delivered(t) },
			}
		})
	})
	t.Run("a folder", func(t *testing.T) {
		contract.RunMailer(t, func(t *testing.T) contract.Mailer {
			dir := filepath.Join(t.TempDir(), "mail")
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return contract.Mailer{
				Mailer: NewFolder(dir, composer(t)), Away: NewFolder(filepath.Join(file, "below"), composer(t)),
				Delivered: func() []contract.DeliveredMail { return filed(t, dir) },
			}
		})
	})
}

// delivered gives what the server got.
func (m *mailbox) delivered(t *testing.T) []contract.DeliveredMail {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []contract.DeliveredMail
	for _, d := range m.done {
		header, parts := parsed(t, []byte(d.body))
		all = append(all, contract.DeliveredMail{Recipients: d.to, Header: header, Text: parts["text/plain"]})
	}
	return all
}

// filed gives what is in a folder; the recipients are those of the headers.
func filed(t *testing.T, dir string) []contract.DeliveredMail {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []contract.DeliveredMail
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		header, parts := parsed(t, raw)
		one := contract.DeliveredMail{Header: header, Text: parts["text/plain"]}
		for _, name := range []string{"To", "Cc", "Bcc"} {
			if header.Get(name) == "" {
				continue
			}
			addresses, err := mail.ParseAddressList(header.Get(name))
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range addresses {
				one.Recipients = append(one.Recipients, a.Address)
			}
		}
		all = append(all, one)
	}
	return all
}
