package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	verifyPath = "/api/v1/users/verify-email"
	resetPath  = "/api/v1/users/password-reset"
	phonePath  = mePath + "/phone"
)

// mailed matches a token or code that stands at the start of a line of a mail.
var mailed = regexp.MustCompile(`(?m)^(ks[vp]_[\w-]+|\d{6}\b)`)

// mails gives the mails (or texts) of a template to an address, in no order.
func (s *Server) mails(t *testing.T, template, to string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.Dir, "keystone-mail", template+"-*"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v (%v)", path, info.Mode(), err)
		}
		if strings.Contains(string(content), to) {
			found = append(found, string(content))
		}
	}
	return found
}

// mail waits for a mail that was not there before and gives its token, if any.
func (s *Server) mail(t *testing.T, template, to string, before ...string) string {
	t.Helper()
	var arrived string
	eventually(t, startWithin, "a mail "+template, func() bool {
		for _, mail := range s.mails(t, template, to) {
			if token := mailed.FindString(mail); !slices.Contains(before, token) {
				arrived = token
				return true
			}
		}
		return false
	})
	if len(arrived) > 6 { // a code is found in any text that is long enough
		s.secrets.keep(arrived)
	}
	return arrived
}

func post(path string, fields map[string]string) call { return call{path: path, json: text(fields)} }

func TestAddressesAreVerified(t *testing.T) {
	eachStoreCase(t, "USR-18, USR-20", settings{"EMAIL_VERIFICATION": "required"}, func(t *testing.T, s *Server) {
		a := s.register(t)
		if got := s.want(t, http.StatusBadRequest, passwordGrant(a)); got.text("reason") != "email_unverified" {
			t.Errorf("before: %s", got.body)
		}
		first := s.mail(t, "verification", a.Email)
		for _, method := range []string{"GET", "HEAD"} { // USR-18
			page := s.want(t, http.StatusOK, call{method: method, path: "/verify-email?token=" + first})
			if page.header.Get("Referrer-Policy") != "no-referrer" || page.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", page.header)
			}
		}
		for _, email := range []string{"nobody-" + random() + "@example.com", "no address", strings.ToUpper(a.Email)} {
			s.want(t, http.StatusAccepted, post(verifyPath+"/request", map[string]string{"email": email}))
		}
		second := s.mail(t, "verification", a.Email, first)
		s.want(t, http.StatusBadRequest, post(verifyPath, map[string]string{"token": first})) // replaced
		s.want(t, http.StatusBadRequest, post(resetPath, map[string]string{"token": second, "new_password": newPassword()}))
		s.want(t, http.StatusOK, call{path: "/verify-email", form: form("token", second)})
		s.want(t, http.StatusBadRequest, post(verifyPath, map[string]string{"token": second}))
		s.login(t, a)

		again := newAccount()
		again.Email = a.Email
		s.want(t, http.StatusAccepted, registration(again))
		s.mail(t, "account_exists", a.Email)
	})
}

// USR-16, USR-19, RAT-02.
func TestPasswordsAreReset(t *testing.T) {
	eachStoreCase(t, "USR-16, USR-19, RAT-02", nil, func(t *testing.T, s *Server) {
		a := s.register(t)
		session := s.login(t, a)
		for range 5 {
			wrong := a
			wrong.Password = newPassword()
			s.want(t, http.StatusBadRequest, passwordGrant(wrong))
		}
		s.mail(t, "account_locked", a.Email)
		s.want(t, http.StatusOK, me(session.Access)) // a lock ends nothing

		s.want(t, http.StatusAccepted, post(resetPath+"/request", map[string]string{"email": a.Email}))
		token := s.mail(t, "password_reset", a.Email)
		s.want(t, http.StatusUnprocessableEntity, post(resetPath, map[string]string{"token": token, "new_password": "too short"}))
		s.want(t, http.StatusBadRequest, post(verifyPath, map[string]string{"token": token}))
		passwords, statuses := make([]string, 20), map[int]int{}
		for i := range passwords {
			passwords[i] = newPassword()
		}
		for i, got := range atOnce(t, len(passwords), func(i int) (answer, error) {
			return s.try(post(resetPath, map[string]string{"token": token, "new_password": passwords[i]}))
		}) {
			if statuses[got.status]++; got.status == http.StatusNoContent {
				a.Password = passwords[i]
			}
		}
		if statuses[http.StatusNoContent] != 1 || statuses[http.StatusBadRequest] != 19 {
			t.Fatalf("statuses %v", statuses)
		}
		s.login(t, a) // the lock is lifted
		eventually(t, startWithin, "the session ends", func() bool { return s.send(t, me(session.Access)).status == http.StatusUnauthorized })
		s.want(t, http.StatusBadRequest, refreshGrant(session.Refresh))
		s.mail(t, "password_changed", a.Email)
	})
}

// USR-13: the old address stays until the new one is verified, and is told.
func TestAddressesAndPhonesChange(t *testing.T) {
	eachStoreCase(t, "USR-13", nil, func(t *testing.T, s *Server) {
		a, other := s.register(t), s.register(t)
		access := s.login(t, a).Access
		fresh := "new-" + a.Email
		patch := func(email, password string) call {
			return call{method: "PATCH", path: mePath, bearer: access, json: text(map[string]string{"email": email, "current_password": password})}
		}
		s.want(t, http.StatusForbidden, patch(fresh, newPassword()))
		if got := s.want(t, http.StatusOK, patch(fresh, a.Password)); got.text("email") != a.Email || got.text("pending_email") != fresh {
			t.Errorf("%s", got.body)
		}
		s.mail(t, "email_changing", "<"+a.Email+">")
		s.want(t, http.StatusNoContent, post(verifyPath, map[string]string{"token": s.mail(t, "email_change", "<"+fresh+">")}))
		if got := s.want(t, http.StatusOK, me(access)); got.text("email") != fresh || got.text("pending_email") != "" {
			t.Errorf("%s", got.body)
		}
		s.mail(t, "email_changed", "<"+a.Email+">")
		s.want(t, http.StatusOK, patch(other.Email, a.Password)) // taken, which is told to its owner alone
		s.mail(t, "account_exists", "<"+other.Email+">")

		number := "+4312345678"
		s.want(t, http.StatusAccepted, call{path: phonePath, bearer: access, json: text(map[string]string{"phone": "+43 1 234 5678"})})
		code := mailed.FindString(s.mail(t, "phone_code", number))
		verify := func(code string) call {
			return call{path: phonePath + "/verify", bearer: access, json: text(map[string]string{"code": code})}
		}
		s.want(t, http.StatusBadRequest, verify("x"+code[1:]))
		s.want(t, http.StatusNoContent, verify(code))
		s.want(t, http.StatusBadRequest, verify(code))
		if got := s.want(t, http.StatusOK, me(access)); got.text("phone") != number {
			t.Errorf("%s", got.body)
		}
	})
}

// Nothing that was committed goes unmailed: a process that is killed leaves its
// jobs to the next.
func TestMailsOutliveTheirProcess(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		a := s.register(t)
		s.Kill(t)
		s.Start(t)
		s.mail(t, "verification", a.Email)
	})
}
