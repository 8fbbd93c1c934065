package token

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// SignalKind tells what every instance must learn of.
type SignalKind string

// The signals. The first four end tokens that are already out; the rest drop
// what instances keep in memory.
const (
	SignalTokenRevoked     SignalKind = "token"     // ID: jti
	SignalSessionEnded     SignalKind = "session"   // ID: sid
	SignalUserRevoked      SignalKind = "user"      // ID: user id; tokens issued up to Before
	SignalClientRevoked    SignalKind = "client"    // ID: client_id; tokens issued up to Before
	SignalPrincipalChanged SignalKind = "principal" // ID: user id or client_id
	SignalRolesChanged     SignalKind = "roles"     // every user's effective scopes may differ
	SignalKeysChanged      SignalKind = "keys"      // the signing keys were rotated
	SignalSettingsChanged  SignalKind = "settings"  // ID: their version
	SignalUserSaved        SignalKind = "saved"     // ID: user id; something of the account is another, be it the last login
)

// Signal is one fact that must reach every instance within a second. It is
// stored in the transaction that caused it, pushed after the commit, and read
// back from the store by every instance, so that a lost push delays but never
// loses it.
type Signal struct {
	Kind      SignalKind `json:"kind"`
	ID        string     `json:"id"`
	Before    time.Time  `json:"before,omitzero"` // user and client: later tokens stay good
	ExpiresAt time.Time  `json:"expires_at"`      // when every token it could end is dead anyway
}

// changeKept is how long a change is told; what instances keep in memory does
// not live as long.
const changeKept = time.Hour

// Changed is the signal of a change that drops what instances keep of it.
func Changed(kind SignalKind, id string, now time.Time) Signal {
	return Signal{Kind: kind, ID: id, ExpiresAt: now.Add(changeKept)}
}

// SavedKept is how long the save of a user is told, and so how long an instance
// may keep what it read of one. Every login is a save, so it is short.
const SavedKept = time.Minute

// Saved is the signal of a user that was stored anew.
func Saved(id domain.ID, now time.Time) Signal {
	return Signal{Kind: SignalUserSaved, ID: id.String(), ExpiresAt: now.Add(SavedKept)}
}

// Ends tells whether the signal ends the token. issuedAt is the millisecond of
// issue that the token's jti tells.
func (s Signal) Ends(c AccessClaims, issuedAt time.Time) bool {
	switch s.Kind {
	case SignalTokenRevoked:
		return s.ID == c.ID
	case SignalSessionEnded:
		return c.IsUser() && s.ID == c.SessionID
	case SignalUserRevoked:
		return c.IsUser() && s.ID == c.Subject && !issuedAt.After(s.Before)
	case SignalClientRevoked:
		return s.ID == c.ClientID && !issuedAt.After(s.Before)
	}
	return false
}

// Revoked is the event of one revoked access token.
func (c AccessClaims) Revoked(actor domain.Party, now time.Time) domain.Event {
	return domain.Event{
		Type: domain.EventTokenRevoked, Outcome: domain.Succeeded, Reason: string(EndedByRevocation),
		Actor: actor, Subject: domain.Party{Kind: domain.PartyToken, ID: c.ID}, OccurredAt: now,
	}
}
