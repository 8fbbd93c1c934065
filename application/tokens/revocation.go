package tokens

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Revoker ends tokens (RFC 7009): durably first, then everywhere.
type Revoker struct {
	clock     outbound.Clock
	clients   ClientAuthenticator
	validator *Validator
	refresh   outbound.RefreshDirectory
	sessions  *Sessions
	uow       outbound.UnitOfWork
}

var _ inbound.Revoker = (*Revoker)(nil)

// NewRevoker makes a revoker.
func NewRevoker(clock outbound.Clock, clients ClientAuthenticator, validator *Validator, refresh outbound.RefreshDirectory, sessions *Sessions, uow outbound.UnitOfWork) *Revoker {
	return &Revoker{clock: clock, clients: clients, validator: validator, refresh: refresh, sessions: sessions, uow: uow}
}

// Revoke ends an access token alone, or a refresh token with its session.
func (r *Revoker) Revoke(ctx context.Context, credentials inbound.ClientCredentials, raw domain.Secret) error {
	asking, err := r.clients.Authenticate(ctx, credentials)
	if err != nil {
		return err
	}
	anonymous := credentials == (inbound.ClientCredentials{})
	if token.WellFormed(token.RefreshPrefix, raw.Reveal()) {
		refresh, _, err := r.refresh.ByDigest(ctx, token.DigestOf(raw))
		if err != nil {
			return unlessNotFound(err)
		}
		s := refresh.Snapshot()
		if err := r.owns(ctx, asking, s.ClientID, anonymous); err != nil {
			return err
		}
		return r.sessions.end(ctx, s.SessionID, token.EndedByRevocation, asking.Party())
	}
	claims, err := r.validator.verify(ctx, raw.Reveal())
	if err != nil {
		if domain.HasCode(err, domain.CodeInvalidToken) {
			return nil // not a token of ours: there is nothing to end (RFC 7009, section 2.2)
		}
		return err
	}
	if err := r.owns(ctx, asking, claims.ClientID, anonymous); err != nil {
		return err
	}
	return r.endAccess(ctx, claims, asking.Party())
}

// owns holds a client to its own tokens. Who names no client may end those of
// clients that prove nothing, for which the token itself suffices; a
// confidential client's token needs that client to prove itself.
func (r *Revoker) owns(ctx context.Context, asking *client.ServiceClient, owner string, anonymous bool) error {
	if asking.ClientID() == owner {
		return nil
	}
	if !anonymous {
		return domain.Invalid(domain.CodeInvalidRequest, "the token was issued to another client")
	}
	of, err := r.validator.principals.Client(ctx, owner)
	if err := unlessNotFound(err); err != nil {
		return err
	}
	if err == nil && of.IsPublic() {
		return nil
	}
	return domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "the token's client must authenticate")
}

func (r *Revoker) endAccess(ctx context.Context, claims token.AccessClaims, actor domain.Party) error {
	now := r.clock.Now()
	// The leeway may be raised before the token has expired by it.
	expires := claims.ExpiresAt.Add(maxLeeway)
	if !now.Before(expires) || r.validator.registry.Ended(claims) {
		return nil
	}
	return r.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		if err := repos.Events.Append(ctx, claims.Revoked(actor, now)); err != nil {
			return err
		}
		return repos.Signals.Append(ctx, token.Signal{Kind: token.SignalTokenRevoked, ID: claims.ID, ExpiresAt: expires})
	})
}
