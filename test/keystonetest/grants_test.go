package keystonetest_test

import (
	"fmt"
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

// A port that is added to the store is not forgotten here.
func TestStoreIsWhole(t *testing.T) {
	store := reflect.ValueOf(keystonetest.Store(t))
	for i := range store.NumField() {
		if store.Field(i).IsNil() {
			t.Errorf("%s is missing", store.Type().Field(i).Name)
		}
	}
}
