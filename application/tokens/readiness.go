package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RevocationProbe tells readiness whether this instance knows what was revoked:
// after the database came back, until its log was read, every bearer is still
// refused in fail mode closed.
type RevocationProbe struct {
	policy Policies
	feed   *Feed
}

var _ outbound.Probe = (*RevocationProbe)(nil)

// NewRevocationProbe makes a probe of what the feed knows.
func NewRevocationProbe(p Policies, feed *Feed) *RevocationProbe { return &RevocationProbe{p, feed} }

// Name implements the port.
func (*RevocationProbe) Name() string { return "revocations" }

// Essential implements the port: in fail mode open tokens are accepted unasked.
func (p *RevocationProbe) Essential() bool { return !p.policy.Current().FailOpen }

// Ping fails with unavailable while the state is unknown.
func (p *RevocationProbe) Ping(context.Context) error {
	if !p.feed.Known() {
		return unknownState()
	}
	return nil
}

func unknownState() error {
	return domain.Unavailable(errors.New("revocation state unknown: the store has not answered for a second"), time.Second)
}
