package contract_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/keystone-auth/keystone/test/contract"
	"github.com/keystone-auth/keystone/test/keystonetest"
)

// asked is a request to the token endpoint, and how the right one answers.
type asked struct {
	testing.TB
	g    contract.Grant
	as   contract.Credentials
	form url.Values
}

func (a asked) right() (int, []byte) { return a.g.Token(a, a.as, a.form) }

// fresh puts a proof that nobody used in.
func (a asked) fresh() asked {
	a.form = maps.Clone(a.form)
	maps.Copy(a.form, a.g.Proof(a))
	return a
}

// endpoints answer as change says, for the refresh token grant.
func endpoints(change func() func(asked) (int, []byte)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunGrant(t, func(t *testing.T) contract.Grant {
			g := refreshing(t)
			wrong, answer := g, change()
			wrong.Token = func(t testing.TB, as contract.Credentials, form url.Values) (int, []byte) {
				return answer(asked{t, g, as, form})
			}
			return wrong
		})
	}
}

func answering(answer func(asked) (int, []byte)) func(*testing.T) {
	return endpoints(func() func(asked) (int, []byte) { return answer })
}

func refreshing(t *testing.T) contract.Grant {
	s := keystonetest.New(t, keystonetest.Set("refresh_retry_window", "0s"))
	s.NewRole(t, "read:secrets")
	may, mayNot, alice := s.NewClient(t, []string{"refresh_token", "password"}, "read:profile"), s.NewClient(t, []string{"password"}, "read:profile"), s.NewUser(t)
	endpoint := s.GrantEndpoint()
	return contract.Grant{
		Name: "refresh_token", Scope: "read:profile", Beyond: "read:secrets", Confidential: true,
		Token: func(t testing.TB, as contract.Credentials, form url.Values) (int, []byte) {
			if as == (contract.Credentials{}) { // Keystone's own serves public clients too
				as = contract.Credentials{ID: may.ID, Secret: "none"}
			}
			return endpoint(t, as, form)
		},
		Client: contract.Credentials{ID: may.ID, Secret: may.Secret}, Stranger: contract.Credentials{ID: mayNot.ID, Secret: mayNot.Secret},
		Required: []string{"refresh_token"}, Once: true,
		Proof:    func(t testing.TB) url.Values { return url.Values{"refresh_token": {may.Login(t, alice).Refresh}} },
		Wrong:    func(proof url.Values) { proof.Set("refresh_token", "ksr_"+fmt.Sprintf("%043d", 7)) },
		Sessions: func(t testing.TB) int { return s.Sessions(t, alice) },
	}
}

// instead answers a refusal with the code as it says.
func instead(code string, answer func(asked) (int, []byte)) func(*testing.T) {
	return answering(func(a asked) (int, []byte) {
		status, body := a.right()
		if status != http.StatusOK && bytes.Contains(body, []byte(code)) {
			return answer(a)
		}
		return status, body
	})
}

var wrongGrants = adapterSuite{
	right: answering(asked.right),
	wrong: []wrongAdapter{
		{"gives another type", answering(func(a asked) (int, []byte) {
			status, body := a.right()
			return status, bytes.ReplaceAll(body, []byte(`"Bearer"`), []byte(`"mac"`))
		}), "a proof gives a bearer token"},
		{"grants no scope unasked", answering(func(a asked) (int, []byte) {
			status, body := a.right()
			if !a.form.Has("scope") {
				body = bytes.ReplaceAll(body, []byte("read:profile"), nil)
			}
			return status, body
		}), "without a scope all that is held is granted"},
		{"makes up what is missing", instead("invalid_request", func(a asked) (int, []byte) {
			if a.form.Get("refresh_token") != "" {
				return a.right()
			}
			return a.fresh().right()
		}), "a missing parameter is an invalid request"},
		{"takes the first of two", answering(func(a asked) (int, []byte) {
			a.form = maps.Clone(a.form)
			for name, values := range a.form {
				a.form[name] = values[:1]
			}
			return a.right()
		}), "a parameter given twice is an invalid request"},
		{"wants no proof", answering(func(a asked) (int, []byte) {
			if strings.HasPrefix(a.form.Get("refresh_token"), "ksr_000") && a.as == a.g.Client {
				a = a.fresh()
			}
			return a.right()
		}), "what proves nothing is refused"},
		{"says another code", answering(func(a asked) (int, []byte) {
			status, body := a.right()
			return status, bytes.ReplaceAll(body, []byte("invalid_grant"), []byte("invalid_request"))
		}), "what proves nothing is refused"},
		{"repeats the proof", answering(func(a asked) (int, []byte) {
			status, body := a.right()
			if status != http.StatusOK {
				body = bytes.Replace(body, []byte("{"), []byte(`{"given":"`+a.form.Get("refresh_token")+`",`), 1)
			}
			return status, body
		}), "what proves nothing is refused"},
		{"serves every client", answering(func(a asked) (int, []byte) {
			if a.as == a.g.Stranger {
				a.as = a.g.Client
			}
			return a.right()
		}), "a client that was not given the grant is unauthorized"},
		{"takes any secret", answering(func(a asked) (int, []byte) {
			if a.as.Secret == "wrong" {
				a.as = a.g.Client
			}
			return a.right()
		}), "a client that did not prove itself is an invalid client"},
		{"wants no client", answering(func(a asked) (int, []byte) {
			if a.as == (contract.Credentials{}) {
				a.as = a.g.Client
			}
			return a.right()
		}), "without a client it is an invalid client"},
		{"passes over scopes", answering(func(a asked) (int, []byte) {
			a.form = maps.Clone(a.form)
			if strings.Contains(a.form.Get("scope"), a.g.Beyond) {
				a.form.Set("scope", a.g.Scope)
			}
			return a.right()
		}), "a scope beyond what is held is invalid"},
		{"takes what is no scope", answering(func(a asked) (int, []byte) {
			a.form = maps.Clone(a.form)
			if strings.Contains(a.form.Get("scope"), `"`) {
				a.form.Del("scope")
			}
			return a.right()
		}), "a scope that is none is invalid"},
		{"opens a session first", answering(func(a asked) (int, []byte) {
			if strings.Contains(a.form.Get("scope"), a.g.Beyond) {
				a.g.Proof(a)
			}
			return a.right()
		}), "a refusal opens no session"},
		{"spends before it looks", answering(func(a asked) (int, []byte) {
			if strings.Contains(a.form.Get("scope"), a.g.Beyond) {
				early := a
				early.form = maps.Clone(a.form)
				early.form.Del("scope")
				early.right()
			}
			return a.right()
		}), "a proof that was refused for another reason still serves"},
		{"serves one at a time", endpoints(func() func(asked) (int, []byte) {
			one := &alone{}
			return func(a asked) (int, []byte) {
				if one.enter() != nil {
					return http.StatusServiceUnavailable, nil
				}
				return a.right()
			}
		}), "20 proofs at once: all are granted"},
		{"lets a proof serve again", endpoints(func() func(asked) (int, []byte) {
			var mu sync.Mutex
			served := map[string]bool{}
			return func(a asked) (int, []byte) {
				mu.Lock()
				proof := a.form.Get("refresh_token")
				if served[proof] {
					a = a.fresh()
				}
				served[proof] = true
				mu.Unlock()
				return a.right()
			}
		}), "one proof 20 times at once: one is granted"},
	},
}
