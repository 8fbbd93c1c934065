package grants

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

func (c *chain) setUser(t *testing.T, change func(*token.Principal)) {
	t.Helper()
	change(&c.user)
	id, err := domain.ParseID(c.user.ID)
	must(t, err)
	c.people.all[id] = c.user
}

func TestRefreshNarrows(t *testing.T) {
	c := newChain(t, 10*time.Second)
	answer, err := c.renew(t, c.first, "read:users") // implied by admin:users
	must(t, err)
	if diff := cmp.Diff(scope.NewSet(scope.ReadUsers), answer.Scope); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
	// The chain itself keeps its scope (RFC 6749, section 6).
	answer, err = c.renew(t, answer.RefreshToken, "")
	must(t, err)
	if diff := cmp.Diff(scope.NewSet(scope.ReadProfile, scope.AdminUsers), answer.Scope); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
}

func TestRefreshWiderDoesNotConsume(t *testing.T) {
	for name, change := range map[string]func(*token.Principal){
		"than the chain": func(p *token.Principal) {
			p.Scopes = scope.NewSet(scope.ReadProfile, scope.AdminUsers, scope.ReadAudit)
		},
		"than the user holds by now": func(p *token.Principal) { p.Scopes = scope.NewSet(scope.ReadProfile) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t, 10*time.Second)
			c.setUser(t, change)
			asked := map[string]string{"than the chain": "read:audit", "than the user holds by now": "read:users"}[name]
			_, err := c.renew(t, c.first, asked)
			wantCode(t, err, domain.CodeInvalidScope)
			c.wantUntouched(t)
			_, err = c.renew(t, c.first, "read:profile")
			must(t, err)
		})
	}
	t.Run("of a retry", func(t *testing.T) {
		c := newChain(t, 10*time.Second)
		answer, err := c.renew(t, c.first, "")
		must(t, err)
		c.setUser(t, func(p *token.Principal) {
			p.Scopes = scope.NewSet(scope.ReadProfile, scope.AdminUsers, scope.ReadAudit)
		})
		_, err = c.renew(t, c.first, "read:audit")
		wantCode(t, err, domain.CodeInvalidScope)
		_, err = c.renew(t, answer.RefreshToken, "")
		must(t, err)
	})
}

func TestRefreshLosesWhatTheUserLost(t *testing.T) {
	c := newChain(t, 10*time.Second)
	c.setUser(t, func(p *token.Principal) { p.Scopes = scope.NewSet(scope.ReadProfile, scope.ReadAudit) })
	answer, err := c.renew(t, c.first, "")
	must(t, err)
	if diff := cmp.Diff(scope.NewSet(scope.ReadProfile), answer.Scope); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
}

func TestRefreshRetryUnderThePreviousKey(t *testing.T) {
	c := newChain(t, 10*time.Second)
	c.master.current = "old"
	answer, err := c.renew(t, c.first, "")
	must(t, err)
	c.master.current = "new"
	again, err := c.renew(t, c.first, "")
	must(t, err)
	if !again.RefreshToken.Equal(answer.RefreshToken) {
		t.Error("the session forked as the master key changed")
	}
	if key := c.store.refresh[token.DigestOf(c.first)].SuccessorKey; key != "old" {
		t.Errorf("the successor's key is noted as %q", key)
	}
	c.master.known = []string{"new"} // gone: no retry, and nobody is punished for it
	_, err = c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInternal)
	if c.punished(t) {
		t.Error("a client was punished for our missing key")
	}
}

func TestRefreshRetryOfAnInactiveUser(t *testing.T) {
	c := newChain(t, 10*time.Second)
	_, err := c.renew(t, c.first, "")
	must(t, err)
	c.codec.signed = token.AccessClaims{}
	c.setUser(t, func(p *token.Principal) { p.Active = false })
	_, err = c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInvalidGrant)
	if c.punished(t) || c.codec.signed.ID != "" {
		t.Error("punished, or signed for a disabled user")
	}
}

// not_found is no answer of a token endpoint (RFC 6749, section 5.2).
func TestRefreshOfADeletedUser(t *testing.T) {
	for _, asked := range []string{"", "read:profile"} {
		c := newChain(t, 10*time.Second)
		clear(c.people.all)
		_, err := c.renew(t, c.first, asked)
		wantCode(t, err, domain.CodeInvalidGrant)
	}
}

func TestRefreshOfADeletedSession(t *testing.T) {
	c := newChain(t, 10*time.Second)
	clear(c.store.sessions)
	_, err := c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInvalidGrant)
}

func TestRefreshStoreAway(t *testing.T) {
	for _, asked := range []string{"", "read:profile"} {
		c := newChain(t, 10*time.Second)
		c.store.fail = unavailable()
		_, err := c.renew(t, c.first, asked)
		wantCode(t, err, domain.CodeUnavailable)
		c.store.fail = nil
		c.wantUntouched(t)
		_, err = c.renew(t, c.first, asked)
		must(t, err)
	}
}

// A failure after the token was spent costs nothing: the retry has the answer.
func TestRefreshSigningFails(t *testing.T) {
	c := newChain(t, 10*time.Second)
	c.codec.fail = domain.Internal(nil)
	_, err := c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInternal)
	c.codec.fail = nil
	answer, err := c.renew(t, c.first, "")
	must(t, err)
	_, err = c.renew(t, answer.RefreshToken, "")
	must(t, err)
}

// verifier is a function field.
type verifier func(identifier string, password domain.Secret) (users.Login, error)

func (v verifier) VerifyPassword(_ context.Context, identifier string, password domain.Secret) (users.Login, error) {
	return v(identifier, password)
}

func TestPasswordProves(t *testing.T) {
	id := given.ID()
	known := &people{all: map[domain.ID]token.Principal{id: {Kind: domain.PartyUser, ID: id.String(), Active: true}}}
	principals := tokens.NewPrincipals(known, nil, uncached[token.Principal]{}, uncached[*client.ServiceClient]{})
	recorded := false
	g := NewPassword(verifier(func(identifier string, password domain.Secret) (users.Login, error) {
		if identifier != "ada" || password.Reveal() != " right " {
			return users.Login{}, refuse("wrong")
		}
		return users.Login{UserID: id, Record: func(context.Context, outbound.Repositories) error { recorded = true; return nil }}, nil
	}), principals)
	prove := func(name, password string) (Proof, error) {
		return g.Prove(t.Context(), Request{Params: map[string]string{"username": name, "password": password}})
	}
	proof, err := prove("ada", " right ")
	must(t, err)
	must(t, proof.Spend(t.Context(), outbound.Repositories{}))
	if proof.Subject.ID != id.String() || !recorded {
		t.Errorf("subject %+v, login recorded %v", proof.Subject, recorded)
	}
	_, err = prove("ada", "right")
	wantCode(t, err, domain.CodeInvalidGrant)
	if diff := cmp.Diff([]string{"username", "password"}, g.Rules().Required); diff != "" || g.Rules().Confidential || g.Name() != "password" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	clear(known.all) // deleted meanwhile
	_, err = prove("ada", " right ")
	wantCode(t, err, domain.CodeInvalidGrant)
	known.fail = unavailable()
	_, err = prove("ada", " right ")
	wantCode(t, err, domain.CodeUnavailable)
}
