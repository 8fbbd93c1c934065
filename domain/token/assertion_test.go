package token_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

func TestAssertionCounts(t *testing.T) {
	const issuer = "https://id.example.test"
	now := given.Now.Truncate(time.Second)
	good := func() token.Assertion {
		return token.Assertion{Issuer: "c", Subject: "c", Audience: []string{issuer}, IssuedAt: now, ExpiresAt: now.Add(time.Minute), ID: "1"}
	}
	for name, tc := range map[string]struct {
		change func(*token.Assertion)
		leeway time.Duration
		counts bool
	}{
		"as it should be":   {func(*token.Assertion) {}, 0, true},
		"without iat":       {func(a *token.Assertion) { a.IssuedAt = time.Time{} }, 0, true},
		"as long as may be": {func(a *token.Assertion) { a.ExpiresAt = now.Add(token.MaxAssertionLife) }, 0, true},
		"longer":            {func(a *token.Assertion) { a.ExpiresAt = now.Add(token.MaxAssertionLife + time.Second) }, 0, false},
		"longer without iat": {func(a *token.Assertion) {
			a.IssuedAt, a.ExpiresAt = time.Time{}, now.Add(token.MaxAssertionLife+31*time.Second)
		}, 0, false},
		"as long as may be, of a clock that is ahead": {func(a *token.Assertion) {
			a.IssuedAt, a.ExpiresAt = now.Add(20*time.Second), now.Add(20*time.Second+token.MaxAssertionLife)
		}, 0, true},
		"long, and most of it gone":  {func(a *token.Assertion) { a.IssuedAt = now.Add(-time.Hour) }, 0, false},
		"expired":                    {func(a *token.Assertion) { a.ExpiresAt = now }, 0, false},
		"expired, within the leeway": {func(a *token.Assertion) { a.ExpiresAt = now }, time.Second, true},
		"without exp":                {func(a *token.Assertion) { a.ExpiresAt = time.Time{} }, time.Minute, false},
		"of a clock that is ahead":   {func(a *token.Assertion) { a.IssuedAt, a.NotBefore = now.Add(30*time.Second), now.Add(30*time.Second) }, 0, true},
		"of the future":              {func(a *token.Assertion) { a.IssuedAt = now.Add(31 * time.Second) }, time.Minute, false},
		"not yet":                    {func(a *token.Assertion) { a.NotBefore = now.Add(31 * time.Second) }, time.Minute, false},
		"for nobody":                 {func(a *token.Assertion) { a.Audience = nil }, 0, false},
		"for another":                {func(a *token.Assertion) { a.Audience[0] += "/" }, 0, false},
		"for the token endpoint":     {func(a *token.Assertion) { a.Audience[0] += "/api/v1/auth/token" }, 0, false},
		"for another too":            {func(a *token.Assertion) { a.Audience = append(a.Audience, "https://other.example") }, 0, false},
		"without jti":                {func(a *token.Assertion) { a.ID = "" }, 0, false},
		"with an endless jti":        {func(a *token.Assertion) { a.ID = strings.Repeat("x", 257) }, 0, false},
	} {
		a := good()
		tc.change(&a)
		if got := a.Counts(issuer, now, tc.leeway); got != tc.counts {
			t.Errorf("%s: %t", name, got)
		}
	}
}
