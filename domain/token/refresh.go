package token

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// RefreshToken is one link of a session's chain. It works once; its successor
// takes its place.
//
//	fresh --Spend--> used --(again, in the window, successor fresh)--> same successor
//	                  └----(again, otherwise)-----------------------> theft: the session ends
type RefreshToken struct {
	s RefreshSnapshot
}

// RefreshSnapshot is the stored form of a RefreshToken.
type RefreshSnapshot struct {
	ID        domain.ID
	Digest    Digest // the `jti` column: the hash under which it is found
	SessionID domain.ID
	UserID    domain.ID
	ClientID  string
	Scope     scope.Set // what the chain was granted; a refresh narrows access tokens, never the chain (RFC 6749, section 6)
	ExpiresAt time.Time
	IsRevoked bool
	IsUsed    bool
	CreatedAt time.Time
	UsedAt    time.Time
	// SuccessorKey is the id of the key that the successor was derived with;
	// empty until used.
	SuccessorKey string
}

// RehydrateRefresh rebuilds a token from storage; it checks nothing.
func RehydrateRefresh(s RefreshSnapshot) *RefreshToken { return &RefreshToken{s: s} }

// Snapshot gives the state to store.
func (t *RefreshToken) Snapshot() RefreshSnapshot { return t.s }

// Spendable tells whether the token can be exchanged for its successor now.
// The RefreshTokens.Spend statement is this rule in SQL.
func (t *RefreshToken) Spendable(session *Session, now time.Time) bool {
	return !t.s.IsUsed && !t.s.IsRevoked && now.Before(t.s.ExpiresAt) && session.Alive(now)
}

// Spend exchanges the token for its successor, once. Fails with not_spendable.
func (t *RefreshToken) Spend(session *Session, successor Successor, now time.Time, ttl time.Duration) (*RefreshToken, error) {
	if !t.Spendable(session, now) {
		return nil, NotSpendable()
	}
	t.s.IsUsed, t.s.UsedAt, t.s.SuccessorKey = true, now, successor.Key
	return session.Issue(successor.ID, successor.Digest, t.s.Scope, now, ttl), nil
}

// Successor is what the next link of a chain is made from: derived from the
// presented token, so that asking twice gives the very same.
type Successor struct {
	ID     domain.ID
	Digest Digest
	Key    string // id of the deriving key
}

// NotSpendable says that a refresh token did not pass Spendable; nothing was
// changed.
func NotSpendable() error {
	return domain.Conflict(domain.CodeNotSpendable, "the refresh token can't be spent")
}

// Verdict is what presenting a token that is not spendable means.
type Verdict uint8

// The verdicts.
const (
	Dead   Verdict = iota // expired, revoked, or its session is over: refuse, punish nobody
	Retry                 // a client that did not get its answer: the same successor again
	Stolen                // used twice: end the session
)

// Judge decides about a presented token that could not be spent. successor is
// the next link of the chain, nil where there is none.
func (t *RefreshToken) Judge(session *Session, successor *RefreshToken, now time.Time, window time.Duration) Verdict {
	switch {
	case !session.Alive(now) || t.s.IsRevoked:
		return Dead
	case !t.s.IsUsed:
		return Dead // expired, unused
	case window <= 0 || !now.Before(t.s.UsedAt.Add(window)) || successor == nil || successor.s.IsUsed || successor.s.IsRevoked:
		return Stolen
	case !now.Before(t.s.ExpiresAt):
		return Dead // an innocent retry that came too late for the token itself
	}
	return Retry
}

// ReuseDetected is the security event of a stolen token.
func (t *RefreshToken) ReuseDetected(now time.Time) domain.Event {
	return domain.Event{
		Type: domain.EventTokenReused, Outcome: domain.Failed, Reason: string(EndedByReuse),
		Actor:      domain.Party{Kind: domain.PartyClient, ID: t.s.ClientID},
		Subject:    domain.Party{Kind: domain.PartyUser, ID: t.s.UserID.String()},
		OccurredAt: now,
	}
}
