package e2e

import (
	"maps"
	"net/http"
	"strings"
	"testing"
)

// TestMasterKeyChanges: what the old key sealed or derived goes on through the
// change, and all that must outlive it still works when the old key is gone.
func TestMasterKeyChanges(t *testing.T) {
	eachStore(t, settings{"REFRESH_RETRY_WINDOW": "1h", "LOCKOUT_ATTEMPTS": "2"}, func(t *testing.T, s *Server) {
		guard := s.newClient(t, s.login(t, s.Admin), []string{"introspect:tokens"}, nil)
		a := s.register(t)
		verify := s.mail(t, "verification", "<"+a.Email+">")
		plain := s.login(t, a)
		retried := s.login(t, a)
		successor := s.refresh(t, retried.Refresh)
		later := s.login(t, a)
		s.want(t, http.StatusAccepted, post(resetPath+"/request", map[string]string{"email": a.Email}))
		reset := s.mail(t, "password_reset", "<"+a.Email+">")
		number := "+4319876543"
		s.want(t, http.StatusAccepted, call{path: phonePath, bearer: plain.Access, json: text(map[string]string{"phone": number})})
		code := s.mail(t, "phone_code", number)
		known, unknown := s.register(t), account{Username: "nobody-" + random(), Password: newPassword()}
		locked := func(t *testing.T) {
			t.Helper()
			for _, each := range []account{known, unknown} {
				s.want(t, badRequest, passwordGrant(each)).has(t, "reason", "account_locked")
			}
		}
		for _, each := range []account{known, unknown} {
			wrong := account{Username: each.Username, Password: newPassword()}
			for range 2 {
				s.want(t, badRequest, passwordGrant(wrong))
			}
		}
		locked(t)

		old := s.settings["MASTER_KEY"]
		s.Stop(t)
		s.settings["MASTER_KEY"], s.settings["MASTER_KEY_PREVIOUS"] = newMasterKey(), old
		s.secrets.keep(s.settings["MASTER_KEY"])
		s.Start(t)
		t.Run("with both", func(t *testing.T) {
			s.want(t, http.StatusOK, me(plain.Access))
			if again := s.refresh(t, retried.Refresh); again.Refresh != successor.Refresh {
				t.Error("a retry gets another successor")
			}
			s.want(t, http.StatusNoContent, post(verifyPath, map[string]string{"token": verify}))
			s.want(t, http.StatusNoContent, call{path: phonePath + "/verify", bearer: plain.Access, json: text(map[string]string{"code": code})})
			locked(t)
		})
		if said := s.wantRun(t, "", "keys", "reseal"); !strings.Contains(said, "resealed: 2") {
			t.Errorf("it said %q", said)
		}
		if said := s.wantRun(t, "", "audit", "verify"); !strings.Contains(said, "seals over") {
			t.Errorf("it said %q", said)
		}
		t.Run("a token mailed under the old key, while both are known", func(t *testing.T) {
			a.Password = newPassword()
			s.want(t, http.StatusNoContent, post(resetPath, map[string]string{"token": reset, "new_password": a.Password}))
		})
		again := s.login(t, a)
		retriedLater := s.refresh(t, again.Refresh)

		s.Stop(t)
		delete(s.settings, "MASTER_KEY_PREVIOUS")
		s.Start(t)
		t.Run("with the new one alone", func(t *testing.T) {
			s.want(t, http.StatusOK, me(again.Access)) // the signing keys were opened
			if next := s.refresh(t, again.Refresh); next.Refresh != retriedLater.Refresh {
				t.Error("a retry gets another successor")
			}
			isInactive(t, s.introspected(t, guard, later.Refresh)) // the reset ended it
			s.login(t, a)
			locked(t)
			if said := s.wantRun(t, "", "audit", "verify"); !strings.Contains(said, "seals over") {
				t.Errorf("it said %q", said)
			}
		})
		wrong := unchecked(t, s.settings.with(settings{"MASTER_KEY": old}))
		wrong.launch(t)
		if code := wrong.exitCode(t); code == 0 {
			t.Error("it served with the old key")
		}
	})
}

// TestMasterKeyChangesInstanceByInstance: at no moment of the change that
// docs/deployment.md describes do two instances misunderstand each other.
func TestMasterKeyChangesInstanceByInstance(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	one := start(t, onPostgres(t).with(settings{"REFRESH_RETRY_WINDOW": "1h"}))
	other := one.sibling(t)
	old, next := one.settings["MASTER_KEY"], newMasterKey()
	one.secrets.keep(next)
	understand := func(t *testing.T, first, second *Server) {
		t.Helper()
		first.want(t, http.StatusOK, call{path: "/api/v1/admin/keys/rotate", bearer: first.login(t, first.Admin).Access})
		a := first.register(t)
		g := first.login(t, a)
		second.want(t, http.StatusOK, me(g.Access)) // by a key that the first one sealed
		successor := first.refresh(t, g.Refresh)
		if again := second.refresh(t, g.Refresh); again.Refresh != successor.Refresh {
			t.Error("a retry gets another successor elsewhere")
		}
		first.want(t, http.StatusAccepted, post(resetPath+"/request", map[string]string{"email": a.Email}))
		var mails []string // whichever of them sent it
		eventually(t, startWithin, "a mail", func() bool {
			mails = append(first.mails(t, "password_reset", "<"+a.Email+">"), second.mails(t, "password_reset", "<"+a.Email+">")...)
			return len(mails) > 0
		})
		reset := mailed.FindString(mails[0])
		first.secrets.keep(reset)
		second.want(t, http.StatusNoContent, post(resetPath, map[string]string{"token": reset, "new_password": newPassword()}))
	}
	for _, step := range []settings{
		{"MASTER_KEY_PREVIOUS": next},
		{"MASTER_KEY": next, "MASTER_KEY_PREVIOUS": old},
		{"MASTER_KEY_PREVIOUS": ""},
	} {
		if step["MASTER_KEY_PREVIOUS"] == "" {
			one.wantRun(t, "", "keys", "reseal")
		}
		for _, s := range []*Server{one, other} {
			s.Stop(t)
			maps.Copy(s.settings, step)
			s.Start(t)
			understand(t, one, other)
			understand(t, other, one)
		}
	}
}
