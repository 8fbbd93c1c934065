package e2e

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
)

// leaks is a run whose every secret is known and whose every trace is kept.
type leaks struct {
	*world
	t       *testing.T
	ops     string
	traces  *receiver
	refused strings.Builder // what every error said
	codes   []string        // of six digits: too short for the ledger
}

// do sends a request and keeps what a refusal says.
func (l *leaks) do(c call) answer {
	l.t.Helper()
	got := l.send(l.t, c)
	if got.status >= http.StatusBadRequest {
		fmt.Fprintf(&l.refused, "%v %s\n", got.header, got.body)
	}
	return got
}

func (l *leaks) want(status int, c call) answer {
	l.t.Helper()
	got := l.do(c)
	if got.status != status {
		l.t.Errorf("%s %s: %d %s, want %d", c.method, c.path, got.status, got.body, status)
	}
	return got
}

// TestNothingLeaks goes through all that has to do with secrets, rightly and
// wrongly, at the chattiest level of the log, and looks for each of them
// wherever something is left: raw, encoded for URLs, in base64 and in hex.
func TestNothingLeaks(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	kinds := map[string]func(t *testing.T) (settings, *miniredis.Miniredis){
		"sqlite": func(t *testing.T) (settings, *miniredis.Miniredis) { return onSQLite(t), nil },
		"postgres+redis": func(t *testing.T) (settings, *miniredis.Miniredis) {
			return onPostgres(t), miniredis.RunT(t)
		},
	}
	for name, open := range kinds {
		t.Run("OPS-07, CLI-18, RTK-23, USR-17 "+name, func(t *testing.T) {
			t.Parallel()
			given, redis := open(t)
			gateway := "gateway-secret-" + random()
			given = given.with(settings{"LOG_LEVEL": "debug", "OPS_ADDR": freeAddress(t), "LOCKOUT_ATTEMPTS": "4", "REFRESH_RETRY_WINDOW": "0", "RATE_LIMITS": "off,token_ip=1000/1m"})
			password := "redis-secret-" + random()
			if redis != nil {
				redis.RequireAuth(password)
				given["REDIS_URL"] = "redis://:" + password + "@" + redis.Addr()
			}
			traces := newReceiver(t)
			s := prepare(t, given)
			s.environ = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + traces.URL, "OTEL_BSP_SCHEDULE_DELAY=100"}
			s.Start(t)
			s.secrets.keep(password)
			l := &leaks{world: newWorld(t, s), t: t, ops: given["OPS_ADDR"], traces: traces}
			l.people()
			l.machines()
			l.inQueries()
			l.undelivered(gateway)
			if key, is := s.forger(t, l.session.Access).private.(*ecdsa.PrivateKey); is {
				scalar, err := key.Bytes()
				if err != nil {
					t.Fatal(err)
				}
				s.secrets.keep(string(scalar))
			}
			l.search(redis)
		})
	}
}

// people registers, logs in, recovers and errs.
func (l *leaks) people() {
	a := l.register(l.t)
	g := l.login(l.t, a)
	l.want(http.StatusNoContent, post(verifyPath, map[string]string{"token": l.mail(l.t, "verification", "<"+a.Email+">")}))
	g = l.refresh(l.t, g.Refresh)
	for range 2 {
		l.want(badRequest, passwordGrant(account{Username: a.Username, Password: newPassword()}))
	}
	l.want(badRequest, passwordGrant(account{Username: newPassword(), Password: newPassword()})) // typed into the wrong field
	l.want(http.StatusForbidden, change(g.Access, newPassword(), newPassword()))
	l.want(unprocessable, change(g.Access, a.Password, "passwordpassword"))
	next := newPassword()
	l.want(http.StatusNoContent, change(g.Access, a.Password, next))
	a.Password = next
	l.want(http.StatusAccepted, post(resetPath+"/request", map[string]string{"email": a.Email}))
	reset := l.mail(l.t, "password_reset", "<"+a.Email+">")
	l.want(unprocessable, post(resetPath, map[string]string{"token": reset, "new_password": "short of it"}))
	l.want(badRequest, post(verifyPath, map[string]string{"token": reset}))
	a.Password = newPassword()
	l.want(http.StatusNoContent, post(resetPath, map[string]string{"token": reset, "new_password": a.Password}))
	l.want(badRequest, post(resetPath, map[string]string{"token": reset, "new_password": newPassword()}))
	g = l.login(l.t, a)
	number := "+4366412345678"
	l.want(http.StatusAccepted, call{path: phonePath, bearer: g.Access, json: text(map[string]string{"phone": number})})
	code := l.mail(l.t, "phone_code", number)
	l.codes = append(l.codes, code)
	l.want(badRequest, call{path: phonePath + "/verify", bearer: g.Access, json: text(map[string]string{"code": "x" + code[1:]})})
	l.want(http.StatusNoContent, call{path: phonePath + "/verify", bearer: g.Access, json: text(map[string]string{"code": code})})
	stolen := l.login(l.t, a)
	l.refresh(l.t, stolen.Refresh)
	l.want(badRequest, refreshGrant(stolen.Refresh))
	made := l.as(l.t, l.admin.Access, "POST", adminUsersPath+"/"+g.UserID+"/password", "", http.StatusOK)
	a.Password = made.text("password")
	l.want(badRequest, passwordGrant(a, "scope", "admin:everything"))
	for range 5 {
		l.do(passwordGrant(account{Username: a.Username, Password: newPassword()}))
	}
	l.want(badRequest, call{path: registerPath, json: `{"username":"x","password":"` + newPassword() + `","password":"` + newPassword() + `"}`})
	l.want(unprocessable, call{path: registerPath, json: `{"username":{"password":"` + newPassword() + `"},"email":1,"password":["` + newPassword() + `"]}`})
}

// machines has clients and keys come, change and go.
func (l *leaks) machines() {
	c := l.newClient(l.t, l.admin, []string{"read:users"}, nil)
	own := l.clientToken(l.t, c)
	l.want(http.StatusForbidden, call{method: "DELETE", path: clientsPath + "/" + c.ID, bearer: own})
	rotated := l.as(l.t, l.admin.Access, "POST", clientsPath+"/"+c.ID+"/secret", `{"grace":60}`, http.StatusOK)
	l.clientToken(l.t, client{c.ID, rotated.text("client_secret")})
	l.want(unauthorized, call{path: tokenPath, basic: client{c.ID, "kss_" + newPassword()}, form: "grant_type=client_credentials"})
	l.want(unauthorized, call{path: tokenPath, form: form("grant_type", "client_credentials", "client_id", c.ID, "client_secret", newPassword())})
	l.want(badRequest, call{path: tokenPath, basic: c, form: form("grant_type", "client_credentials", "client_id", c.ID, "client_secret", c.Secret)})
	l.want(unauthorized, call{path: tokenPath, basic: client{l.alice.Password, l.alice.Password}, form: "grant_type=client_credentials"})
	l.as(l.t, l.admin.Access, "POST", "/api/v1/admin/keys/rotate", "", http.StatusOK)
	l.introspected(l.t, l.guard, own)
	l.want(http.StatusOK, call{path: revokePath, basic: c, form: form("token", own)})
	l.want(unauthorized, me(own))
	l.want(unprocessable, call{path: clientsPath, bearer: l.admin.Access, json: text(members{"name": "x", "client_secret": newPassword()})})
}

// inQueries puts secrets where they do not belong.
func (l *leaks) inQueries() {
	g := l.login(l.t, l.alice)
	query := form("grant_type", "password", "username", l.alice.Username, "password", l.alice.Password, "client_id", l.app.ID, "client_secret", l.app.Secret)
	l.want(badRequest, call{path: tokenPath + "?" + query, raw: "&", media: mediaForm})
	l.want(unauthorized, call{method: "GET", path: mePath + "?access_token=" + g.Access})
	l.want(http.StatusNotFound, call{method: "GET", path: "/nothing/" + g.Access + "?token=" + g.Refresh})
	l.want(http.StatusNotFound, call{method: "GET", path: adminUsersPath + "/" + g.Refresh, bearer: l.admin.Access})
	l.want(http.StatusMethodNotAllowed, call{method: "PUT", path: tokenPath + "?refresh_token=" + g.Refresh})
	l.do(call{method: "GET", path: "/verify-email?token=" + g.Refresh})
	l.do(call{method: "GET", path: "/healthz?password=" + escapedForm(l.alice.Password), header: http.Header{
		"X-Request-Id": {g.Refresh}, "Referer": {l.URL + "/reset-password?token=" + g.Refresh}, "Cookie": {"session=" + g.Access}}})
	l.do(call{path: tokenPath, form: "grant_type=password&username=%zz&password=" + escapedForm(l.alice.Password)})
	l.do(call{method: "GET", path: mePath, header: http.Header{"Authorization": {"Bearer " + g.Access + " " + g.Refresh}}})
	l.do(call{method: "GET", path: mePath, header: http.Header{"Authorization": {"Token " + g.Access}}})
}

// undelivered has the gateways of mail and SMS refuse, whose credentials are
// part of their addresses.
func (l *leaks) undelivered(secret string) {
	l.secrets.keep(secret)
	l.Stop(l.t)
	nobody := freeAddress(l.t)
	l.settings["SMTP_URL"], l.settings["MAIL_FROM"] = "smtp://user:"+secret+"@"+nobody, "keystone@example.com"
	l.settings["SMS_URL"] = "http://user:" + secret + "@" + nobody + "/sms"
	l.Start(l.t)
	g := l.login(l.t, l.alice)
	l.want(http.StatusAccepted, post(resetPath+"/request", map[string]string{"email": l.alice.Email}))
	l.want(http.StatusAccepted, call{path: phonePath, bearer: g.Access, json: `{"phone":"+4366498765432"}`})
	eventually(l.t, startWithin, "a delivery failed", func() bool { return strings.Count(l.Logs(), nobody) >= 2 || strings.Contains(l.Logs(), "refused") })
}

func (l *leaks) search(redis *miniredis.Miniredis) {
	response, err := http.Get("http://" + l.ops + "/metrics")
	if err != nil {
		l.t.Fatal(err)
	}
	metrics, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		l.t.Fatal(err)
	}
	places := l.stored(l.t)
	places["log"], places["answers"], places["metrics"] = l.Logs(), l.refused.String(), string(metrics)
	l.traces.mu.Lock()
	places["traces"] = l.traces.raw.String()
	l.traces.mu.Unlock()
	if redis != nil {
		places["Redis"] = redis.Dump()
	}
	if len(l.secrets.held) < 45 || len(places["answers"]) < 5000 || len(places["traces"]) < 5000 {
		l.t.Errorf("%d secrets, %d bytes of refusals, %d of traces: the run was not what it should have been",
			len(l.secrets.held), len(places["answers"]), len(places["traces"]))
	}
	for place, content := range places {
		for _, found := range l.secrets.find(content) {
			l.t.Errorf("%s: a secret: %q", place, found)
		}
		for _, code := range l.codes {
			// Six digits are found in any long number: what a value stands between counts.
			if regexp.MustCompile(`["'=: >]` + code + `["'&, <\n]`).MatchString(content) {
				l.t.Errorf("%s: a code: %s", place, code)
			}
		}
	}
}
