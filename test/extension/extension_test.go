package extension_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	extension "example.com/keystone-extension"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/contract"
	"github.com/keystone-auth/keystone/test/keystonetest"
)

var terminalKey = domain.NewSecret("a key of the door terminals")

// postOffice is the mail service.
type postOffice struct {
	mu  sync.Mutex
	got []contract.DeliveredMail
	url string
}

func open(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var letter extension.Letter
		if err := json.NewDecoder(r.Body).Decode(&letter); err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.got = append(p.got, contract.DeliveredMail{Recipients: []string{letter.To}, Text: letter.Text})
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *postOffice) delivered() []contract.DeliveredMail {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func TestMailerKeepsTheContract(t *testing.T) {
	contract.RunMailer(t, func(t *testing.T) contract.Mailer {
		office := open(t)
		return contract.Mailer{
			Mailer: extension.NewMailer(office.url, http.DefaultClient), Away: extension.NewMailer("http://127.0.0.1:1", http.DefaultClient),
			Delivered: office.delivered,
		}
	})
}

func TestDirectoryKeepsTheContract(t *testing.T) {
	contract.RunUsers(t, func(t *testing.T) contract.Store {
		store := keystonetest.Store(t)
		store.Users = extension.NewDirectory(store.Users, map[string]string{"4711": "nobody-here"})
		return store
	})
}

func TestVoucherKeepsTheContract(t *testing.T) {
	contract.RunGrant(t, func(t *testing.T) contract.Grant {
		s := keystonetest.New(t, keystonetest.With(extension.Options(extension.Config{
			MailEndpoint: open(t).url, TerminalKey: terminalKey, Announce: func(string) {},
		})...))
		alice, machine := s.NewUser(t), s.NewClient(t, nil, "read:profile")
		terminal := s.NewClient(t, []string{extension.VoucherGrant}, "read:profile")
		s.NewRole(t, "read:secrets")
		var n atomic.Int64
		return contract.Grant{
			Name: extension.VoucherGrant, Token: s.GrantEndpoint(), Confidential: true, Once: true,
			Client: contract.Credentials{ID: terminal.ID, Secret: terminal.Secret}, Stranger: contract.Credentials{ID: machine.ID, Secret: machine.Secret},
			Required: []string{"voucher"}, Scope: "read:profile", Beyond: "read:secrets",
			Proof: func(testing.TB) url.Values {
				return url.Values{"voucher": {extension.NewVoucherFor(alice.ID, strconv.FormatInt(n.Add(1), 10), s.Clock.Now(), terminalKey)}}
			},
			Wrong:    func(proof url.Values) { proof.Set("voucher", proof.Get("voucher")+"0") },
			Sessions: func(t testing.TB) int { return s.Sessions(t, alice) },
		}
	})
}

// TestAllTogether uses each part once, in one server.
func TestAllTogether(t *testing.T) {
	office, announced := open(t), make(chan string, 10)
	s := keystonetest.New(t, keystonetest.With(extension.Options(extension.Config{
		MailEndpoint: office.url, Numbers: map[string]string{"4711": "admin"}, TerminalKey: terminalKey, Announce: func(name string) { announced <- name },
	})...))
	alice := s.NewUser(t)
	for name := range announced {
		if name == alice.Username {
			break // the first superuser is announced as well
		}
	}

	byNumber := s.Token(t, nil, url.Values{"grant_type": {"password"}, "username": {"4711"}, "password": {s.Admin.Password}})
	if byNumber.Status != http.StatusOK {
		t.Errorf("a login by number: %d %s", byNumber.Status, byNumber.Body)
	}

	terminal := s.NewClient(t, []string{extension.VoucherGrant}, "read:profile")
	voucher := extension.NewVoucherFor(alice.ID, "1", s.Clock.Now(), terminalKey)
	ask := func() keystonetest.Answer {
		return s.Token(t, terminal, url.Values{"grant_type": {extension.VoucherGrant}, "voucher": {voucher}})
	}
	s.Clock.Advance(2 * time.Minute)
	if got := ask(); got.Status != http.StatusBadRequest {
		t.Errorf("an old voucher: %d %s", got.Status, got.Body)
	}
	voucher = extension.NewVoucherFor(alice.ID, "2", s.Clock.Now(), terminalKey)
	if got := ask(); got.Status != http.StatusOK {
		t.Errorf("a voucher: %d %s", got.Status, got.Body)
	}

	s.Do(t, http.MethodPost, "/api/v1/users/password-reset/request", "", map[string]string{"email": alice.Email})
	for deadline := time.Now().Add(10 * time.Second); len(office.delivered()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no mail came")
		}
	}
	if got := office.delivered()[0]; got.Recipients[0] != alice.Email {
		t.Errorf("mailed %+v", got)
	}

	var metadata struct {
		Grants []string `json:"grant_types_supported"`
	}
	s.Do(t, http.MethodGet, "/.well-known/oauth-authorization-server", "", nil).Decode(t, &metadata)
	if !slices.Contains(metadata.Grants, extension.VoucherGrant) {
		t.Errorf("discovery offers %q", metadata.Grants)
	}
}
