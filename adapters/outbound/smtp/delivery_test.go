package smtp

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// mailbox is a server that keeps what it is given, or refuses it.
type mailbox struct {
	refuse   error
	to, body []string

	mu   sync.Mutex
	done []delivery
}

type delivery struct {
	to   []string
	body string
}

func (m *mailbox) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return &visit{mailbox: m}, nil }

// visit is one connection; it may hand in several mails.
type visit struct {
	*mailbox
	named []string
}

func (*visit) Reset()        {}
func (*visit) Logout() error { return nil }
func (v *visit) Mail(string, *gosmtp.MailOptions) error {
	v.named = nil
	return nil
}
func (v *visit) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.to, v.named = append(v.to, to), append(v.named, to)
	return v.refuse
}

func (v *visit) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.body = append(v.body, string(content))
	v.done = append(v.done, delivery{v.named, string(content)})
	return err
}

// serve runs the server until the test ends and gives its URL.
func (m *mailbox) serve(t *testing.T) domain.Secret {
	t.Helper()
	server := gosmtp.NewServer(m)
	server.Domain = "localhost"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends with an error of the closed listener, or none
	t.Cleanup(func() {
		_ = listener.Close() // by hand: a server that was closed before it served keeps it open
		_ = server.Close()
		serving.Wait()
	})
	return domain.NewSecret("smtp://" + listener.Addr().String())
}

func sender(t *testing.T, server domain.Secret) *Sender {
	t.Helper()
	s, err := NewSender(server, composer(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSenderDeliversToOne(t *testing.T) {
	box := &mailbox{}
	if err := sender(t, box.serve(t)).Send(t.Context(), letter(outbound.MailPasswordReset)); err != nil {
		t.Fatal(err)
	}
	if len(box.to) != 1 || box.to[0] != "alice@example.com" || len(box.body) != 1 {
		t.Fatalf("to %q, %d mails", box.to, len(box.body))
	}
	if _, parts := parsed(t, []byte(box.body[0])); !strings.Contains(parts["text/plain"], secret) {
		t.Errorf("no token in:\n%s", parts["text/plain"])
	}
}

func TestSenderFailsWithoutTelling(t *testing.T) {
	box := &mailbox{refuse: &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user alice@example.com"}}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := domain.NewSecret("smtp://user:pass-word@" + closed.Addr().String())
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, server := range map[string]domain.Secret{"refused": box.serve(t), "away": away} {
		err := sender(t, server).Send(t.Context(), letter(outbound.MailVerification))
		if domain.AsError(err).Kind != domain.KindUnavailable {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, hidden := range []string{"alice@example.com", secret, "pass-word"} {
			if strings.Contains(err.Error(), hidden) {
				t.Errorf("%s: the error tells %q: %v", name, hidden, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sender(t, box.serve(t)).Send(ctx, letter(outbound.MailVerification)); err == nil {
		t.Error("sent although nobody waits")
	}
}

func TestSenderNeedsAServer(t *testing.T) {
	for _, bad := range []string{"", "smtp://", "http://m.example", "smtp://m:port", "://"} {
		if _, err := NewSender(domain.NewSecret(bad), composer(t)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if _, err := NewComposer("nobody", "x"); err == nil {
		t.Error("a sender without address was accepted")
	}
}

func TestFolderKeepsMailsForTheirOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	folder := NewFolder(dir, composer(t))
	m := letter(outbound.MailVerification)
	for range 2 { // again, as after a crash: the same file
		if err := folder.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "verification-"+m.ID+".eml" {
		t.Fatalf("%v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	content, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	if _, parts := parsed(t, content); !strings.Contains(parts["text/plain"], secret) {
		t.Error("the file lacks the token")
	}
	blocked := filepath.Join(dir, entries[0].Name(), "below a file")
	if err := NewFolder(blocked, composer(t)).Send(t.Context(), m); domain.AsError(err).Kind != domain.KindUnavailable {
		t.Errorf("a folder that can't be: %v", err)
	}
}
