package tokens

import (
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
)

// Policy is what the installation says of its tokens.
type Policy struct {
	Issuer        string
	Audience      []string // extra audiences; the issuer is always one
	Algorithm     token.Algorithm
	AccessTTL     time.Duration
	RefreshTTL    time.Duration
	SessionMaxAge time.Duration
	Leeway        time.Duration // for exp and nbf
	RetryWindow   time.Duration // contract 3.3
	KeyRotation   time.Duration // how long a key signs; zero: until it is rotated by hand
	FailOpen      bool          // accept tokens while revocation state is unknown
}

// Policies gives the policy in force. It is asked anew each time: what can be
// set at run time changes while requests are served.
type Policies interface{ Current() Policy }

// Current makes a policy its own source, one that never changes.
func (p Policy) Current() Policy { return p }

// audience is the aud claim: the issuer first, then the configured ones.
func (p Policy) audience() []string {
	aud := []string{p.Issuer}
	for _, a := range p.Audience {
		if !slices.Contains(aud, a) {
			aud = append(aud, a)
		}
	}
	return aud
}

// lastExpiry bounds when the access tokens that are out now have all expired.
func (p Policy) lastExpiry(now time.Time) time.Time { return now.Add(p.LongestLife()) }

// LongestLife bounds how long any access token is taken for good. A day is the
// longest that any of them may have been given; what the lifetime is set to now
// says nothing of those issued before it was changed.
func (p Policy) LongestLife() time.Duration { return max(p.AccessTTL, client.MaxLifetime) + maxLeeway }

// maxLeeway is the most that a clock's leeway can be set to.
const maxLeeway = time.Minute
