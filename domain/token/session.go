package token

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// EndReason tells why a session ended.
type EndReason string

// The reasons.
const (
	EndedByLogout     EndReason = "logout"
	EndedByRevocation EndReason = "revocation"
	EndedByReuse      EndReason = "refresh_token_reuse"
	EndedByAdmin      EndReason = "admin"
	EndedByPassword   EndReason = "password_change"
	EndedByClient     EndReason = "client_stopped" // deactivated or deleted
	EndedByUser       EndReason = "ended_by_user"  // from another session
	EndedByDeletion   EndReason = "account_deleted"
	EndedByDisabling  EndReason = "account_disabled"
)

// Session is one login of a user through a client. Every refresh token of a
// chain belongs to one session and dies with it; access tokens name it as sid.
type Session struct {
	domain.Events
	s SessionSnapshot
}

// SessionSnapshot is the stored form of a Session.
type SessionSnapshot struct {
	ID        domain.ID
	UserID    domain.ID
	ClientID  string
	Address   string
	UserAgent string
	CreatedAt time.Time
	ExpiresAt time.Time // no rotation outlives it
	EndedAt   time.Time // zero while it lives
	EndReason EndReason
}

// OpenSession starts a session that lives at most maxAge, of at least a second.
// It ends with a whole second, as its access tokens do: there is no moment at
// which it lives and no token of it can.
func OpenSession(id, userID domain.ID, clientID string, origin domain.Origin, now time.Time, maxAge time.Duration) *Session {
	return &Session{s: SessionSnapshot{
		ID: id, UserID: userID, ClientID: clientID, Address: origin.Address, UserAgent: origin.UserAgent,
		CreatedAt: now, ExpiresAt: now.Add(maxAge).Truncate(time.Second),
	}}
}

// RehydrateSession rebuilds a session from storage; it checks nothing.
func RehydrateSession(s SessionSnapshot) *Session { return &Session{s: s} }

// Snapshot gives the state to store.
func (s *Session) Snapshot() SessionSnapshot { return s.s }

// ID gives the session's id, the `sid`.
func (s *Session) ID() domain.ID { return s.s.ID }

// UserID gives whose session it is.
func (s *Session) UserID() domain.ID { return s.s.UserID }

// ClientID gives the client it was opened through.
func (s *Session) ClientID() string { return s.s.ClientID }

// Alive tells whether the session neither ended nor reached its maximum age.
func (s *Session) Alive(now time.Time) bool { return s.s.EndedAt.IsZero() && now.Before(s.s.ExpiresAt) }

// End ends the session; ending it twice changes nothing and returns false.
func (s *Session) End(reason EndReason, actor domain.Party, now time.Time) bool {
	if !s.s.EndedAt.IsZero() {
		return false
	}
	s.s.EndedAt, s.s.EndReason = now, reason
	s.Record(domain.Event{Type: domain.EventSessionEnded, Outcome: domain.Succeeded, Reason: string(reason), Actor: actor, Subject: s.Party(), OccurredAt: now})
	return true
}

// Party names the session in events.
func (s *Session) Party() domain.Party {
	return domain.Party{Kind: domain.PartySession, ID: s.s.ID.String()}
}

// Issue makes the first refresh token of the session's chain.
func (s *Session) Issue(id domain.ID, digest Digest, scopes scope.Set, now time.Time, ttl time.Duration) *RefreshToken {
	return &RefreshToken{s: RefreshSnapshot{
		ID: id, Digest: digest, SessionID: s.s.ID, UserID: s.s.UserID, ClientID: s.s.ClientID, Scope: scopes,
		CreatedAt: now, ExpiresAt: s.bound(now.Add(ttl)),
	}}
}

func (s *Session) bound(t time.Time) time.Time {
	if t.After(s.s.ExpiresAt) {
		return s.s.ExpiresAt
	}
	return t
}
