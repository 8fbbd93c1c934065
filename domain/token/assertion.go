package token

import "time"

// MaxAssertionLife bounds how long an assertion may be good for: it is made for
// one request.
const MaxAssertionLife = 5 * time.Minute

// assertionSkew is how far ahead a client's clock may be: what it signed just
// now is from the future otherwise.
const assertionSkew = 30 * time.Second

// maxAssertionID bounds a jti, in bytes.
const maxAssertionID = 256

// ClientAuthenticationType is the explicit typ of an assertion that proves its
// client (draft-ietf-oauth-rfc7523bis, section 4). One that says what it grants has none.
const ClientAuthenticationType = "client-authentication+jwt"

// Assertion are the claims of a JWT by which a client says who it is, or who it
// acts for (RFC 7523, section 3). Times are whole seconds in UTC, zero where
// absent.
type Assertion struct {
	Issuer    string
	Subject   string
	Audience  []string
	IssuedAt  time.Time
	NotBefore time.Time
	ExpiresAt time.Time
	ID        string // jti
}

// Counts tells whether the assertion is for this issuer alone and for now. An
// audience beside the issuer would let the other one present it here
// (RFC 7523bis, section 3).
func (a Assertion) Counts(issuer string, now time.Time, leeway time.Duration) bool {
	switch {
	case len(a.Audience) != 1 || a.Audience[0] != issuer:
		return false
	case a.ID == "" || len(a.ID) > maxAssertionID:
		return false
	case !now.Before(a.ExpiresAt.Add(leeway)), a.ExpiresAt.Sub(now) > MaxAssertionLife+assertionSkew+leeway:
		return false
	case now.Add(assertionSkew).Before(a.NotBefore), now.Add(assertionSkew).Before(a.IssuedAt):
		return false
	}
	return a.IssuedAt.IsZero() || a.ExpiresAt.Sub(a.IssuedAt) <= MaxAssertionLife
}
