package tokens

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// maxBearer bounds what is looked at as a token, in bytes; no token of ours is
// near it.
const maxBearer = 16 << 10

// Fingerprint is the SHA-256 of a token: what its signature result is kept under.
type Fingerprint = [sha256.Size]byte

// copies hold tokens while they are hashed; a new one for each would be most of
// what a validation allocates.
var copies = sync.Pool{New: func() any { return new([]byte) }}

func fingerprintOf(bearer string) Fingerprint {
	c := copies.Get().(*[]byte)
	*c = append((*c)[:0], bearer...)
	sum := sha256.Sum256(*c)
	clear(*c)
	copies.Put(c)
	return sum
}

// Validator verifies access tokens as the API's own resource server
// (RFC 9068, section 4), and then asks who the principal is now.
type Validator struct {
	policy     Policies
	clock      outbound.Clock
	codec      outbound.TokenCodec
	ring       *KeyRing
	registry   *Registry
	feed       *Feed
	principals *Principals
	verified   outbound.Cache[Fingerprint, Kept]
}

var _ inbound.Authenticator = (*Validator)(nil)

// NewValidator makes a validator; verified keeps the claims of tokens whose
// signature, issuer and audience were found good.
func NewValidator(p Policies, clock outbound.Clock, codec outbound.TokenCodec, ring *KeyRing, registry *Registry, feed *Feed,
	principals *Principals, verified outbound.Cache[Fingerprint, Kept]) *Validator {
	return &Validator{policy: p, clock: clock, codec: codec, ring: ring, registry: registry, feed: feed, principals: principals, verified: verified}
}

// Authenticate verifies a bearer token and finds its principal.
func (v *Validator) Authenticate(ctx context.Context, bearer string) (inbound.Caller, error) {
	claims, err := v.verify(ctx, bearer)
	if err != nil {
		return inbound.Caller{}, err
	}
	if err := claims.CheckTimes(v.clock.Now(), v.policy.Current().Leeway); err != nil {
		return inbound.Caller{}, err
	}
	if v.registry.Ended(claims) {
		return inbound.Caller{}, token.InvalidToken("the token was revoked")
	}
	if !v.policy.Current().FailOpen && !v.feed.Known() {
		return inbound.Caller{}, unknownState()
	}
	return v.caller(ctx, claims)
}

// verify gives the claims of a token that this installation signed for itself.
func (v *Validator) verify(ctx context.Context, bearer string) (token.AccessClaims, error) {
	if len(bearer) > maxBearer {
		return token.AccessClaims{}, token.InvalidToken("the token is too long")
	}
	fingerprint := fingerprintOf(bearer)
	if kept, known := v.verified.Get(fingerprint); known {
		claims := kept.claims()
		// A kept result is only as good as its key is still trusted.
		if _, trusted := v.ring.find(claims.KeyID); !trusted {
			return token.AccessClaims{}, token.InvalidToken("the token's key is no longer trusted")
		}
		return claims, nil
	}
	kept, err := v.verified.Load(ctx, fingerprint, func(context.Context, Fingerprint) (Kept, error) {
		claims, err := v.codec.Verify(bearer, v.ring.find)
		switch {
		case err != nil:
			return Kept{}, err
		case claims.Issuer != v.policy.Current().Issuer:
			return Kept{}, token.InvalidToken("the token is of another issuer")
		case !slices.Contains(claims.Audience, v.policy.Current().Issuer):
			return Kept{}, token.InvalidToken("the token is for another audience")
		}
		return keep(claims), nil
	})
	if err != nil {
		return token.AccessClaims{}, err
	}
	return kept.claims(), nil
}

// caller joins the claims with who stands behind them now: disabled users and
// clients are refused, and scopes lost since are gone from the token too.
func (v *Validator) caller(ctx context.Context, claims token.AccessClaims) (inbound.Caller, error) {
	gone := func(err error) (inbound.Caller, error) {
		if err != nil && domain.AsError(err).Kind != domain.KindNotFound {
			return inbound.Caller{}, err
		}
		return inbound.Caller{}, token.InvalidToken("the token's subject or client is not active")
	}
	client, err := v.principals.Client(ctx, claims.ClientID)
	if err != nil || !client.IsActive() {
		return gone(err)
	}
	caller := inbound.Caller{Claims: claims}
	switch {
	case claims.IsUser():
		caller.Principal, err = v.principals.User(ctx, claims.Subject)
	case claims.Subject == claims.ClientID:
		caller.Principal = OfClient(client)
	case len(claims.Sources) > 0: // made from another client's token
		subject, absent := v.principals.Client(ctx, claims.Subject)
		if absent != nil {
			return gone(absent)
		}
		caller.Principal = OfClient(subject)
	}
	if err != nil || !caller.Principal.Active {
		return gone(err)
	}
	for _, id := range claims.Impersonators {
		by, err := v.principals.Client(ctx, id)
		if err != nil {
			return gone(err)
		}
		if MayImpersonate(by, caller.Principal) != nil {
			return inbound.Caller{}, token.InvalidToken("the token's client may no longer act for its subject")
		}
	}
	caller.Scopes = claims.Scope.Limit(caller.Principal.Scopes)
	if claims.IsUser() || claims.Subject != claims.ClientID {
		caller.Scopes = client.Ceiling(caller.Scopes)
	}
	for _, source := range claims.Sources {
		through, err := v.principals.Client(ctx, source.ClientID)
		if err != nil || !through.IsActive() {
			return gone(err)
		}
		caller.Scopes = through.Ceiling(caller.Scopes) // what the source lost since is lost here too
	}
	return caller, nil
}
