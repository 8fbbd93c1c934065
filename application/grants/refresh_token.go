package grants

import (
	"context"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// derivePurpose keeps the derivation of successors apart from all else that
// the master key derives.
const derivePurpose = "refresh-successor"

// RefreshToken continues a session (RFC 6749, section 6) with rotation and
// reuse detection (RFC 9700, section 4.14.2; contract 3.3). The successor is
// derived from the presented token, so a client that did not get its answer
// asks again and gets the very same.
type RefreshToken struct {
	policy     tokens.Policies
	clock      outbound.Clock
	random     outbound.Random
	master     outbound.MasterKey
	uow        outbound.UnitOfWork
	spender    outbound.RefreshSpender
	directory  outbound.RefreshDirectory
	principals *tokens.Principals
	sessions   *tokens.Sessions
}

// NewRefreshToken makes the grant.
func NewRefreshToken(p tokens.Policies, clock outbound.Clock, random outbound.Random, master outbound.MasterKey, uow outbound.UnitOfWork,
	spender outbound.RefreshSpender, directory outbound.RefreshDirectory, principals *tokens.Principals, sessions *tokens.Sessions) *RefreshToken {
	return &RefreshToken{policy: p, clock: clock, random: random, master: master, uow: uow, spender: spender, directory: directory, principals: principals, sessions: sessions}
}

// Name is the registered grant type.
func (*RefreshToken) Name() string { return refreshGrant }

// Rules demand the token.
func (*RefreshToken) Rules() Rules { return Rules{Required: []string{"refresh_token"}} }

// Prove holds the token to its form, and a narrower scope to what the chain
// was granted; whether it can be spent is decided as it is spent.
func (g *RefreshToken) Prove(ctx context.Context, r Request) (Proof, error) {
	presented := domain.NewSecret(r.Params["refresh_token"])
	if !token.WellFormed(token.RefreshPrefix, presented.Reveal()) {
		return Proof{}, deadToken()
	}
	if len(r.Scope) > 0 {
		if err := g.checkScope(ctx, token.DigestOf(presented), r); err != nil {
			return Proof{}, err
		}
	}
	return Proof{Renew: func(ctx context.Context) (Renewal, error) {
		return g.renew(ctx, presented, r.Client.ClientID())
	}}, nil
}

// checkScope refuses a wider scope before the token is spent. What can't be
// spent is not asked about its scope: it is judged, so that a stolen token is
// punished whatever scope it is presented with.
func (g *RefreshToken) checkScope(ctx context.Context, digest token.Digest, r Request) error {
	refresh, session, err := g.directory.ByDigest(ctx, digest)
	switch {
	case err != nil && domain.AsError(err).Kind != domain.KindNotFound:
		return err
	case err != nil || refresh.Snapshot().ClientID != r.Client.ClientID():
		return deadToken()
	case !refresh.Spendable(session, g.clock.Now()):
		return nil
	case !refresh.Snapshot().Scope.CoversAll(r.Scope):
		return invalidScope()
	}
	subject, err := g.principals.User(ctx, refresh.Snapshot().UserID.String())
	if err != nil {
		return orGone(err)
	}
	if !subject.Scopes.CoversAll(r.Scope) {
		return invalidScope()
	}
	return nil
}

func (g *RefreshToken) renew(ctx context.Context, presented domain.Secret, clientID string) (Renewal, error) {
	now := g.clock.Now()
	next, successor, err := g.derive(g.master.ID(), presented)
	if err != nil {
		return Renewal{}, err
	}
	successor.ID = g.random.NewID(now)
	spent, err := g.spender.Spend(ctx, outbound.Spending{
		Presented: token.DigestOf(presented), ClientID: clientID, Successor: successor, Now: now, TTL: g.policy.Current().RefreshTTL,
	})
	if domain.HasCode(err, domain.CodeNotSpendable) {
		return g.judge(ctx, presented, clientID)
	}
	if err != nil {
		return Renewal{}, err
	}
	return g.renewal(ctx, spent, next)
}

func (g *RefreshToken) renewal(ctx context.Context, spent outbound.Spent, next domain.Secret) (Renewal, error) {
	subject, err := g.principals.User(ctx, spent.UserID.String())
	if err != nil {
		return Renewal{}, orGone(err)
	}
	return Renewal{Subject: subject, SessionID: spent.SessionID, SessionEnds: spent.SessionEnds, Granted: spent.Scope, RefreshToken: next}, nil
}

// derive gives the successor of a presented token under the named key.
func (g *RefreshToken) derive(keyID string, presented domain.Secret) (domain.Secret, token.Successor, error) {
	entropy, err := g.master.Derive(keyID, derivePurpose, []byte(presented.Reveal()))
	if err != nil {
		return domain.Secret{}, token.Successor{}, err
	}
	next := token.NewOpaque(token.RefreshPrefix, entropy)
	return next, token.Successor{Digest: token.DigestOf(next), Key: keyID}, nil
}

// judge decides about a token that could not be spent, in a unit of work whose
// punishment is kept although the caller is refused.
func (g *RefreshToken) judge(ctx context.Context, presented domain.Secret, clientID string) (Renewal, error) {
	digest := token.DigestOf(presented)
	found, _, err := g.directory.ByDigest(ctx, digest)
	switch {
	case err != nil && domain.AsError(err).Kind != domain.KindNotFound:
		return Renewal{}, err
	case err != nil || found.Snapshot().ClientID != clientID:
		return Renewal{}, deadToken() // a stranger can't kill the chain either
	}
	var next domain.Secret
	var spent outbound.Spent
	err = g.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		// The session first, as everyone who ends one does, so that nobody waits in a circle.
		session, err := r.Sessions.Get(ctx, found.Snapshot().SessionID)
		if err != nil {
			return err
		}
		refresh, err := r.RefreshTokens.Get(ctx, digest)
		if err != nil {
			return err
		}
		now, chain := g.clock.Now(), refresh.Snapshot()
		spent = outbound.Spent{SessionID: session.ID(), SessionEnds: session.Snapshot().ExpiresAt, UserID: chain.UserID, Scope: chain.Scope}
		var following *token.RefreshToken
		if chain.IsUsed && now.Before(chain.UsedAt.Add(g.policy.Current().RetryWindow)) {
			if next, following, err = g.following(ctx, r, presented, chain.SuccessorKey); err != nil {
				return err
			}
		}
		switch refresh.Judge(session, following, now, g.policy.Current().RetryWindow) {
		case token.Retry:
			return nil
		case token.Stolen:
			if err := r.Events.Append(ctx, refresh.ReuseDetected(now)); err != nil {
				return err
			}
			if err := g.sessions.End(ctx, r, session, token.EndedByReuse, domain.System); err != nil {
				return err
			}
			return domain.Refuse(deadToken())
		}
		return deadToken()
	})
	if domain.HasCode(err, domain.CodeNotFound) {
		return Renewal{}, deadToken() // gone meanwhile
	}
	if err != nil {
		return Renewal{}, err
	}
	renewal, err := g.renewal(ctx, spent, next)
	if err == nil && !renewal.Subject.Active {
		return Renewal{}, deadToken()
	}
	return renewal, err
}

// following finds the next link of the chain, nil where there is none.
func (g *RefreshToken) following(ctx context.Context, r outbound.Repositories, presented domain.Secret, keyID string) (domain.Secret, *token.RefreshToken, error) {
	next, successor, err := g.derive(keyID, presented)
	if err != nil {
		return domain.Secret{}, nil, err
	}
	following, err := r.RefreshTokens.Get(ctx, successor.Digest)
	if err != nil && domain.AsError(err).Kind != domain.KindNotFound {
		return domain.Secret{}, nil, err
	}
	return next, following, nil
}

func deadToken() error { return refuse("the refresh token is not valid") }
