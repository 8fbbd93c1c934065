package clients

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

func TestPrivateKeyJWT(t *testing.T) {
	forUser, ofOther := asserted("2"), asserted("3")
	forUser.Subject = "somebody"
	ofOther.Issuer, ofOther.Subject = "d", "d"
	assertions, tickets := newAssertions(map[string]token.Assertion{"good": asserted("1"), "for a user": forUser, "of another": ofOther})
	known := map[string]*client.ServiceClient{
		"c": withKeys("c"), "d": withKeys("d"),
		"secret":   client.Rehydrate(client.Snapshot{ClientID: "c", IsActive: true, Keys: "keys of c", SecretHash: "h"}),
		"inactive": client.Rehydrate(client.Snapshot{ClientID: "c", AuthMethod: "private_key_jwt", Keys: "keys of c"}),
	}
	a := authenticatorOf(t, source(func(id string) (*client.ServiceClient, error) {
		if c, ok := known[id]; ok {
			return c, nil
		}
		return nil, domain.NotFound("no such client")
	}), func(string, time.Time) {}, NewPrivateKeyJWT(assertions))
	by := func(id, raw string) inbound.ClientCredentials {
		return inbound.ClientCredentials{Method: AuthPrivateKeyJWT, ID: id, Secret: domain.NewSecret(raw)}
	}
	for name, who := range map[string]inbound.ClientCredentials{
		"no assertion":               by("c", "rubbish"),
		"no assertion of anybody":    by("", "rubbish"),
		"for a user":                 by("c", "for a user"),
		"named for another":          by("d", "good"),
		"of another, for this":       by("c", "of another"),
		"registered for its secret":  by("secret", "good"),
		"inactive":                   by("inactive", "good"),
		"unknown":                    by("unknown", "good"),
		"the assertion for a secret": {Method: inbound.AuthPost, ID: "c", Secret: domain.NewSecret("good")},
		"the client without a proof": {Method: inbound.AuthNone, ID: "c"},
	} {
		if found, err := a.Authenticate(t.Context(), who); found != nil || !domain.HasCode(err, domain.CodeInvalidClient) || err.Error() != InvalidClient().Error() {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if len(tickets.used) != 0 {
		t.Errorf("%d refused assertions are used up", len(tickets.used))
	}
	for id, raw := range map[string]string{"": "good", "d": "of another"} {
		if found, err := a.Authenticate(t.Context(), by(id, raw)); err != nil || found.ClientID() == "" {
			t.Errorf("%s: %v, %v", raw, found, err)
		}
		if _, err := a.Authenticate(t.Context(), by(id, raw)); !domain.HasCode(err, domain.CodeInvalidClient) {
			t.Errorf("%s again: %v", raw, err)
		}
	}
	described := a.ClientAuthentications()[3]
	if described.Method != AuthPrivateKeyJWT || !described.NamesClient || len(described.Algorithms) == 0 {
		t.Errorf("described as %+v", described)
	}
}

// Twenty requests with one assertion: one winner.
func TestPrivateKeyJWTIsNotReplayed(t *testing.T) {
	assertions, tickets := newAssertions(map[string]token.Assertion{"good": asserted("1")})
	a := authenticatorOf(t, source(func(string) (*client.ServiceClient, error) { return withKeys("c"), nil }), func(string, time.Time) {}, NewPrivateKeyJWT(assertions))
	who := inbound.ClientCredentials{Method: AuthPrivateKeyJWT, Secret: domain.NewSecret("good")}
	var won atomic.Int32
	var race sync.WaitGroup
	for range 20 {
		race.Go(func() {
			if _, err := a.Authenticate(t.Context(), who); err == nil {
				won.Add(1)
			} else if !domain.HasCode(err, domain.CodeInvalidClient) {
				t.Error(err)
			}
		})
	}
	race.Wait()
	if won.Load() != 1 {
		t.Errorf("%d winners, want 1", won.Load())
	}
	tickets.fail = unavailable()
	if _, err := a.Authenticate(context.Background(), who); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("a store that is away: %v", err)
	}
}

var _ outbound.UnitOfWork = (*box)(nil)
