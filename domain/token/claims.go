package token

import (
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// Algorithm signs access tokens (RFC 7518, section 3.1; RFC 8037).
type Algorithm string

// The algorithms. A key serves one of them only (RFC 8725, section 3.1).
const (
	HS256 Algorithm = "HS256"
	RS256 Algorithm = "RS256"
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA"
)

// Algorithms lists all that are offered.
func Algorithms() []Algorithm { return []Algorithm{HS256, RS256, ES256, EdDSA} }

// AccessClaims are the claims of an access token (RFC 9068, section 2.2).
// Times are whole seconds in UTC.
type AccessClaims struct {
	Issuer    string
	Subject   string // a user's id, or a service client's client_id
	Audience  []string
	IssuedAt  time.Time
	NotBefore time.Time // zero where absent; Keystone's own tokens carry none
	ExpiresAt time.Time
	ID        string // jti: a version 7 UUID, so that it tells the millisecond of issue
	ClientID  string
	Scope     scope.Set

	// For users only.
	Username  string
	Roles     []string
	SessionID string // sid

	Actors  []Actor  // act: who acts for the subject now, then who did before (RFC 8693, section 4.1); none: the subject itself
	MayAct  string   // may_act: the `sub` of the only one who may (section 4.4); empty: not said
	Sources []Source // derived_from: what the token was made from, the latest first; when one of them ends, it ends

	Impersonators []string // impersonated_by: the clients whose right to impersonate the subject this rests on

	KeyID string // kid of the header; set by verification
}

// Actor is who acts for the subject of a token.
type Actor struct {
	Subject  string
	ClientID string
}

// Source is an access token that another was made from.
type Source struct {
	ID        string // jti
	ClientID  string
	SessionID string // empty for a client's own
}

// From gives what a token that is made from this one derives from.
func (c AccessClaims) From() []Source {
	return append([]Source{{ID: c.ID, ClientID: c.ClientID, SessionID: c.SessionID}}, c.Sources...)
}

// IsUser tells whether the token speaks for a user.
func (c AccessClaims) IsUser() bool { return c.SessionID != "" }

// Direct tells whether the token is what its subject got by proving itself: it
// was made from no other, and nobody acts in it.
func (c AccessClaims) Direct() bool { return len(c.Actors)+len(c.Sources) == 0 }

// CheckTimes holds exp and nbf to the clock (RFC 7519, sections 4.1.4 and
// 4.1.5): a token is dead from its exp on, leeway aside.
func (c AccessClaims) CheckTimes(now time.Time, leeway time.Duration) error {
	switch {
	case !now.Before(c.ExpiresAt.Add(leeway)):
		return InvalidToken("the token has expired")
	case !c.NotBefore.IsZero() && now.Add(leeway).Before(c.NotBefore):
		return InvalidToken("the token is not valid yet")
	}
	return nil
}

// InvalidToken is the refusal of a bearer token (RFC 6750, section 3.1).
func InvalidToken(message string) *domain.Error {
	return domain.E(domain.KindUnauthenticated, domain.CodeInvalidToken, message)
}

// Principal is who a token speaks for, as it stands now: what access decisions
// are made from. It is a snapshot to be shared and never changed.
type Principal struct {
	Kind        domain.PartyKind // user or client
	ID          string           // the `sub`
	Name        string           // username, or the client's name
	Active      bool
	IsSuperuser bool
	Roles       []string
	Scopes      scope.Set // effective: of all roles, or the client's own; all there are for a superuser
}

// Party names the principal in events.
func (p Principal) Party() domain.Party { return domain.Party{Kind: p.Kind, ID: p.ID, Name: p.Name} }
