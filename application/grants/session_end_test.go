package grants

import (
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

// No access token outlives its session: not of a login, a rotation, or a retry
// of one. Tokens count in whole seconds, so they end up to one before it.
func TestAccessTokensEndWithTheirSession(t *testing.T) {
	const left = 5*time.Minute + 700*time.Millisecond
	until := given.Now.Add(left)
	check := func(t *testing.T, answer inbound.TokenResponse, signed token.AccessClaims) {
		t.Helper()
		if want := until.Truncate(time.Second).Sub(given.Now.Truncate(time.Second)); answer.ExpiresIn != want {
			t.Errorf("expires in %v, want %v", answer.ExpiresIn, want)
		}
		if signed.ExpiresAt.After(until) || until.Sub(signed.ExpiresAt) >= time.Second {
			t.Errorf("ends at %v, the session at %v", signed.ExpiresAt, until)
		}
	}
	t.Run("rotation", func(t *testing.T) {
		c := newChain(t, 10*time.Second)
		session := c.store.sessions[c.session]
		session.ExpiresAt = until
		c.store.sessions[c.session] = session
		for range 2 { // the second is a retry
			answer, err := c.renew(t, c.first, "")
			must(t, err)
			check(t, answer, c.codec.signed)
		}
	})
	t.Run("login", func(t *testing.T) {
		b := newBench(t)
		p := policy()
		p.SessionMaxAge = left
		b.policy = p
		answer, err := b.Token(t.Context(), inbound.TokenRequest{Client: secretly, Params: map[string]string{"grant_type": "flow", "thing": "1"}})
		must(t, err)
		check(t, answer, b.codec.signed)
	})
	t.Run("less than a second is left", func(t *testing.T) {
		c := newChain(t, 10*time.Second)
		session := c.store.sessions[c.session]
		session.ExpiresAt = given.Now.Add(10 * time.Millisecond)
		c.store.sessions[c.session] = session
		_, err := c.renew(t, c.first, "")
		wantCode(t, err, domain.CodeInvalidGrant) // of a session that was opened before sessions ended with a second
	})
}
