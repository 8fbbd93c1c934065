package keystonetest_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/bootstrap"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/keystonetest"
)

func TestUsersLogInAndRefresh(t *testing.T) {
	s := keystonetest.New(t)
	alice := s.NewUser(t, keystonetest.Scopes("read:orders", "write:orders"))
	login := alice.Login(t, "read:orders", "read:profile")
	if !slices.Equal(login.Scope, []string{"read:orders", "read:profile"}) || login.ExpiresIn != 15*time.Minute {
		t.Errorf("the login gives %v for %s", login.Scope, login.ExpiresIn)
	}
	next := s.Refresh(t, login)
	if next.Refresh == login.Refresh || next.Access == login.Access {
		t.Error("the refresh gives what there was")
	}
	var me struct {
		ID, Username string
		IsVerified   bool `json:"is_verified"`
	}
	s.Do(t, http.MethodGet, "/api/v1/users/me", next.Access, nil).Decode(t, &me)
	if me.ID != alice.ID || me.Username != alice.Username || !me.IsVerified {
		t.Errorf("the token is of %+v, want %+v", me, alice)
	}
}

func TestKindsOfUsers(t *testing.T) {
	s := keystonetest.New(t, keystonetest.Set("email_verification", "required"))
	boss, reader, newcomer := s.NewUser(t, keystonetest.Superuser()), s.NewUser(t, keystonetest.Roles(s.NewRole(t, "read:users"))), s.NewUser(t, keystonetest.Unverified())
	for name, tc := range map[string]struct {
		token  string
		status int
	}{
		"a superuser":          {boss.Login(t).Access, http.StatusCreated},
		"the first":            {s.Admin.Login(t).Access, http.StatusCreated},
		"one with a role":      {reader.Login(t).Access, http.StatusForbidden},
		"nobody in particular": {"", http.StatusUnauthorized},
	} {
		if got := s.Do(t, http.MethodPost, "/api/v1/admin/scopes", tc.token, map[string]string{"name": "read:" + s.NewRole(t)}); got.Status != tc.status {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := s.Do(t, http.MethodGet, "/api/v1/admin/users", reader.Login(t).Access, nil); got.Status != http.StatusOK {
		t.Errorf("read:users reads no users: %d %s", got.Status, got.Body)
	}
	refused := s.Token(t, nil, url.Values{"grant_type": {"password"}, "username": {newcomer.Username}, "password": {newcomer.Password}})
	if refused.Status != http.StatusBadRequest {
		t.Errorf("an unverified user: %d %s", refused.Status, refused.Body)
	}
}

func TestClients(t *testing.T) {
	s := keystonetest.New(t)
	machine := s.NewClient(t, nil, "read:orders")
	if got := machine.Token(t); !slices.Equal(got.Scope, []string{"read:orders"}) || got.Refresh != "" {
		t.Errorf("the client gets %+v", got)
	}
	app := s.NewClient(t, []string{"password", "refresh_token"}, "read:profile")
	login := app.Login(t, s.NewUser(t))
	if !slices.Equal(login.Scope, []string{"read:profile"}) {
		t.Errorf("the client caps the scope at %v", login.Scope)
	}
	if next := app.Refresh(t, login); next.Refresh == login.Refresh {
		t.Error("the refresh gives what there was")
	}
	if got := s.Token(t, app, url.Values{"grant_type": {"client_credentials"}}); got.Status != http.StatusBadRequest {
		t.Errorf("a grant that the client was not given: %d %s", got.Status, got.Body)
	}
	if got := s.NewKeyClient(t, nil, "read:orders").Token(t); !slices.Equal(got.Scope, []string{"read:orders"}) {
		t.Errorf("the client with a key gets %+v", got)
	}
	public := s.NewPublicClient(t, []string{"password", "refresh_token"}, "read:profile")
	if login := public.Login(t, s.NewUser(t)); public.Secret != "" || login.Refresh == public.Refresh(t, login).Refresh {
		t.Errorf("the public client gets %+v", login)
	}
}

func TestTheClockIsTheTests(t *testing.T) {
	s := keystonetest.New(t, keystonetest.Set("access_token_ttl", "10m"))
	alice := s.NewUser(t)
	login := alice.Login(t)
	me := func() int { return s.Do(t, http.MethodGet, "/api/v1/users/me", login.Access, nil).Status }
	s.Clock.Advance(10*time.Minute - time.Second)
	if status := me(); status != http.StatusOK {
		t.Errorf("a second before its end the token gives %d", status)
	}
	s.Clock.Advance(time.Second)
	if status := me(); status != http.StatusUnauthorized {
		t.Errorf("at its end the token gives %d", status)
	}
	s.Clock.Advance(100 * 24 * time.Hour) // past every session, and the superuser's token
	if got := s.Token(t, nil, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {login.Refresh}}); got.Status != http.StatusBadRequest {
		t.Errorf("after a hundred days the session goes on: %d %s", got.Status, got.Body)
	}
	s.NewUser(t).Login(t)
}

func TestMailsAndTextsAreCaught(t *testing.T) {
	s := keystonetest.New(t)
	const address = "bob@example.com"
	if got := s.Do(t, http.MethodPost, "/api/v1/users/register", "", map[string]string{"username": "bob", "email": address, "password": keystonetest.Password}); got.Status != http.StatusAccepted {
		t.Fatalf("registration: %d %s", got.Status, got.Body)
	}
	token := s.Outbox.MailedToken(t, outbound.MailVerification, address)
	if got := s.Do(t, http.MethodPost, "/api/v1/users/verify-email", "", map[string]string{"token": token}); got.Status >= 300 {
		t.Errorf("verification: %d %s", got.Status, got.Body)
	}
	if got := s.Do(t, http.MethodPost, "/api/v1/users/password-reset/request", "", map[string]string{"email": address}); got.Status >= 300 {
		t.Fatalf("recovery: %d %s", got.Status, got.Body)
	}
	if mail := s.Outbox.Mail(t, outbound.MailPasswordReset, address); mail.Username != "bob" || mail.Token.Empty() {
		t.Errorf("the mail is %+v", mail)
	}

	alice := s.NewUser(t)
	access := alice.Login(t).Access
	const phone = "+436601234567"
	if got := s.Do(t, http.MethodPost, "/api/v1/users/me/phone", access, map[string]string{"phone": phone}); got.Status >= 300 {
		t.Fatalf("a phone: %d %s", got.Status, got.Body)
	}
	if got := s.Do(t, http.MethodPost, "/api/v1/users/me/phone/verify", access, map[string]string{"code": s.Outbox.Code(t, phone)}); got.Status >= 300 {
		t.Errorf("the code: %d %s", got.Status, got.Body)
	}
	if mails, texts := s.Outbox.Mails(), s.Outbox.Texts(); len(mails) < 2 || len(texts) != 1 {
		t.Errorf("%d mails and %d texts in all", len(mails), len(texts))
	}
}

// silent loses every mail.
type silent struct{ sent chan outbound.MailTemplate }

func (s silent) Send(_ context.Context, m outbound.Mail) error {
	s.sent <- m.Template
	return nil
}

func TestOptionsOfBootstrapPass(t *testing.T) {
	mine := silent{make(chan outbound.MailTemplate, 1)}
	s := keystonetest.New(t, keystonetest.With(bootstrap.Replace[outbound.Mailer](mine)))
	s.Do(t, http.MethodPost, "/api/v1/users/register", "", map[string]string{"username": "bob", "email": "bob@example.com", "password": keystonetest.Password})
	if got := <-mine.sent; got != outbound.MailVerification {
		t.Errorf("sent %s", got)
	}
	if caught := s.Outbox.Mails(); len(caught) > 0 {
		t.Errorf("the replaced mailer caught %v", caught)
	}
}

func TestTheClockWakesWhoSleeps(t *testing.T) {
	clock := keystonetest.NewClock()
	before := clock.Now()
	woken := make(chan error, 1)
	go func() { woken <- clock.Sleep(t.Context(), time.Hour) }()
	for {
		clock.Advance(30 * time.Minute)
		select {
		case err := <-woken:
			if err != nil || clock.Now().Sub(before) < time.Hour {
				t.Errorf("woken after %s: %v", clock.Now().Sub(before), err)
			}
			if err := clock.Sleep(t.Context(), time.Millisecond); err != nil {
				t.Errorf("a real pause: %v", err)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := clock.Sleep(ended, time.Hour); err != context.Canceled {
				t.Errorf("an ended context: %v", err)
			}
			if clock.Now().Location() != time.UTC {
				t.Error("the time is not UTC")
			}
			return
		default:
		}
	}
}

// BenchmarkNew tells what a server of its own costs a test.
func BenchmarkNew(b *testing.B) {
	var starts []time.Duration
	for b.Loop() {
		began := time.Now()
		s := keystonetest.New(b)
		starts = append(starts, time.Since(began))
		b.StopTimer()
		s.Stop(b)
		b.StartTimer()
	}
	slices.Sort(starts)
	b.ReportMetric(float64(starts[len(starts)/2].Microseconds())/1000, "ms/median")
}
