package clients

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// assertionPurpose is that of the tickets that keep a jti used. It is one for
// every use of assertions, so that none serves for another.
const assertionPurpose = "assertion"

// Assertions judges the JWTs that clients sign for this installation (RFC 7523,
// section 3), and lets each be used once.
type Assertions struct {
	clock  outbound.Clock
	random outbound.Random
	reader outbound.Assertions
	uow    outbound.UnitOfWork
	issuer string
	leeway func() time.Duration
}

// NewAssertions makes the judge. The issuer is the one audience that it takes.
func NewAssertions(clock outbound.Clock, random outbound.Random, reader outbound.Assertions, uow outbound.UnitOfWork,
	issuer string, leeway func() time.Duration) *Assertions {
	return &Assertions{clock: clock, random: random, reader: reader, uow: uow, issuer: issuer, leeway: leeway}
}

// Algorithms lists those that may sign.
func (a *Assertions) Algorithms() []string { return a.reader.Algorithms() }

// Subject gives the unverified `sub`, to find whose assertion it may be.
func (a *Assertions) Subject(raw domain.Secret) string { return a.reader.Subject(raw.Reveal()) }

// Verify tells whether the client signed the assertion, for this installation
// and for now; its typ may be the one given, if any. Whether it was used before
// is told by spending it.
func (a *Assertions) Verify(c *client.ServiceClient, raw domain.Secret, typ string) (token.Assertion, bool) {
	assertion, err := a.reader.Verify(raw.Reveal(), c.Keys(), typ)
	if err != nil || assertion.Issuer != c.ClientID() || !assertion.Counts(a.issuer, a.clock.Now(), a.leeway()) {
		return token.Assertion{}, false
	}
	return assertion, true
}

// Spend keeps a verified assertion from being used again, and tells whether it
// was not yet: of any number of requests with one, one finds it so.
func (a *Assertions) Spend(ctx context.Context, assertion token.Assertion) (bool, error) {
	err := a.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error { return a.SpendIn(ctx, r, assertion) })
	if domain.HasCode(err, domain.CodeConflict) {
		return false, nil
	}
	return err == nil, err
}

// SpendIn is Spend as a part of a unit of work. Used already: CodeConflict.
func (a *Assertions) SpendIn(ctx context.Context, r outbound.Repositories, assertion token.Assertion) error {
	// A jti is anything its client likes; the hash has one length, and the NUL
	// keeps two clients apart.
	sum := sha256.Sum256([]byte(assertion.Issuer + "\x00" + assertion.ID))
	return r.Tickets.Add(ctx, token.NewTicket(token.TicketSnapshot{
		Purpose: assertionPurpose, Holder: base64.RawURLEncoding.EncodeToString(sum[:]), ID: a.random.NewID(a.clock.Now()),
		// The leeway may be raised before the assertion has expired by it.
		ExpiresAt: assertion.ExpiresAt.Add(maxLeeway),
	}))
}

// maxLeeway is the most that a clock's leeway can be set to.
const maxLeeway = time.Minute
