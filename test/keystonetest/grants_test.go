package keystonetest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"github.com/keystone-auth/keystone/test/contract"
	"github.com/keystone-auth/keystone/test/keystonetest"
)

// Each grant of Keystone's own keeps what is published of every grant.
func TestGrantsKeepTheContract(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) contract.Grant{
		"client_credentials": clientCredentials, "password": password, "refresh_token": refreshToken,
		"token exchange": tokenExchange, "device code": deviceCode, "JWT bearer": jwtBearer,
	} {
		t.Run(name, func(t *testing.T) { contract.RunGrant(t, open) })
	}
}

// common is a grant with two clients that hold read:profile and know of
// read:secrets.
func common(t *testing.T, s *keystonetest.Server, name string, grants ...string) (contract.Grant, *keystonetest.Client) {
	t.Helper()
	s.NewRole(t, "read:secrets")
	may := s.NewClient(t, append(grants, name), "read:profile")
	other := "password"
	if name == other {
		other = "client_credentials"
	}
	mayNot := s.NewClient(t, []string{other}, "read:profile")
	return contract.Grant{
		Name: name, Token: s.GrantEndpoint(), Scope: "read:profile", Beyond: "read:secrets",
		Client: contract.Credentials{ID: may.ID, Secret: may.Secret}, Stranger: contract.Credentials{ID: mayNot.ID, Secret: mayNot.Secret},
		Sessions: func(testing.TB) int { return 0 },
	}, may
}

func clientCredentials(t *testing.T) contract.Grant {
	g, _ := common(t, keystonetest.New(t), "client_credentials")
	g.Confidential = true
	g.Proof = func(testing.TB) url.Values { return url.Values{} } // the client is all there is to prove
	return g
}

func password(t *testing.T) contract.Grant {
	s := keystonetest.New(t, keystonetest.Set("lockout_attempts", "0"))
	g, _ := common(t, s, "password", "refresh_token")
	alice := s.NewUser(t)
	g.Required = []string{"username", "password"}
	g.Proof = func(testing.TB) url.Values {
		return url.Values{"username": {alice.Username}, "password": {alice.Password}}
	}
	g.Wrong = func(proof url.Values) { proof.Set("password", "not "+alice.Password) }
	g.Sessions = func(t testing.TB) int { return s.Sessions(t, alice) }
	return g
}

func refreshToken(t *testing.T) contract.Grant {
	s := keystonetest.New(t, keystonetest.Set("refresh_retry_window", "0s"))
	g, client := common(t, s, "refresh_token", "password")
	alice := s.NewUser(t)
	g.Required, g.Once = []string{"refresh_token"}, true
	g.Proof = func(t testing.TB) url.Values {
		return url.Values{"refresh_token": {client.Login(t, alice).Refresh}}
	}
	g.Wrong = func(proof url.Values) { proof.Set("refresh_token", "ksr_"+fmt.Sprintf("%043d", 7)) }
	g.Sessions = func(t testing.TB) int { return s.Sessions(t, alice) }
	return g
}

func tokenExchange(t *testing.T) contract.Grant {
	s := keystonetest.New(t)
	g, client := common(t, s, "urn:ietf:params:oauth:grant-type:token-exchange", "password")
	alice := s.NewUser(t)
	g.Confidential, g.Required = true, []string{"subject_token", "subject_token_type"}
	g.Proof = func(t testing.TB) url.Values {
		return url.Values{"subject_token": {client.Login(t, alice).Access}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}}
	}
	g.Wrong = func(proof url.Values) { proof.Set("subject_token", "e30.e30.nobody-signed-it") }
	g.WrongCode = "invalid_request" // RFC 8693, section 2.2.2
	g.Sessions = func(t testing.TB) int { return s.Sessions(t, alice) }
	return g
}

// deviceCode is of a public client, as televisions are.
func deviceCode(t *testing.T) contract.Grant {
	s := keystonetest.New(t)
	const name = "urn:ietf:params:oauth:grant-type:device_code"
	g, _ := common(t, s, name)
	television, alice := s.NewPublicClient(t, []string{name}, "read:profile"), s.NewUser(t)
	login := alice.Login(t)
	g.Client = contract.Credentials{ID: television.ID}
	g.Required, g.Once = []string{"device_code"}, true
	g.Proof = func(t testing.TB) url.Values {
		device, user := s.DeviceCodes(t, television)
		answer := s.Do(t, http.MethodPost, "/api/v1/users/me/devices/"+user+"/approve", login.Access, map[string]string{"current_password": alice.Password})
		if answer.Status != http.StatusNoContent {
			t.Fatalf("not let in: %d %s", answer.Status, answer.Body)
		}
		return url.Values{"device_code": {device}}
	}
	g.Wrong = func(proof url.Values) { proof.Set("device_code", "ksd_"+fmt.Sprintf("%043d", 7)) }
	g.Sessions = func(t testing.TB) int { return s.Sessions(t, alice) }
	return g
}

// jwtBearer is for a user, by a client whose key also proves itself.
func jwtBearer(t *testing.T) contract.Grant {
	s := keystonetest.New(t)
	const name = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	g, _ := common(t, s, name)
	support, alice := s.NewKeyClient(t, []string{name}, "read:profile", "write:profile", "impersonate:users"), s.NewUser(t)
	g.Confidential, g.Client = true, contract.Credentials{ID: support.ID, Secret: "by its key"}
	asked := g.Token
	g.Token = func(t testing.TB, as contract.Credentials, form url.Values) (int, []byte) {
		if as != g.Client {
			return asked(t, as, form)
		}
		answer := s.Token(t, support, form)
		return answer.Status, answer.Body
	}
	g.Required, g.Once = []string{"assertion"}, true
	g.Proof = func(t testing.TB) url.Values { return url.Values{"assertion": {support.Assertion(t, alice.ID)}} }
	g.Wrong = func(proof url.Values) {
		proof.Set("assertion", proof.Get("assertion")[:len(proof.Get("assertion"))-8]+"AAAAAAAA")
	}
	g.Sessions = func(t testing.TB) int { return s.Sessions(t, alice) }
	return g
}

// A port that is added to the store is not forgotten here.
func TestStoreIsWhole(t *testing.T) {
	store := reflect.ValueOf(keystonetest.Store(t))
	for i := range store.NumField() {
		if store.Field(i).IsNil() {
			t.Errorf("%s is missing", store.Type().Field(i).Name)
		}
	}
}
