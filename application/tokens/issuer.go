package tokens

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Issuer signs access tokens.
type Issuer struct {
	policy   Policies
	audience []string
	clock    outbound.Clock
	random   outbound.Random
	codec    outbound.TokenCodec
	ring     *KeyRing
}

// NewIssuer makes an issuer over the ring.
func NewIssuer(p Policies, clock outbound.Clock, random outbound.Random, codec outbound.TokenCodec, ring *KeyRing) *Issuer {
	return &Issuer{policy: p, audience: p.Current().audience(), clock: clock, random: random, codec: codec, ring: ring}
}

// Grant is what an access token is to say.
type Grant struct {
	Principal token.Principal
	ClientID  string
	SessionID domain.ID // NoID for a client's own
	Scope     scope.Set
	Lifetime  time.Duration
	Terms
}

// Terms are what an access token says that most do not.
type Terms struct {
	Audience []string      // beside the issuer; nil: the installation's
	Actors   []token.Actor // who acts for the principal, the latest first
	MayAct   string        // who alone may act for it
	Sources  []token.Source
	Until    time.Time // the latest expiry, in whole seconds; zero: no bound

	Impersonators []string // the clients whose right to impersonate it rests on
}

// Issue signs an access token (RFC 9068).
func (i *Issuer) Issue(ctx context.Context, g Grant) (domain.Secret, error) {
	key, err := i.ring.active()
	if err != nil {
		return domain.Secret{}, err
	}
	now := i.clock.Now()
	issued := now.Truncate(time.Second)
	claims := token.AccessClaims{
		Issuer: i.policy.Current().Issuer, Subject: g.Principal.ID, Audience: i.audience, IssuedAt: issued, ExpiresAt: issued.Add(g.Lifetime),
		ID: i.random.NewID(now).String(), ClientID: g.ClientID, Scope: g.Scope,
	}
	if g.Audience != nil {
		claims.Audience = Policy{Issuer: claims.Issuer, Audience: g.Audience}.audience()
	}
	if !g.Until.IsZero() && claims.ExpiresAt.After(g.Until) {
		claims.ExpiresAt = g.Until
	}
	claims.Actors, claims.MayAct, claims.Sources, claims.Impersonators = g.Actors, g.MayAct, g.Sources, g.Impersonators
	if g.SessionID != domain.NoID {
		claims.Username, claims.Roles, claims.SessionID = g.Principal.Name, g.Principal.Roles, g.SessionID.String()
	}
	raw, err := i.codec.Sign(ctx, key, claims)
	if err != nil {
		return domain.Secret{}, err
	}
	return domain.NewSecret(raw), nil
}
