package operations

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	// denialsKept bounds the records that one caller makes within a minute. A
	// token that lacks a scope may ask as often as api_user lets it; without a
	// bound each request of it would be a write.
	denialsKept = 20
	// deniedCallers bounds how many callers are counted apart; those beyond
	// count as one.
	deniedCallers = 10_000

	denialsSettled = time.Minute
)

// Denials writes refusals to the audit trail as they happen. It counts in
// memory, so each instance has its own bound.
type Denials struct {
	clock outbound.Clock
	work  outbound.UnitOfWork

	mu     sync.Mutex
	counts map[domain.Party]int // of this minute
}

var _ inbound.Denials = (*Denials)(nil)

// NewDenials writes to the given store.
func NewDenials(clock outbound.Clock, work outbound.UnitOfWork) *Denials {
	return &Denials{clock: clock, work: work, counts: map[domain.Party]int{}}
}

// Denied implements the port.
func (d *Denials) Denied(ctx context.Context, denial inbound.Denial) error {
	actor := denial.Caller.Party()
	if !d.count(actor) {
		return nil
	}
	return d.append(ctx, domain.Event{
		Type: domain.EventAccessDenied, Outcome: domain.Failed, Reason: string(denial.Code) + ": " + denial.Tried,
		Actor: actor, Subject: denial.Subject, OccurredAt: d.clock.Now(),
	})
}

// ClientRefused keeps that a client did not prove itself; of those from one
// address only so many a minute. The client is the zero Party where there is none
// of that id: what the request called it is not kept, it may be a secret in the
// wrong place.
func (d *Denials) ClientRefused(ctx context.Context, refused domain.Party) error {
	actor := domain.Party{Kind: domain.PartyUnknown, ID: domain.OriginFrom(ctx).Address}
	if !d.count(actor) {
		return nil
	}
	if refused == (domain.Party{}) {
		refused.Kind = domain.PartyUnknown
	}
	return d.append(ctx, domain.Event{
		Type: domain.EventClientRefused, Outcome: domain.Failed, Reason: string(domain.CodeInvalidClient),
		Actor: actor, Subject: refused, OccurredAt: d.clock.Now(),
	})
}

// count tells whether this one is to be kept.
func (d *Denials) count(actor domain.Party) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.counts[actor]; !known && len(d.counts) >= deniedCallers {
		actor = domain.Party{Kind: domain.PartyUnknown}
	}
	d.counts[actor]++
	return d.counts[actor] <= denialsKept
}

// Duty tells once a minute how many more there were of each caller.
func (d *Denials) Duty() Duty {
	return Duty{Name: "denials", Every: denialsSettled, Do: d.settle}
}

func (d *Denials) settle(ctx context.Context) error {
	d.mu.Lock()
	counts := d.counts
	d.counts = map[domain.Party]int{}
	d.mu.Unlock()
	var events []domain.Event
	for actor, n := range counts {
		if n > denialsKept {
			events = append(events, domain.Event{
				Type: domain.EventAccessDenied, Outcome: domain.Failed, Reason: fmt.Sprintf("repeated: %d more within a minute", n-denialsKept),
				Actor: actor, Subject: domain.System, OccurredAt: d.clock.Now(),
			})
		}
	}
	if len(events) == 0 {
		return nil
	}
	return d.append(ctx, events...)
}

func (d *Denials) append(ctx context.Context, events ...domain.Event) error {
	return d.work.Do(ctx, func(ctx context.Context, r outbound.Repositories) error { return r.Events.Append(ctx, events...) })
}
