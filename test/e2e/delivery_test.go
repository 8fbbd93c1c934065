package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// deliveredWithin covers a retry or two of who found the server away.
const deliveredWithin = 90 * time.Second

// postOffice is a mail server and an SMS gateway that can be away, each on an
// address that it keeps.
type postOffice struct {
	smtpAddr, smsAddr string

	mu       sync.Mutex
	mails    []string // recipients
	texts    []string // numbers
	shutting []func()
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{smtpAddr: freeAddress(t), smsAddr: freeAddress(t)}
	t.Cleanup(p.shut)
	return p
}

// open begins to accept.
func (p *postOffice) open(t *testing.T) {
	t.Helper()
	server := gosmtp.NewServer(p)
	server.Domain = "localhost"
	gateway := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.texts = append(p.texts, r.FormValue("To"))
		p.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
	})}
	var serving sync.WaitGroup
	for address, serve := range map[string]func(net.Listener) error{p.smtpAddr: server.Serve, p.smsAddr: gateway.Serve} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		serving.Go(func() { _ = serve(listener) }) // ends with an error of the closed listener
		p.shutting = append(p.shutting, func() { _ = listener.Close() })
	}
	p.shutting = append(p.shutting, func() { _ = server.Close(); _ = gateway.Close(); serving.Wait() })
}

// shut cuts every connection.
func (p *postOffice) shut() {
	for _, shut := range p.shutting {
		shut()
	}
	p.shutting = nil
}

func (p *postOffice) got(list *[]string, to string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(*list, to)
}

// NewSession is a mail client's connection.
func (p *postOffice) NewSession(*gosmtp.Conn) (gosmtp.Session, error) {
	return &postOfficeVisit{office: p}, nil
}

type postOfficeVisit struct {
	office *postOffice
	to     []string
}

func (*postOfficeVisit) Reset()                                 {}
func (*postOfficeVisit) Logout() error                          { return nil }
func (*postOfficeVisit) Mail(string, *gosmtp.MailOptions) error { return nil }
func (v *postOfficeVisit) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	v.to = append(v.to, to)
	return nil
}
func (v *postOfficeVisit) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	v.office.mails = append(v.office.mails, v.to...)
	return nil
}

// TestDeliveryOutlivesItsServers: what is due while the mail server and the SMS
// gateway are away is delivered once they are back, and nobody waited for it.
func TestDeliveryOutlivesItsServers(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	for _, each := range stores {
		t.Run(each.name, func(t *testing.T) {
			t.Parallel()
			office := newPostOffice(t)
			office.open(t)
			s := start(t, each.settings(t).with(settings{
				"SMTP_URL": "smtp://" + office.smtpAddr, "MAIL_FROM": "keystone@example.com", "SMS_URL": "http://AC1:token@" + office.smsAddr + "/Messages.json?From=%2B15005550006",
			}))
			var people []account
			for i := range 12 {
				if i == 4 {
					office.shut()
				}
				people = append(people, s.register(t)) // accepted with the servers away, too
			}
			number := "+4312345678"
			access := s.login(t, people[0]).Access
			s.want(t, http.StatusAccepted, call{path: phonePath, bearer: access, json: text(map[string]string{"phone": number})})
			if office.got(&office.texts, number) {
				t.Error("a gateway that is away got a text")
			}
			office.open(t)
			for i, a := range people {
				eventually(t, deliveredWithin, fmt.Sprintf("mail %d delivered", i), func() bool { return office.got(&office.mails, a.Email) })
			}
			eventually(t, deliveredWithin, "text delivered", func() bool { return office.got(&office.texts, number) })
			if strings.Contains(s.Logs(), people[5].Email) {
				t.Error("the log names who was written to")
			}
		})
	}
}

// TestParallelRegistrations: fifty at once want one name, or one address; each
// gives one account and no fault (USR-04).
func TestParallelRegistrations(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		over := instances(t, s)
		name, address := newAccount(), newAccount()
		race := func(wanted func(i int) account) map[int]int {
			t.Helper()
			return statuses(atOnce(t, 50, func(i int) (answer, error) { return over[i%len(over)].try(registration(wanted(i))) }))
		}
		of := func(i int, a account) account {
			return account{fmt.Sprintf("%s-%d", a.Username, i), a.Email, a.Password}
		}
		for what, got := range map[string]map[int]int{
			"name": race(func(i int) account { return account{name.Username, fmt.Sprintf("%d-%s", i, name.Email), name.Password} }),
			"mail": race(func(i int) account { return of(i, address) }),
		} {
			accepted := 1
			if what == "mail" { // that it is taken is not told
				accepted = 50 - got[http.StatusServiceUnavailable]
			}
			if got[http.StatusAccepted] != accepted || got[http.StatusAccepted]+got[http.StatusConflict]+got[http.StatusServiceUnavailable] != 50 {
				t.Errorf("one %s: statuses %v", what, got)
			}
		}
		s.wantCount(t, "1", "SELECT count(*) FROM users WHERE username = '"+name.Username+"'")
		s.wantCount(t, "1", "SELECT count(*) FROM users WHERE email = '"+address.Email+"'")
	})
}
