package e2e

import (
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLookAlikes: one account for each canonical form of a name or address.
func TestLookAlikes(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		id := random()
		first := account{"Alike-" + id, "Kiss-" + id + "@Example.com", newPassword()}
		s.want(t, http.StatusAccepted, registration(first))
		for kind, each := range map[string]struct {
			name   string
			status int
		}{
			"lower": {"alike-" + id, 409}, "upper": {strings.ToUpper(first.Username), 409}, "blank before": {" " + first.Username, 422},
			"blank after": {first.Username + " ", 422}, "wide": {"ａｌｉｋｅ-" + id, 422}, "Cyrillic": {"аlike-" + id, 422},
			"zero width": {"alike\u200b-" + id, 422}, "dotless": {"alıke-" + id, 422}, "combining": {"alike\u0301-" + id, 422}, "Kelvin": {"ali\u212ae-" + id, 422},
		} {
			t.Run("USR-02 "+kind, func(t *testing.T) {
				s.want(t, each.status, registration(account{each.name, "other-" + random() + "@example.com", newPassword()}))
			})
		}
		for kind, each := range map[string]struct {
			email  string
			status int
		}{
			"lower": {strings.ToLower(first.Email), 202}, "upper": {strings.ToUpper(first.Email), 202}, "trailing dot": {first.Email + ".", 422},
			"Kelvin sign": {strings.Replace(first.Email, "K", "\u212a", 1), 202}, "long s": {strings.Replace(first.Email, "ss", "s\u017f", 1), 202},
			"wide": {strings.Replace(first.Email, "K", "Ｋ", 1), 202}, "zero width": {"Ki\u200dss-" + id + "@example.com", 422},
		} {
			t.Run("USR-03 "+kind, func(t *testing.T) {
				s.want(t, each.status, registration(account{"other-" + random(), each.email, newPassword()}))
				if each.status != http.StatusAccepted {
					return
				}
				// The mail goes to the address that is stored.
				before := len(s.mails(t, "password_reset", ""))
				s.want(t, http.StatusAccepted, post(resetPath+"/request", members{"email": each.email}.texts()))
				eventually(t, startWithin, "mailed", func() bool { return len(s.mails(t, "password_reset", "")) > before })
				if mails := s.mails(t, "password_reset", "<"+first.Email+">"); len(mails) != before+1 {
					t.Errorf("%d mails to the stored address, of %d", len(mails), before+1)
				}
			})
		}
		s.wantCount(t, "1", "SELECT count(*) FROM users WHERE username LIKE '%like-"+id+"'")
		s.wantCount(t, "1", "SELECT count(*) FROM users WHERE email LIKE '%-"+id+"@%xample.com'")
	})
}

func (m members) texts() map[string]string {
	out := map[string]string{}
	for name, value := range m {
		out[name] = fmt.Sprint(value)
	}
	return out
}

// TestPasswords: what is accepted, what is not, and that all of it counts.
func TestPasswords(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		with := func(password string) account {
			a := newAccount()
			a.Password = password
			return a
		}
		for kind, password := range map[string]string{"lower-case letters": "qhzvkwmtrjfbxpdyncsg", "a passphrase": "correct horse battery staple", "blanks around": "  " + newPassword() + "  ",
			"every script": "пароль 密码 パスワード كلمة", "emoji": "🐎🔋📎✅ horses and batteries"} {
			t.Run("USR-09 "+kind, func(t *testing.T) {
				a := with(password)
				s.want(t, http.StatusAccepted, registration(a))
				s.login(t, a)
				a.Password = strings.TrimSpace(password)
				if a.Password != password {
					s.want(t, badRequest, passwordGrant(a)) // nothing is trimmed
				}
			})
		}
		named := newAccount()
		for _, password := range []string{"passwordpassword", "qwertyuiop12345", named.Username, named.Email, "keystone12345678", "Password1234567!", "aaaaaaaaaaaaaaaaaaaa", "123456789012345", "iloveyouiloveyou", "letmeinletmein1"} {
			t.Run("USR-10 "+password[:8], func(t *testing.T) {
				a := named
				a.Password = password
				got := s.want(t, 422, registration(a))
				fields, _ := got.member("errors").([]any)
				if first, _ := fields[0].(map[string]any); first["field"] != "password" || first["message"] == "" {
					t.Errorf("%s", got.body)
				}
			})
		}
		t.Run("USR-06 nothing is cut", func(t *testing.T) {
			for _, length := range []int{72, 99, 199} {
				long := strings.Repeat(random()+" ", length/17+1)[:length]
				a := with(long + "b")
				s.want(t, http.StatusAccepted, registration(a))
				s.login(t, a)
				for _, wrong := range []string{long + "c", long, long + "b ", long + "B"} {
					a.Password = wrong
					s.want(t, badRequest, passwordGrant(a))
				}
			}
		})
		owner := s.register(t)
		access := s.login(t, owner).Access
		for size, status := range map[int][2]int{900_000: {400, 422}, 10 << 20: {413, 413}} { // of a form, of JSON
			long := strings.Repeat("x", size)
			for kind, c := range map[string]call{
				"login": passwordGrant(with(long)), "registration": registration(with(long)), "change": change(access, owner.Password, long),
				"reset": post(resetPath, map[string]string{"token": "ksp_" + strings.Repeat("A", 60), "new_password": long}),
			} {
				t.Run(fmt.Sprintf("USR-07 %d bytes at %s", size, kind), func(t *testing.T) {
					got := s.send(t, c)
					if want := status[min(1, len(c.json))]; got.status != want && got.status != 400 {
						t.Errorf("%d %s, want %d", got.status, tail(string(got.body), 2), want)
					}
				})
			}
		}
		t.Run("USR-07 current password", func(t *testing.T) {
			got := s.send(t, change(access, strings.Repeat("x", 900_000), newPassword()))
			if got.status != 403 && got.status != 422 {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
		for password, status := range map[string]int{`abc\u0000defghijklmnopq`: unprocessable, `abcdefghijklm\ud800nop`: unprocessable, `abcdefghijklm\udc00\ud800nop`: unprocessable, "abcdefghijklm\xffnopq": badRequest} {
			t.Run(fmt.Sprintf("USR-08 %+q", password), func(t *testing.T) {
				a := newAccount()
				s.want(t, status, call{path: registerPath, json: `{"username":"` + a.Username + `","email":"` + a.Email + `","password":"` + password + `"}`})
				s.wantCount(t, "0", "SELECT count(*) FROM users WHERE username = '"+a.Username+"'")
			})
		}
		t.Run("USR-08 in a form", func(t *testing.T) {
			for _, raw := range []string{"%00", "%ff", "%ed%a0%80"} {
				s.want(t, badRequest, call{path: tokenPath, form: form("grant_type", "password", "username", owner.Username) + "&password=" + escapedForm(owner.Password) + raw})
			}
			s.login(t, owner)
		})
	})
}

func escapedForm(s string) string { return strings.TrimPrefix(form("x", s), "x=") }

// TestNames: what could forge a header or a page is refused, or shown as text.
func TestNames(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		for kind, email := range map[string]string{
			"line break": "a@b.example\r\nBcc: v@x.example", "line feed": "a\n@b.example", "300 characters": strings.Repeat("a", 290) + "@b.example", "no host": "a@intranet",
			"quoted": `"a b"@b.example`, "quoted, with a header": "\"a\r\nBcc: v@x.example\"@b.example", "display name": "Alice <a@b.example>", "two": "a@b.example,c@d.example",
			"comment": "a(x)@b.example", "bidi": "a\u202e@b.example", "invisible": "a\u2060@b.example", "address literal": "a@[127.0.0.1]",
		} {
			t.Run("USR-21 "+kind, func(t *testing.T) {
				s.want(t, 422, registration(account{"mail-" + random(), email, newPassword()}))
			})
		}
		a := s.register(t)
		access := s.login(t, a).Access
		for kind, name := range map[string]string{
			"line break": `x\r\nBcc: v@x.example`, "NUL": `x\u0000`, "override": `x\u202egnp.exe`, "isolate": `\u2066x`, "zero width": `x\u200by`, "BOM": `\ufeffx`, "escape": `\u001b[31mx`, "filler": `x\u3164`,
		} {
			t.Run("USR-21 display name, "+kind, func(t *testing.T) {
				got := s.send(t, call{method: "PATCH", path: mePath, bearer: access, json: `{"display_name":"` + name + `"}`})
				if got.status != 422 && (kind != "NUL" || got.status != badRequest) {
					t.Errorf("%d %s", got.status, got.body)
				}
			})
		}
		t.Run("USR-21 HTML and one recipient", func(t *testing.T) {
			const hostile = `<img src=x onerror=alert(1)>"; Bcc: v@x.example`
			s.as(t, access, "PATCH", mePath, text(members{"display_name": hostile}), 200)
			s.want(t, http.StatusAccepted, post(resetPath+"/request", members{"email": a.Email}.texts()))
			s.mail(t, "password_reset", a.Email)
			for _, raw := range s.mails(t, "password_reset", "<"+a.Email+">") {
				message, err := mail.ReadMessage(strings.NewReader(raw))
				if err != nil {
					t.Fatal(err)
				}
				to, err := message.Header.AddressList("To")
				if err != nil || len(to) != 1 || to[0].Address != a.Email || message.Header.Get("Bcc") != "" || message.Header.Get("Cc") != "" {
					t.Errorf("to %v (%v): %v", to, err, message.Header)
				}
				if strings.Contains(raw, "<img") {
					t.Error("the mail has the name as a tag")
				}
			}
		})
	})
}

// TestResetTellsNothing: one answer for every address there could be.
func TestResetTellsNothing(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		disabled, path := w.made(t, w.admin.Access)
		w.as(t, w.admin.Access, "PATCH", path, `{"is_active":false}`, 200)
		verified, path := w.made(t, w.admin.Access)
		w.as(t, w.admin.Access, "PATCH", path, `{"is_verified":true}`, 200)
		for _, endpoint := range []string{resetPath, verifyPath} {
			var first *answer
			for kind, email := range map[string]string{
				"known": w.alice.Email, "verified": verified.Email, "unknown": "nobody-" + random() + "@example.com", "disabled": disabled.Email, "malformed": "no address", "upper case": strings.ToUpper(w.alice.Email),
			} {
				t.Run("USR-14 "+endpoint+" "+kind, func(t *testing.T) {
					got := s.want(t, http.StatusAccepted, post(endpoint+"/request", members{"email": email}.texts()))
					for _, name := range unlike {
						got.header.Del(name)
					}
					if first == nil {
						first = &got
						return
					}
					if diff := cmp.Diff(first.header, got.header); diff != "" || string(first.body) != string(got.body) {
						t.Errorf("%s and %s\n%s", first.body, got.body, diff)
					}
				})
			}
		}
	})
}

// TestMailedTokens: each is good for its purpose, its account and once.
func TestMailedTokens(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		alice, bob := s.register(t), s.register(t)
		session := s.login(t, alice)
		verify := s.mail(t, "verification", "<"+alice.Email+">")
		ask := func(a account, before ...string) string {
			t.Helper()
			s.want(t, http.StatusAccepted, post(resetPath+"/request", members{"email": a.Email}.texts()))
			return s.mail(t, "password_reset", "<"+a.Email+">", before...)
		}
		old := ask(alice)
		reset := ask(alice, old)
		bobs := ask(bob)
		use := func(token string) call {
			return post(resetPath, map[string]string{"token": token, "new_password": newPassword()})
		}
		refused := func(name string, c call) {
			t.Run(name, func(t *testing.T) {
				got := s.want(t, badRequest, c)
				wellFormed(t, c, got)
			})
		}
		refused("USR-16 after a newer request", use(old))
		refused("USR-20 verification at reset", use(verify))
		refused("USR-20 reset at verification", post(verifyPath, map[string]string{"token": reset}))
		for name, token := range map[string]string{"access token": session.Access, "refresh token": session.Refresh, "session": sessionOf(t, session), "nothing": ""} {
			c := use(token)
			t.Run("RTK-21 "+name+" at reset", func(t *testing.T) {
				if got := s.send(t, c); got.status != 400 && got.status != 422 {
					t.Errorf("%d %s", got.status, got.body)
				}
			})
		}
		for name, token := range map[string]string{"reset token": reset, "verification token": verify} {
			refused("RTK-21 "+name+" as refresh token", refreshGrant(token))
			t.Run("RTK-21 "+name+" as bearer", func(t *testing.T) { s.want(t, unauthorized, me(token)) })
		}
		// Where the account is named in the token: another's is another token.
		half := len(reset) / 2
		refused("USR-20 the account of another", use(bobs[:half]+reset[half:]))
		refused("USR-20 the account of another, the other way", use(reset[:half]+bobs[half:]))
		t.Run("USR-17 stored as a hash, of 128 bits", func(t *testing.T) {
			for place, content := range s.stored(t) {
				if found := s.secrets.find(content); len(found) > 0 {
					t.Errorf("%s holds %q", place, found)
				}
			}
			if len(reset) < len("ksp_")+22+22 { // a UUID, and 128 bits of a MAC
				t.Errorf("%d characters", len(reset))
			}
			s.wantCount(t, "2", "SELECT count(*) FROM users WHERE password_reset_token IS NOT NULL AND length(password_reset_token) >= 32")
		})
		t.Run("USR-16, USR-20 untouched by all of that", func(t *testing.T) {
			s.want(t, http.StatusNoContent, post(verifyPath, map[string]string{"token": verify}))
			s.want(t, http.StatusNoContent, use(reset))
			s.want(t, badRequest, use(reset))
			s.login(t, bob)
			s.want(t, badRequest, passwordGrant(alice))
		})
	})
}
