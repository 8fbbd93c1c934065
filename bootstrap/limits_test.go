package bootstrap

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const limitedPassword = "correct horse battery staple"

// limited is a server behind a proxy, so that a test chooses its addresses.
type limited struct {
	*testing.T
	app *App
}

func startLimited(t *testing.T, limits string, more ...string) limited {
	app, _ := start(t, embedded(t, append(more, "KEYSTONE_RATE_LIMITS="+limits, "KEYSTONE_TRUSTED_PROXIES=127.0.0.0/8",
		"KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD="+limitedPassword, "KEYSTONE_LOCKOUT_ATTEMPTS=0")...), Replace[outbound.PasswordHasher](plainHasher{}))
	return limited{t, app}
}

// do sends a form, or JSON, from the address and gives the answer without its body.
func (l limited) do(from, path, body string, header ...string) *http.Response {
	l.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+l.app.Addr().String()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = response.Body.Close() }) // read or not, it is over
	return response
}

func (l limited) want(status int, response *http.Response) {
	l.Helper()
	if response.StatusCode != status {
		l.Errorf("status %d, want %d", response.StatusCode, status)
	}
}

func (l limited) login(from, username, password string) *http.Response {
	l.Helper()
	return l.do(from, "/auth/token", url.Values{"grant_type": {"password"}, "username": {username}, "password": {password}}.Encode())
}

func (l limited) bearer() string {
	l.Helper()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(l.login("198.51.100.99", "admin", limitedPassword).Body).Decode(&answer); err != nil {
		l.Fatal(err)
	}
	return "Bearer " + answer.Token
}

func (l limited) client() (id, secret string) {
	l.Helper()
	made, err := l.app.parts.clients.CreateAsOperator(l.Context(), client.Draft{Name: "machine"})
	if err != nil {
		l.Fatal(err)
	}
	return made.Client.ClientID, made.Secret.Reveal()
}

func credentials(id, secret string) string {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}.Encode()
}

func TestFailedLoginsOfAnAddressAreLimited(t *testing.T) {
	l := startLimited(t, "off,login_ip=3/1m")
	for range 10 {
		l.want(http.StatusOK, l.login("192.0.2.1", "admin", limitedPassword))
	}
	for _, name := range []string{"a", "b", "admin"} {
		l.want(http.StatusBadRequest, l.login("192.0.2.1", name, "wrong"))
	}
	refused := l.login("192.0.2.1", "admin", limitedPassword)
	l.want(http.StatusTooManyRequests, refused)
	var body struct{ Error string }
	if err := json.NewDecoder(refused.Body).Decode(&body); err != nil || body.Error != "temporarily_unavailable" {
		t.Errorf("%+v, %v", body, err)
	}
	retry := refused.Header.Get("Retry-After")
	if got := refused.Header.Get("RateLimit-Policy"); got != `"login_ip";q=3;w=60` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
	if got := refused.Header.Get("RateLimit"); got != `"login_ip";r=0;t=`+retry || retry == "" {
		t.Errorf("RateLimit: %s, Retry-After: %s", got, retry)
	}
	l.want(http.StatusOK, l.login("192.0.2.2", "admin", limitedPassword))
}

func TestIPv6CountsByNetwork(t *testing.T) {
	l := startLimited(t, "off,login_ip=1/1m")
	l.want(http.StatusBadRequest, l.login("2001:db8::1", "a", "wrong"))
	l.want(http.StatusTooManyRequests, l.login("2001:db8::ffff:1", "b", "wrong"))
	l.want(http.StatusBadRequest, l.login("2001:db8:0:1::1", "c", "wrong"))
}

func TestLoginsUnderOneNameAreLimitedAlikeForAll(t *testing.T) {
	l := startLimited(t, "off,login_user=2/1m,login_ip=5/1m")
	for _, name := range []string{"admin", "nobody"} {
		l.want(http.StatusBadRequest, l.login("192.0.2.1", name, "wrong"))
		l.want(http.StatusBadRequest, l.login("192.0.2.2", strings.ToUpper(name), "wrong"))
		for range 5 {
			l.want(http.StatusTooManyRequests, l.login("192.0.2.3", name, limitedPassword))
		}
	}
	l.want(http.StatusBadRequest, l.login("192.0.2.3", "another", "wrong")) // it was refused, and failed nothing
}

func TestAClientIsNotShutOutByWhoGuessesAtIt(t *testing.T) {
	l := startLimited(t, "off,token_ip=3/1m,token_client=5/1m")
	id, secret := l.client()
	for range 3 {
		l.want(http.StatusUnauthorized, l.do("192.0.2.2", "/auth/token", credentials(id, "wrong")))
	}
	for range 10 {
		l.want(http.StatusTooManyRequests, l.do("192.0.2.2", "/auth/token", credentials(id, "wrong")))
	}
	l.want(http.StatusTooManyRequests, l.do("192.0.2.2", "/auth/token", credentials(id, secret)))
	for range 5 {
		l.want(http.StatusOK, l.do("192.0.2.3", "/auth/token", credentials(id, secret)))
	}
	limited := l.do("192.0.2.3", "/auth/token", credentials(id, secret))
	l.want(http.StatusTooManyRequests, limited)
	if got := limited.Header.Get("RateLimit-Policy"); got != `"token_client";q=5;w=60` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
	other, othersSecret := l.client()
	l.want(http.StatusOK, l.do("192.0.2.3", "/auth/token", credentials(other, othersSecret)))
}

func TestGuessesAtTokensAreLimited(t *testing.T) {
	l := startLimited(t, "off,token_ip=2/1m")
	id, secret := l.client()
	form := url.Values{"client_id": {id}, "client_secret": {secret}, "token": {"guess"}}.Encode()
	for _, path := range []string{"/auth/introspect", "/auth/introspect"} {
		l.want(http.StatusOK, l.do("192.0.2.1", path, form))
	}
	l.want(http.StatusTooManyRequests, l.do("192.0.2.1", "/auth/introspect", form))
	bad := "grant_type=refresh_token&refresh_token=guess"
	for range 2 {
		l.want(http.StatusBadRequest, l.do("192.0.2.4", "/auth/token", bad))
		l.want(http.StatusUnauthorized, l.do("192.0.2.5", "/auth/revoke", "token=guess&client_secret=wrong&client_id="+id))
	}
	l.want(http.StatusTooManyRequests, l.do("192.0.2.4", "/auth/token", bad))
	l.want(http.StatusTooManyRequests, l.do("192.0.2.5", "/auth/revoke", "token=guess&client_secret=wrong&client_id="+id))
}

// TestAClientGoneAstrayIsNoTroubleToItsNeighbours: RAT-11.
func TestAClientGoneAstrayIsNoTroubleToItsNeighbours(t *testing.T) {
	l := startLimited(t, "off,token_ip=3/1m")
	made, err := l.app.parts.clients.CreateAsOperator(t.Context(), client.Draft{Name: "astray", GrantTypes: []string{"refresh_token", "client_credentials"}})
	if err != nil {
		t.Fatal(err)
	}
	id, secret := made.Client.ClientID, made.Secret.Reveal()
	for range 20 {
		l.want(http.StatusBadRequest, l.do("192.0.2.1", "/auth/token",
			url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"guess"}, "client_id": {id}, "client_secret": {secret}}.Encode()))
	}
	l.want(http.StatusOK, l.do("192.0.2.1", "/auth/token", credentials(id, secret)))
	other, othersSecret := l.client()
	l.want(http.StatusOK, l.do("192.0.2.1", "/auth/token", credentials(other, othersSecret)))
}

func TestRegistrationsOfAnAddressAreLimited(t *testing.T) {
	l := startLimited(t, "off,register_ip=2/1h")
	register := func(from, name, password string) *http.Response {
		return l.do(from, "/users/register", `{"username":"`+name+`","email":"`+name+`@example.com","password":"`+password+`"}`)
	}
	l.want(http.StatusUnprocessableEntity, register("192.0.2.1", "anna", "short"))
	l.want(http.StatusAccepted, register("192.0.2.1", "anna", limitedPassword))
	l.want(http.StatusConflict, register("192.0.2.1", "anna", limitedPassword))
	refused := register("192.0.2.1", "bert", limitedPassword)
	l.want(http.StatusTooManyRequests, refused)
	if got := refused.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
		t.Errorf("Content-Type: %s", got)
	}
	l.want(http.StatusAccepted, register("192.0.2.2", "bert", limitedPassword))
}

func TestRequestsOfAPrincipalAreLimited(t *testing.T) {
	l := startLimited(t, "off,api_user=3/1m")
	token := l.bearer()
	check := func(from string) *http.Response {
		return l.do(from, "/auth/permissions/check", `{"resource":"users","action":"read"}`, "Authorization", token)
	}
	for range 3 {
		l.want(http.StatusOK, check("192.0.2.1"))
	}
	l.want(http.StatusTooManyRequests, check("192.0.2.2"))
}

func TestLimitsChangeAtRunTime(t *testing.T) {
	l := startLimited(t, "off,login_ip=1/1m")
	bearer := l.bearer()
	l.want(http.StatusBadRequest, l.login("192.0.2.1", "a", "wrong"))
	l.want(http.StatusTooManyRequests, l.login("192.0.2.1", "a", "wrong"))
	patch := func(body string) int {
		r, err := http.NewRequest(http.MethodPatch, "http://"+l.app.Addr().String()+"/api/v1/admin/settings", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", bearer)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	if status := patch(`{"rate_limits":"off,login_ip=2/1m"}`); status != http.StatusOK {
		t.Fatalf("PATCH gives %d", status)
	}
	l.want(http.StatusBadRequest, l.login("192.0.2.1", "a", "wrong"))
	l.want(http.StatusTooManyRequests, l.login("192.0.2.1", "a", "wrong"))
	if status := patch(`{"rate_limits":"login_ip=often"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("a bad limit gives %d", status)
	}
}

// TestAnAddressOfManyIsNoVictim: people behind one address who log in at the
// same moment, more of them than may fail.
func TestAnAddressOfManyIsNoVictim(t *testing.T) {
	l := startLimited(t, "off,login_ip=4/1m")
	statuses := make(chan int, 60)
	for range cap(statuses) {
		go func() {
			form := url.Values{"grant_type": {"password"}, "username": {"admin"}, "password": {limitedPassword}}
			response, err := http.PostForm("http://"+l.app.Addr().String()+"/api/v1/auth/token", form)
			if err != nil {
				statuses <- 0
				return
			}
			_ = response.Body.Close() // only the status matters
			statuses <- response.StatusCode
		}()
	}
	for range cap(statuses) {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
}
